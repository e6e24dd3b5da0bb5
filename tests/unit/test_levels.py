"""A body is found by kind, level, province and name together (DOMAIN 14.23); a new one is one by
code and organ (DOMAIN 14.22)."""

from __future__ import annotations

import pytest

from orgmerge.body_lists.checks import BodyRegister, NewBodies, RegisteredBody
from portal.agencies.levels import Level, PlacedBody, level_of, levels_of

BAC_NINH = "UBND TỈNH BẮC NINH"


@pytest.mark.parametrize(
    ("name", "province", "above", "level"),
    [
        ("UBND Tỉnh Lai Châu", "Lai Châu", [], Level.PROVINCE),
        ("TỈNH ỦY LAI CHÂU", "Lai Châu", [], Level.PROVINCE),
        ("UBND TP. Hồ Chí Minh", "Hồ Chí Minh", [], Level.PROVINCE),
        ("HĐND THÀNH PHỐ HÀ NỘI", "Hà Nội", ["UBND THÀNH PHỐ HÀ NỘI"], Level.PROVINCE),
        ("UBND THÀNH PHỐ BẮC NINH", "Bắc Ninh", [], Level.PROVINCE),  # since 2026
        ("UBND THÀNH PHỐ BẮC NINH", "Bắc Ninh", [BAC_NINH], Level.DISTRICT),
        ("UBND THÀNH PHỐ BẮC NINH", "Tỉnh Bắc Ninh", [], Level.DISTRICT),
        ("THÀNH ỦY THUẬN AN", "Bình Dương", [], Level.DISTRICT),
        ("UBND THỊ XÃ GIÁ RAI", "Bạc Liêu", [], Level.DISTRICT),
        ("HUYỆN ỦY THAN UYÊN", "Lai Châu", [], Level.DISTRICT),
        ("ĐẢNG ỦY PHƯỜNG 1", "Cà Mau", [], Level.COMMUNE),
        ("UBND ĐẶC KHU CÔN ĐẢO", "Hồ Chí Minh", [], Level.COMMUNE),
        ("SỞ Y TẾ TỈNH BẮC NINH", "Bắc Ninh", [BAC_NINH], Level.NONE),
        ("TRƯỜNG TIỂU HỌC XÃ TÀ MUNG", "Lai Châu", [], Level.NONE),
    ],
)
def test_the_level_of_a_body_is_told_by_its_name_and_where_it_stands(
    name: str, province: str, above: list[str], level: Level
) -> None:
    assert level_of(name, province, above) == level


def test_a_city_beside_the_province_of_its_name_is_not_the_province() -> None:
    bodies = {
        1: PlacedBody("HĐND TỈNH BẮC NINH", "Bắc Ninh"),
        2: PlacedBody("HĐND THÀNH PHỐ BẮC NINH", "Bắc Ninh"),  # nobody wrote under whom
    }
    registered_so = bodies | {2: PlacedBody(bodies[2].name, "Bắc Ninh", is_province=True)}

    assert levels_of(bodies)[2] == Level.DISTRICT
    assert levels_of(registered_so)[2] == Level.PROVINCE
    assert levels_of({2: bodies[2]})[2] == Level.PROVINCE


def test_a_name_two_bodies_bear_is_told_apart_in_brackets() -> None:
    register = BodyRegister()
    city = "UBND THÀNH PHỐ BẮC NINH"
    register.add(RegisteredBody(1, city, "Bắc Ninh", Level.PROVINCE, code="H05"))
    register.add(RegisteredBody(2, city, "Bắc Ninh", Level.DISTRICT, BAC_NINH))
    register.add(RegisteredBody(3, "UBND TỈNH BẮC GIANG", "Bắc Giang", Level.PROVINCE))

    found = {
        typed: register.find(typed)
        for typed in (
            city,
            f"{city} (Bắc Ninh)",
            f"{city} (cấp tỉnh)",
            f"{city} (cấp huyện; Tỉnh Bắc Ninh)",
            f"{city} (UBND tỉnh Bắc Ninh)",
            f"{city} (Bắc Giang)",
            "H05",
        )
    }

    assert list(found.values()) == [
        "several_bodies",
        "several_bodies",
        1,
        2,
        2,
        "no_such_body",
        1,
    ]
    assert register.find_successor(f"{city} (Bắc Ninh)", new_name="", old=3) == 1
    assert register.find_successor(f"{city} (cấp huyện)", new_name="", old=3) == "other_level"
    assert f"{city} (cấp tỉnh; Bắc Ninh; H05)" in register.shown(city)


def test_rows_of_new_bodies_that_contradict_each_other_are_told() -> None:
    bodies = NewBodies()
    rows = [
        ("H35.1", "UBND XÃ MỘT", "Lai Châu"),
        ("H35.1", "Ủy ban nhân dân xã Một", "Lai Châu"),  # the same name
        ("H35.1", "HĐND XÃ MỘT", "Lai Châu"),  # another organ
        ("H35.1", "UBND XÃ MỐT", "Lai Châu"),
        ("H35.2", "UBND XÃ MỘT", "Lai Châu"),
        ("H36.2", "UBND XÃ MỘT", "Cà Mau"),  # another province
        ("", "UBND XÃ MỘT", "Lai Châu"),
    ]

    found = [
        bodies.problem(row, code=code, name=name, province=province)
        for row, (code, name, province) in enumerate(rows, start=2)
    ]

    assert [one for one in found if one[0]] == [
        ("code_with_two_names", 2),
        ("name_with_two_codes", 2),
    ]
    assert [bool(one[0]) for one in found].index(True) == 3
