"""What a changed certificate is to say of the body after a reorganisation."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orgmerge.planner import names
from orgmerge.planner.subjects import NamedBody, Subject, levels_of, new_values

PROVINCE, DISTRICT = "UBND TỈNH LAI CHÂU", "UBND HUYỆN TÂN UYÊN"
OLD, NEW, SCHOOL = "UBND XÃ CŨ", "UBND XÃ MỚI", "TRƯỜNG MẦM NON SỐ 1"
PLACE = NamedBody(
    name=NEW,
    province="Lai Châu",
    superiors=(PROVINCE,),
    email="xamoi@laichau.gov.vn",
    olds=frozenset({names.key(OLD)}),
)
PERSON = Subject(
    kind="person",
    common_name="Lò Văn A",
    levels=(PROVINCE, DISTRICT, OLD),
    province="Lai Châu",
    email="a@laichau.gov.vn",
)
BODY = replace(PERSON, kind="organisation", common_name=OLD, levels=(PROVINCE,))


def test_a_persons_levels_are_the_new_body_under_its_superiors() -> None:
    assert new_values(PERSON, PLACE) == {"new_org1": PROVINCE, "new_org2": NEW}


def test_a_unit_below_the_old_body_stays_below_the_new_one() -> None:
    of_a_school = replace(PERSON, levels=(PROVINCE, OLD, SCHOOL))

    assert levels_of(of_a_school, PLACE) == (PROVINCE, NEW, SCHOOL)


def test_the_unit_the_review_names_takes_the_place_of_the_old_one() -> None:
    assert levels_of(PERSON, PLACE, "PHÒNG KINH TẾ") == (PROVINCE, NEW, "PHÒNG KINH TẾ")


def test_where_no_superior_is_known_what_did_not_end_stays_above() -> None:
    alone = replace(PLACE, superiors=())

    assert levels_of(PERSON, alone) == (PROVINCE, DISTRICT, NEW)


def test_who_names_the_new_body_already_asks_for_nothing() -> None:
    assert new_values(replace(PERSON, levels=(PROVINCE, NEW)), PLACE) == {}


def test_a_body_gets_its_new_name_and_its_own_address() -> None:
    found = new_values(BODY, PLACE)

    assert found == {"new_name": NEW, "new_email": "xamoi@laichau.gov.vn"}


def test_a_bodys_certificate_shows_as_many_superiors_as_before() -> None:
    found = new_values(replace(BODY, levels=(DISTRICT,)), PLACE)

    assert found["new_org1"] == PROVINCE
    assert "new_org2" not in found


def test_another_province_is_a_new_value() -> None:
    assert new_values(replace(PERSON, province="Hà Nam"), PLACE)["new_province"] == "Lai Châu"


@pytest.mark.parametrize(
    ("written", "is_new"),
    [("Đồng Nai", False), ("Tỉnh Đồng Nai", True), ("Thành phố Đồng Nai", False)],
)
def test_l_with_the_kind_that_a_province_is_no_more_is_a_new_value(
    written: str, is_new: bool
) -> None:
    city = replace(PLACE, province="Đồng Nai", superiors=("UBND THÀNH PHỐ ĐỒNG NAI",))

    assert ("new_province" in new_values(replace(PERSON, province=written), city)) is is_new


def test_a_persons_new_address_is_the_one_that_was_told_never_made_up() -> None:
    assert "new_email" not in new_values(PERSON, PLACE)
    assert new_values(PERSON, PLACE, email="a@moi.gov.vn")["new_email"] == "a@moi.gov.vn"


def test_five_levels_lose_the_one_furthest_above() -> None:
    deep = replace(PLACE, superiors=("A", "B", "C"))
    of_a_school = replace(PERSON, levels=(PROVINCE, OLD, SCHOOL))

    assert levels_of(of_a_school, deep) == ("B", "C", NEW, SCHOOL)
