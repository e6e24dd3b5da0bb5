"""A description that contradicts itself is refused with the rows at fault."""

from __future__ import annotations

from datetime import date

import pytest

from orgmerge.description.contradictions import find
from orgmerge.planner.facts import BodyShare
from orgmerge.vocabulary import Extent, MergerKind
from tests.orgmerge.worlds import Making

DAY = date(2026, 12, 1)


def found(making: Making, **known: object) -> list[tuple[str, int | None]]:
    violations = find(making.shares, making.targets, making.bodies, **known)
    assert all(one.message and one.way_out for one in violations)
    return [(one.code, one.row) for one in violations]


def test_an_ordinary_merger_contradicts_nothing() -> None:
    making = Making()
    a, b = making.body("UBND xã A"), making.body("UBND xã B")
    making.target("UBND xã C", a, b)

    assert found(making, effective_on=DAY, kind=MergerKind.NEW_NAME) == []


def test_a_body_that_goes_over_whole_to_several() -> None:
    making = Making()
    a = making.body("UBND xã A")
    making.target("UBND xã C", a)
    making.target("UBND xã D", a)

    assert found(making) == [("whole_to_several", 2)]


def test_a_body_that_goes_over_whole_and_partly() -> None:
    making = Making()
    a = making.body("UBND xã A")
    making.target("UBND xã C", a)
    making.target("UBND xã D", a, extent=Extent.PARTLY)

    assert found(making) == [("whole_and_partly", 1)]


def test_a_body_that_ends_without_successor_and_goes_over() -> None:
    making = Making()
    a = making.body("UBND xã A")
    making.target("UBND xã C", a)
    making.dissolve(a)

    assert found(making) == [("ends_and_goes_over", 2)]


def test_the_same_row_twice() -> None:
    making = Making()
    a = making.body("UBND xã A")
    target = making.target("UBND xã C", a)
    making.shares.append(BodyShare(a, target))

    assert found(making) == [("row_repeated", 2)]


def test_a_body_in_two_mergers() -> None:
    making = Making()
    a, b = making.body("UBND xã A"), making.body("UBND xã B")
    making.target("UBND xã C", a, b)

    assert found(making, elsewhere={b: "12/NQ-HĐND"}) == [("in_another_merger", 2)]


def test_rows_are_named_by_their_own_numbers() -> None:
    making = Making()
    a, b = making.body("UBND xã A"), making.body("UBND xã B")
    making.target("UBND xã C", a, b)

    assert found(making, elsewhere={b: "12/NQ-HĐND"}, rows=[7, 9]) == [("in_another_merger", 9)]


def test_a_chain_in_one_decision() -> None:
    making = Making()
    a, b = making.body("UBND xã A"), making.body("UBND xã B")
    making.target("UBND xã B", a, agency=b)
    making.target("UBND xã C", b)

    assert found(making) == [("chain", 2)]


def test_a_circle() -> None:
    making = Making()
    a, b = making.body("UBND xã A"), making.body("UBND xã B")
    making.target("UBND xã B", a, agency=b)
    making.target("UBND xã A", b, agency=a)

    assert found(making) == [("circle", 1), ("circle", 2)]


def test_a_target_that_is_an_absorbed_body() -> None:
    making = Making()
    a = making.body("UBND xã A")
    making.target("UBND xã C", a)
    making.target("UBND xã A", agency=a)

    assert ("target_is_absorbed", 1) in found(making)


def test_a_body_that_goes_on_as_itself_is_no_contradiction() -> None:
    making = Making()
    a, b = making.body("UBND xã A"), making.body("UBND xã B")
    making.target("UBND xã A", a, b, agency=a)

    assert found(making, effective_on=DAY, kind=MergerKind.NAME_KEPT) == []


def test_an_agency_the_register_does_not_know() -> None:
    making = Making()
    making.target("UBND xã C", making.body("UBND xã A"), 77)
    making.target("UBND xã D", agency=78)

    assert found(making) == [("unknown_agency", 2), ("unknown_agency", None)]


def test_two_targets_of_one_name_in_one_province() -> None:
    making = Making()
    making.target("UBND phường 1", making.body("UBND phường 1"))
    making.target("Ủy ban nhân dân Phường 1", making.body("UBND phường 2"))

    assert found(making) == [("two_targets_of_one_name", 2)]


def test_two_schools_that_bore_one_name_before_may_keep_it() -> None:
    making = Making()
    for _number in range(2):
        school = making.body("Trường tiểu học Phường 1")
        making.target("Trường tiểu học Phường 1", school, agency=school)
    making.target("Trường tiểu học Phường 1", making.body("Trường tiểu học Phường 2"))

    assert found(making) == [("two_targets_of_one_name", 3)]


def test_two_targets_of_one_name_in_two_provinces() -> None:
    making = Making()
    making.target("UBND phường 1", making.body("UBND phường 1"))
    other = making.body("UBND phường 2", province="Tỉnh Cà Mau")
    making.target("UBND phường 1", other, province="Tỉnh Cà Mau")

    assert found(making) == []


def test_one_body_that_is_two_targets() -> None:
    making = Making()
    a = making.body("UBND xã A")
    making.target("UBND xã A", a, agency=a)
    making.target("UBND xã D", making.body("UBND xã B"), agency=a)

    assert ("body_is_two_targets", 2) in found(making)


def test_a_founded_body_to_which_nothing_comes() -> None:
    making = Making()
    making.target("UBND xã C")

    assert found(making) == [("nothing_comes", None)]


def test_a_part_that_goes_while_nobody_says_where_the_rest_is() -> None:
    making = Making()
    a = making.body("UBND xã A")
    making.target("UBND xã C", a, extent=Extent.PARTLY)

    assert found(making) == [("parts_do_not_add_up", 1)]


def test_a_part_that_goes_while_the_body_goes_on() -> None:
    making = Making()
    a = making.body("UBND xã A")
    making.target("UBND xã C", a, extent=Extent.PARTLY)
    making.target("UBND xã A", agency=a)

    assert found(making) == []


def test_a_body_that_ended_before_the_day() -> None:
    making = Making()
    a = making.body("UBND xã A")
    making.target("UBND xã C", a)

    ended = {a: DAY}

    assert found(making, effective_on=DAY, dissolved_on=ended) == [("dissolved_already", 1)]
    assert found(making, effective_on=date(2026, 11, 30), dissolved_on=ended) == []


@pytest.mark.parametrize(("day", "codes"), [(1, []), (2, [("changed_later", 1)])])
def test_a_day_before_the_bodys_newest_version(day: int, codes: list[tuple[str, int]]) -> None:
    making = Making()
    a = making.body("UBND xã A")
    making.target("UBND xã C", a)

    assert found(making, effective_on=DAY, changed_on={a: date(2026, 12, day)}) == codes


def test_a_day_in_the_past_after_which_the_ended_body_still_filed() -> None:
    making = Making()
    a = making.body("UBND xã A")
    making.target("UBND xã C", a)

    assert found(making, effective_on=DAY, filed_on={a: DAY}) == [("dossiers_later", 1)]


def test_a_name_said_to_be_kept_that_no_old_body_bears() -> None:
    making = Making()
    making.target(
        "UBND xã Tân Uyên", making.body("UBND thị trấn Tân Uyên"), making.body("UBND xã B")
    )

    assert found(making, kind=MergerKind.NAME_KEPT) == [("name_is_not_kept", 1)]


def test_a_name_said_to_be_new_that_an_old_body_bears() -> None:
    making = Making()
    making.target("UBND xã A", making.body("UBND xã A"), making.body("UBND xã B"))

    assert found(making, kind=MergerKind.NEW_NAME) == [("name_is_kept", 1)]


def test_a_kind_that_no_row_is_of() -> None:
    making = Making()
    making.target("UBND xã C", making.body("UBND xã A"), making.body("UBND xã B"))

    assert found(making, kind=MergerKind.SPLIT) == [("kind_does_not_fit", None)]
    assert found(making, kind=MergerKind.MIXED) == []


def test_superiors_that_turn_in_a_circle() -> None:
    making = Making()
    making.target("UBND xã A", making.body("UBND xã X"), superior="Sở B")
    making.target("Sở B", making.body("Sở Y"), superior="UBND xã A")

    assert [code for code, _row in found(making)] == ["superior_circle", "superior_circle"]
