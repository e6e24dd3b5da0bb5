"""A reason names its rows, and one that still has a blank is known."""

from __future__ import annotations

import pytest

from requests_app.steps.reasons import has_blank, numbers_in, rows_in_words, with_rows

_CATALOGUE = "Thư điện tử không phải thư công vụ (dòng …)."


@pytest.mark.parametrize(
    ("reason", "blank"),
    [
        (_CATALOGUE, True),
        ("Thiếu (dòng ...)", True),
        ("Lý do khác: …", True),
        ("Thiếu giấy tờ, quyết định, v.v…", False),
        ("Sai tên (dòng 2)", False),
    ],
)
def test_a_blank_is_a_place_that_asks_for_words(reason: str, blank: bool) -> None:
    assert has_blank(reason) is blank


def test_the_rows_stand_in_the_blank_with_whom_they_are_about() -> None:
    said = with_rows(_CATALOGUE, {5: "Quàng Thị B", 2: "Lò Văn A"})

    assert said == "Thư điện tử không phải thư công vụ (dòng 2: Lò Văn A; 5: Quàng Thị B)."


def test_without_a_blank_what_is_unsaid_is_named_at_the_end() -> None:
    assert with_rows("Sai tên", {2: "Lò Văn A"}) == "Sai tên (dòng 2: Lò Văn A)"
    assert with_rows("Dòng 2 sai tên", {2: "Lò Văn A"}) == "Dòng 2 sai tên"
    assert with_rows("Dòng 12 sai tên", {2: ""}) == "Dòng 12 sai tên (dòng 2)"


def test_many_rows_are_named_by_their_numbers() -> None:
    titles = {number: f"Người {number}" for number in [*range(1, 30), 40]}

    assert rows_in_words(titles) == "1–29, 40"


@pytest.mark.parametrize(
    ("typed", "numbers"),
    [("", []), ("2, 5, 7-9", [2, 5, 7, 8, 9]), ("9;2 2", [2, 9]), ("4 – 6", [4, 5, 6])],
)
def test_row_numbers_are_read_as_people_write_them(typed: str, numbers: list[int]) -> None:
    assert numbers_in(typed) == numbers


@pytest.mark.parametrize("typed", ["a", "2,x", "9-2", "-", "1234567"])
def test_what_is_no_row_number_is_told(typed: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        numbers_in(typed)
