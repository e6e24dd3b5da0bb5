"""Provinces in a list of communes."""

from __future__ import annotations

from orgmerge.body_lists.communes import CommuneRegister, Registered, expand_provinces

BODIES = (
    Registered(1, "ỦY BAN NHÂN DÂN TỈNH BẠC LIÊU", "Bạc Liêu"),
    Registered(2, "HỘI ĐỒNG NHÂN DÂN TỈNH BẠC LIÊU", "Bạc Liêu", code="H95.2"),
    Registered(3, "ỦY BAN NHÂN DÂN TỈNH CÀ MAU", "Cà Mau"),
)


def rows(*provinces: tuple[str, str]) -> list[tuple[str, str, str]]:
    communes = [
        {"old_province": old, "new_province": new, "effective_on": "2025-07-01"}
        for old, new in provinces
    ]
    found = list(expand_provinces(communes, CommuneRegister(BODIES, [])))
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


def test_a_province_that_is_only_called_otherwise_stays() -> None:
    assert rows(("Tỉnh Bạc Liêu", "Thành phố Bạc Liêu")) == []


def test_a_province_that_goes_to_several_is_not_decided() -> None:
    assert rows(("Tỉnh Bạc Liêu", "Tỉnh Cà Mau"), ("Tỉnh Bạc Liêu", "Tỉnh Khác")) == []
