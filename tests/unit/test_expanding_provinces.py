"""Provinces in a list of communes."""

from __future__ import annotations

from orgmerge.body_lists.communes import ExpandedRow, Registered, expand

BODIES = (
    Registered(1, "ỦY BAN NHÂN DÂN TỈNH BẠC LIÊU", "Bạc Liêu"),
    Registered(2, "HỘI ĐỒNG NHÂN DÂN TỈNH BẠC LIÊU", "Bạc Liêu", code="H95.2"),
    Registered(3, "ỦY BAN NHÂN DÂN TỈNH CÀ MAU", "Cà Mau"),
)


def expanded(
    bodies: tuple[Registered, ...], *moves: tuple[str, str], days: tuple[str, ...] = ()
) -> list[ExpandedRow]:
    """Return the rows of a list with a commune, not registered, for each (old, new) province."""
    communes = [
        {
            "old_name": f"Xã Số {number}",
            "new_name": f"Xã Số {number}",
            "extent": "whole",
            "old_province": old,
            "new_province": new,
            "effective_on": days[number] if days else "2025-07-01",
        }
        for number, (old, new) in enumerate(moves)
    ]
    return expand(communes, bodies).rows


def rows(*provinces: tuple[str, str]) -> list[tuple[str, str, str]]:
    found = expanded(BODIES, *provinces)
    assert all(row.effective_on == "2025-07-01" and row.extent == "whole" for row in found)
    return [(row.old_agency, row.new_agency, row.new_name) for row in found]


def test_a_province_that_goes_over_takes_its_registered_bodies_along() -> None:
    assert rows(("Tỉnh Bạc Liêu", "Tỉnh Cà Mau"), ("Tỉnh Cà Mau", "Tỉnh Cà Mau")) == [
        (
            "ỦY BAN NHÂN DÂN TỈNH BẠC LIÊU (Bạc Liêu)",
            "ỦY BAN NHÂN DÂN TỈNH CÀ MAU (Cà Mau)",
            "ỦY BAN NHÂN DÂN TỈNH CÀ MAU",
        ),
        ("H95.2", "", "HỘI ĐỒNG NHÂN DÂN TỈNH CÀ MAU"),
    ]


def test_a_province_that_becomes_a_city_is_renamed_with_its_organs() -> None:
    """Đồng Nai, 2026: tỉnh → thành phố is a change of name, the body lives on."""
    name = "ỦY BAN NHÂN DÂN TỈNH BẠC LIÊU (Bạc Liêu)"

    assert rows(("Tỉnh Bạc Liêu", "Thành phố Bạc Liêu")) == [
        (name, name, "ỦY BAN NHÂN DÂN THÀNH PHỐ BẠC LIÊU"),
        ("H95.2", "H95.2", "HỘI ĐỒNG NHÂN DÂN THÀNH PHỐ BẠC LIÊU"),
    ]


def test_a_commune_at_the_border_ends_no_province() -> None:
    stays = ("Tỉnh Bạc Liêu", "Tỉnh Bạc Liêu")
    assert rows(stays, ("Tỉnh Bạc Liêu", "Tỉnh Cà Mau"), stays) == []


def test_a_province_of_two_kinds_on_one_day_is_not_decided() -> None:
    assert rows(("Tỉnh Bạc Liêu", "Tỉnh Bạc Liêu"), ("Tỉnh Bạc Liêu", "Thành phố Bạc Liêu")) == []


def test_a_province_written_without_its_kind_stays() -> None:
    assert rows(("Tỉnh Bạc Liêu", "Bạc Liêu")) == []


def test_each_day_of_a_file_is_a_decision_of_its_own() -> None:
    moves = (("Tỉnh Cà Mau", "Tỉnh Cà Mau"), ("Tỉnh Cà Mau", "Thành phố Cà Mau"))
    found = expanded(BODIES, *moves, days=("2025-07-01", "2026-05-01"))

    assert [(row.new_name, row.effective_on) for row in found] == [
        ("ỦY BAN NHÂN DÂN THÀNH PHỐ CÀ MAU", "2026-05-01")
    ]


BAC_NINH = (
    Registered(1, "ỦY BAN NHÂN DÂN TỈNH BẮC GIANG", "Bắc Giang"),
    Registered(2, "ỦY BAN NHÂN DÂN TỈNH BẮC NINH", "Bắc Ninh"),
    Registered(3, "ỦY BAN NHÂN DÂN THÀNH PHỐ BẮC NINH", "Bắc Ninh", parent=2),
    Registered(4, "HỘI ĐỒNG NHÂN DÂN TỈNH BẮC GIANG", "Bắc Giang"),
    Registered(5, "HỘI ĐỒNG NHÂN DÂN TỈNH BẮC NINH", "Bắc Ninh"),
    Registered(6, "HỘI ĐỒNG NHÂN DÂN THÀNH PHỐ BẮC NINH", "Bắc Ninh"),  # its superior is not said
    Registered(7, "TỈNH ỦY BẮC GIANG", "Bắc Giang"),
    Registered(8, "TỈNH ỦY BẮC NINH", "Bắc Ninh"),
    Registered(9, "THÀNH ỦY BẮC NINH", "Bắc Ninh", parent=8),
    Registered(10, "SỞ Y TẾ TỈNH BẮC GIANG", "Bắc Giang", parent=1),
    Registered(11, "SỞ Y TẾ TỈNH BẮC NINH", "Bắc Ninh", parent=2),
    Registered(12, "SỞ NGOẠI VỤ TỈNH BẮC GIANG", "Bắc Giang", parent=1),
    Registered(13, "TRƯỜNG THPT CHUYÊN BẮC GIANG", "Bắc Giang", parent=1),
    Registered(14, "ỦY BAN NHÂN DÂN THÀNH PHỐ BẮC GIANG", "Bắc Giang", parent=1),
)


def test_a_province_never_passes_to_the_district_city_of_the_new_ones_name() -> None:
    """DOMAIN 14.23: "Thành phố Bắc Ninh" was a city of the province of that name."""
    found = expanded(
        BAC_NINH,
        ("Tỉnh Bắc Giang", "Thành phố Bắc Ninh"),
        ("Tỉnh Bắc Ninh", "Thành phố Bắc Ninh"),
    )

    assert {(row.body, row.new_agency, row.new_name) for row in found} == {
        (pk, f"{successor} (Bắc Ninh)", new_name)
        for pks, successor, new_name in (
            ((1, 2), "ỦY BAN NHÂN DÂN TỈNH BẮC NINH", "ỦY BAN NHÂN DÂN THÀNH PHỐ BẮC NINH"),
            ((4, 5), "HỘI ĐỒNG NHÂN DÂN TỈNH BẮC NINH", "HỘI ĐỒNG NHÂN DÂN THÀNH PHỐ BẮC NINH"),
            ((7, 8), "TỈNH ỦY BẮC NINH", "THÀNH ỦY BẮC NINH"),
            ((10, 11), "SỞ Y TẾ TỈNH BẮC NINH", "SỞ Y TẾ THÀNH PHỐ BẮC NINH"),
        )
        for pk in pks
    } | {(12, "SỞ NGOẠI VỤ TỈNH BẮC GIANG (Bắc Giang)", "SỞ NGOẠI VỤ THÀNH PHỐ BẮC NINH")}


def test_a_province_that_goes_to_several_is_not_decided() -> None:
    assert rows(("Tỉnh Bạc Liêu", "Tỉnh Cà Mau"), ("Tỉnh Bạc Liêu", "Tỉnh Khác")) == []
