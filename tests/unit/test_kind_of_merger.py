"""What sort of reorganisation it is, judged by names and types (DOMAIN 4.1, 14.9)."""

from __future__ import annotations

from orgmerge.planner.facts import BodyShare
from orgmerge.planner.names import kind_of
from orgmerge.vocabulary import Extent, MergerKind
from tests.orgmerge.worlds import Making


def kind(making: Making, target: int) -> MergerKind:
    return kind_of(making.targets[target], making.shares, making.bodies)


def test_several_into_one_that_none_of_them_was() -> None:
    making = Making()
    a, b = making.body("UBND thị trấn Tân Uyên"), making.body("UBND xã Trung Đồng")

    assert kind(making, making.target("UBND xã Tân Uyên", a, b)) == MergerKind.NEW_NAME


def test_several_into_one_that_keeps_the_name_of_one() -> None:
    making = Making()
    a, b = making.body("Ủy ban nhân dân phường Đoàn Kết"), making.body("UBND xã Sùng Phài")

    assert kind(making, making.target("UBND Phường Đoàn Kết", a, b)) == MergerKind.NAME_KEPT


def test_a_name_is_not_kept_by_a_body_that_comes_only_partly() -> None:
    making = Making()
    whole, other = making.body("UBND xã A"), making.body("UBND xã B")
    target = making.target("UBND xã Khánh Lâm", whole, other)
    parted = making.body("UBND xã Khánh Lâm")
    making.shares.append(BodyShare(parted, target, Extent.PARTLY))

    assert kind(making, target) == MergerKind.NEW_NAME


def test_one_body_under_another_superior() -> None:
    making = Making()
    old = making.body("Sở Giáo dục cũ")
    school = making.body("Trường A", parent=old)
    target = making.target("Trường A", school, agency=school, superior="Sở Giáo dục mới")

    assert kind(making, target) == MergerKind.SUPERIOR


def test_one_body_in_another_province_has_another_superior() -> None:
    making = Making()
    body = making.body("UBND xã A", province="Tỉnh Yên Bái")
    target = making.target("UBND xã A", body, agency=body, province="Tỉnh Lào Cai")

    assert kind(making, target) == MergerKind.SUPERIOR


def test_one_body_with_another_name_or_another_address() -> None:
    making = Making()
    one, other = making.body("Sở A"), making.body("Sở C")

    assert kind(making, making.target("Sở B", one, agency=one)) == MergerKind.RENAME
    assert kind(making, making.target("Sở C", other, agency=other)) == MergerKind.RENAME


def test_what_comes_only_in_parts_is_a_split() -> None:
    making = Making()
    old = making.body("UBND huyện A")
    target = making.target("UBND xã B", old, extent=Extent.PARTLY)

    assert kind(making, target) == MergerKind.SPLIT


def test_no_successor_is_a_dissolution() -> None:
    assert kind_of(None, [], {}) == MergerKind.DISSOLUTION


def test_a_body_that_goes_on_counts_among_the_sources_though_no_row_says_so() -> None:
    making = Making()
    kept, other = making.body("UBND xã A"), making.body("UBND xã B")

    assert kind(making, making.target("UBND xã A", other, agency=kept)) == MergerKind.NAME_KEPT
