"""Days in forms and filters: read as people type them, shown back in full, offered in doubt."""

from __future__ import annotations

import ast
from datetime import date

import pytest
from django import forms
from django.http import QueryDict

from portal.core.web.forms import DayField, FilterDayField
from tests.architecture.sources import called_name, nodes


class Form(forms.Form):
    day = DayField()


def typed(text: str) -> Form:
    return Form(QueryDict(f"day={text}"))


@pytest.mark.parametrize("text", ["5/3/1990", "05031990", "5.3.1990", "5-3-1990", "1990-03-05"])
def test_a_day_is_read_and_shown_back_in_full(text: str) -> None:
    form = typed(text)

    assert form.is_valid()
    assert form.cleaned_data["day"] == date(1990, 3, 5)
    assert 'value="05/03/1990"' in str(form["day"])


@pytest.mark.parametrize(
    ("text", "code", "offer"),
    [
        ("31/02/1990", "no_such_day", ""),
        ("5/3/90", "year_not_in_full", "05/03/1990"),
        ("03/1990", "day_missing", ""),
        ("44621", "spreadsheet_serial_number", "01/03/2022"),
        ("", "required", ""),
    ],
)
def test_a_day_in_doubt_is_kept_told_and_offered(text: str, code: str, offer: str) -> None:
    form = typed(text)

    assert form.errors.as_data()["day"][0].code == code
    assert str(form["day"].value() or "") == text
    assert ("Dùng" in form.as_div()) == bool(offer)
    assert f'name="day-dung" value="{offer}"' in form.as_div() or not offer


def test_an_offer_taken_without_script_is_looked_at_before_anything_is_done() -> None:
    form = Form(QueryDict("day=5/3/90&day-dung=05/03/1990"))

    assert [error.code for error in form.errors.as_data()["day"]] == ["offer_taken"]
    assert 'value="05/03/1990"' in str(form["day"])
    assert "day-dung" not in form.as_div()


def test_an_offer_narrows_a_list_at_once() -> None:
    class Filter(forms.Form):
        day = FilterDayField(required=False)

    form = Filter(QueryDict("day=5/3/90&day-dung=05/03/1990"))

    assert form.is_valid()
    assert form.cleaned_data["day"] == date(1990, 3, 5)


def test_every_form_and_filter_reads_days_with_the_one_field() -> None:
    others = {"DateField", "DateFilter", "SelectDateWidget", "strptime"}
    found = {
        f"{path}:{node.lineno}"
        for path, node in nodes()
        if isinstance(node, ast.Call)
        and called_name(node) in others
        and not is_of(node, {"models", "serializers"})
        and not path.startswith("portal/api/")  # machines write ISO 8601
    }

    assert found == set()


def is_of(node: ast.Call, owners: set[str]) -> bool:
    match node.func:
        case ast.Attribute(value=ast.Name(id=owner)):
            return owner in owners
    return False
