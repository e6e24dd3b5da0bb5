"""A refusal is caught once and shown where the page has room for it."""

from __future__ import annotations

import pytest
from django import forms
from django.contrib.messages import get_messages
from django.contrib.messages.storage.fallback import FallbackStorage
from django.http import HttpRequest

from portal.core.rules import Refused, Violation
from portal.core.web.refusals import Refusals

LATE = Violation("late", "Đã quá hạn.", way_out="Lập hồ sơ cấp mới.")
EMPTY = Violation("empty", "Danh sách trống.")


class OneBox(forms.Form):
    box = forms.CharField(required=False)


def test_what_was_refused_is_known_afterwards() -> None:
    with Refusals() as refused:
        raise Refused(LATE, EMPTY)

    assert refused
    assert refused.violations == (LATE, EMPTY)


def test_what_went_well_leaves_nothing() -> None:
    with Refusals() as refused:
        pass

    assert not refused
    assert refused.violations == ()


def test_several_acts_are_gathered() -> None:
    refused = Refusals()
    for violation in (LATE, EMPTY):
        with refused:
            raise Refused(violation)

    assert refused.violations == (LATE, EMPTY)


def test_a_mistake_is_no_refusal() -> None:
    with pytest.raises(KeyError), Refusals():
        raise KeyError("a mistake of ours")


def test_it_stands_beside_the_field_or_over_the_form() -> None:
    form = OneBox({})
    refused = Refusals((LATE,))

    refused.put_on(form, "box")
    Refusals((EMPTY,)).put_on(form)

    assert form.errors["box"] == [f"{LATE.message} {LATE.way_out}"]
    assert form.non_field_errors() == [EMPTY.message]


def test_it_is_told_on_the_page_that_comes_next() -> None:
    request = HttpRequest()
    request.session = {}  # type: ignore[assignment]
    request._messages = FallbackStorage(request)  # type: ignore[attr-defined]

    Refusals((LATE, EMPTY)).tell(request)

    assert [str(one) for one in get_messages(request)] == [LATE.sentence, EMPTY.sentence]
