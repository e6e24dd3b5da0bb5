"""Vietnamese text: normal form, search key, order."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.core.text import vietnamese as text


def test_nfc_composes_and_collapses_spaces() -> None:
    pasted = unicodedata.normalize("NFD", "  Vàng \u00a0 Đức\tTuấn\u200b ")

    assert text.nfc(pasted) == "Vàng Đức Tuấn"
    assert text.differs_from_nfc(pasted)
    assert not text.differs_from_nfc("Vàng Đức Tuấn")


def test_nfc_composes_what_stood_apart() -> None:
    assert text.nfc("a\u200b\u0301") == "á"


@given(st.text())
def test_nfc_of_nfc_is_nfc(value: str) -> None:
    assert not text.differs_from_nfc(text.nfc(value))


def test_search_key_drops_marks_and_case() -> None:
    assert text.search_key("ỦY BAN NHÂN DÂN XÃ ĐĂK HÀ") == "uy ban nhan dan xa dak ha"
    assert text.search_key("hoà") == text.search_key("hòa")


@pytest.mark.parametrize(
    "ordered",
    [
        ["An", "Ánh", "Ân", "Dương", "Đặng", "Em", "Êm"],
        ["ba", "bà", "bả", "bã", "bá", "bạ", "ban", "bă", "bâ"],
        ["An", "An Bình", "Án Bình", "Anh"],
        ["Phường 1", "Phường 2", "Phường 10", "Phường Đoàn Kết"],
        ["o", "ô", "ơ", "u", "ư", "y"],
        ["Sở Tư pháp", "Sở Y tế", "UBND xã Mường Than", "UBND xã Tân Uyên"],
    ],
)
def test_sort_key_orders_the_vietnamese_way(ordered: list[str]) -> None:
    backwards = ordered[::-1]

    assert sorted(backwards, key=text.sort_key) == ordered


@given(st.text(max_size=250))
def test_sort_key_fits_its_column_and_uses_letters_every_collation_orders_alike(value: str) -> None:
    key = text.sort_key(value)

    assert len(key) <= 500
    assert key == "" or (key.isascii() and key.isalnum() and key == key.lower())


def test_people_are_ordered_by_given_name() -> None:
    people = ["Trần Văn An", "Bùi Thị Bình", "Đặng Văn An", "Lê Ánh"]

    assert sorted(people, key=text.person_sort_key) == [
        "Đặng Văn An",
        "Trần Văn An",
        "Lê Ánh",
        "Bùi Thị Bình",
    ]


def test_a_name_of_nothing_has_a_key() -> None:
    assert text.person_sort_key("  ") == ""
