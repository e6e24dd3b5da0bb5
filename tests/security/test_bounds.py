"""Dates from outside span no more than the portal is for."""

from __future__ import annotations

import time
from datetime import date

import pytest
from django.test import Client
from django.urls import reverse

from portal.core.calendar.computed_days import COMPUTED_YEARS, computed_days_off
from portal.core.calendar.workdays import WorkCalendar
from portal.core.models import CalendarDay
from portal.core.roles import Role
from portal.core.rules import Refused
from portal.deadlines.calendar import KEPT_YEARS, add_day
from tests import builders
from tests.builders import NOW

pytestmark = pytest.mark.django_db
FAR = date(9999, 12, 30)


def test_a_day_far_away_makes_no_page_of_all_years_between(client: Client) -> None:
    CalendarDay.objects.create(date=FAR, kind=CalendarDay.Kind.OFF, name="Nhầm")
    client.force_login(builders.user(Role.ADMINISTRATOR))

    began = time.process_time()
    shown = client.get(reverse("deadlines:calendar"), {"nam": "2026"})

    assert shown.context["years"] == sorted({2026, 9999, *_entered()})
    assert time.process_time() - began < 5


def _entered() -> set[int]:
    return set(CalendarDay.objects.values_list("date__year", flat=True))


@pytest.mark.parametrize("year", [KEPT_YEARS[0] - 1, KEPT_YEARS[-1] + 1, 9999])
def test_the_calendar_keeps_the_years_it_is_for(year: int) -> None:
    administrator = builders.user(Role.ADMINISTRATOR)

    with pytest.raises(Refused) as refused:
        add_day(
            date(year, 1, 5), kind="off", name="x", is_official=True, actor=administrator, now=NOW
        )

    assert [one.code for one in refused.value.violations] == ["year_not_kept"]


def test_days_are_counted_over_any_span_at_once() -> None:
    calendar = WorkCalendar(announced=())

    began = time.process_time()
    assert calendar.between(date(1, 1, 1), FAR) > 2_000_000

    assert time.process_time() - began < 5  # once for each year of COMPUTED_YEARS
    assert computed_days_off(COMPUTED_YEARS[-1] + 1) == {}
