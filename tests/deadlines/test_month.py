"""The month calendar: what ends on which day, which days are not worked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from portal.core.calendar.workdays import WorkCalendar, work_calendar
from portal.core.models import CalendarDay
from portal.core.roles import Role
from portal.deadlines.models import Counts, Deadline, DeadlineKind
from portal.deadlines.views_month import Day, Month
from tests import builders
from tests.builders import NOW, TODAY
from tests.deadlines.test_list import deadline

pytestmark = pytest.mark.django_db
NOVEMBER = date(2026, 11, 1)


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def days(month: Month) -> dict[date, Day]:
    return {day.date: day for week in month.weeks for day in week if day}


def test_a_month_has_its_own_days_in_weeks_that_begin_on_monday() -> None:
    month = Month.of(builders.user(Role.CLERK), NOVEMBER, today=TODAY, calendar=WorkCalendar())

    assert len(days(month)) == 30
    assert month.weeks[0][:6] == [None] * 6  # the first is a Sunday
    assert (month.previous, month.next) == (date(2026, 10, 1), date(2026, 12, 1))


def test_each_day_counts_the_open_clocks_of_one_s_own_by_kind() -> None:
    clerk = builders.user(Role.CLERK)
    for _ in range(2):
        deadline(clerk.agency, TODAY)
    deadline(clerk.agency, TODAY, done=True)
    deadline(builders.agency(), TODAY)

    found = days(Month.of(clerk, NOVEMBER, today=TODAY, calendar=WorkCalendar()))

    assert [(one.label, one.count) for one in found[TODAY].due] == [("Cấp chứng thư", 2)]
    assert sum(day.count for day in found.values()) == 2


def test_days_off_and_swapped_days_have_their_names() -> None:
    CalendarDay.objects.create(date=date(2026, 11, 17), kind="off", name="Nghỉ thử")
    CalendarDay.objects.create(date=date(2026, 11, 21), kind="work", name="Làm bù thử")
    month = Month.of(builders.user(Role.CLERK), NOVEMBER, today=TODAY, calendar=work_calendar())

    found = days(month)

    for day, name, is_working in ((17, "Nghỉ thử", False), (21, "Làm bù thử", True)):
        shown = found[NOVEMBER.replace(day=day)]
        assert (shown.name, shown.is_working) == (name, is_working)
    assert not found[date(2026, 11, 22)].is_working
    assert found[TODAY].is_working


def test_the_count_of_a_day_is_what_its_link_shows(client: Client) -> None:
    clerk = builders.user(Role.CLERK)
    for ahead in (0, 0, 0, 3):
        deadline(clerk.agency, TODAY + timedelta(days=ahead))
    client.force_login(clerk)

    text = client.get(reverse("deadlines:month")).text
    answer = client.get(reverse("deadlines:list"), {"day": "20/11/2026"})

    assert f"{reverse('deadlines:list')}?day=20/11/2026" in text
    assert answer.context["count"] == 3


@pytest.mark.parametrize(
    ("asked", "first"),
    [("2026-12", date(2026, 12, 1)), ("", NOVEMBER), ("2026-13", NOVEMBER), ("x", NOVEMBER)],
)
def test_a_month_that_is_none_is_this_one(client: Client, asked: str, first: date) -> None:
    client.force_login(builders.user(Role.OFFICE_OFFICER))

    answer = client.get(reverse("deadlines:month"), {"thang": asked})

    assert answer.context["month"].first == first


def test_a_month_costs_the_same_however_much_ends_in_it(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    clerk = builders.user(Role.CLERK)
    client.force_login(clerk)
    client.get(reverse("deadlines:month"))
    for ahead in range(8):
        deadline(clerk.agency, TODAY + timedelta(days=ahead))

    # session, user, working days, clocks, names of days, body, unread, contacts
    with django_assert_num_queries(8):
        client.get(reverse("deadlines:month"))


def test_a_certificate_s_door_stands_in_the_month_only_when_it_is_near() -> None:
    clerk = builders.user(Role.CLERK)
    for due_on in (TODAY + timedelta(days=90), TODAY + timedelta(days=91)):
        clock = deadline(clerk.agency, due_on)
        Deadline.objects.filter(pk=clock.pk).update(
            kind=DeadlineKind.RENEWAL_DOOR, counts=Counts.FIXED
        )

    month = Month.of(clerk, date(2027, 2, 1), today=TODAY, calendar=WorkCalendar())

    assert [day for day, shown in days(month).items() if shown.count] == [date(2027, 2, 18)]
