"""Administrators hear in good time that a year's days off are missing."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from portal.core.models import CalendarDay
from portal.core.roles import Role
from portal.notices.models import Notice
from portal.notices.reminders import warn_of_missing_days
from tests import builders

pytestmark = pytest.mark.django_db


def on(year: int, month: int, day: int) -> datetime:
    return datetime(year, month, day, 1, tzinfo=UTC)


def test_from_october_the_next_year_is_looked_at() -> None:
    admin = builders.user(Role.ADMINISTRATOR)
    CalendarDay.objects.filter(date__year=2027).delete()

    assert warn_of_missing_days(now=on(2026, 9, 30)) == 0
    assert warn_of_missing_days(now=on(2026, 10, 1)) == 1

    notice = admin.notices.get()
    assert notice.title == "Lịch nghỉ năm 2027 chưa đủ"
    assert "tạm tính" in notice.text
    assert notice.path == "/thoi-han/lich/?nam=2027"


def test_each_administrator_is_told_once_a_month() -> None:
    builders.user(Role.ADMINISTRATOR)
    builders.user(Role.CLERK)
    CalendarDay.objects.filter(date__year=2027).delete()

    first = [warn_of_missing_days(now=on(2026, 10, day)) for day in (1, 2, 31)]
    builders.user(Role.ADMINISTRATOR)
    second = warn_of_missing_days(now=on(2026, 10, 31))
    third = warn_of_missing_days(now=on(2026, 11, 1))

    assert (first, second, third) == ([1, 0, 0], 1, 2)


def test_days_that_are_only_expected_are_told_of_until_they_are_past() -> None:
    builders.user(Role.ADMINISTRATOR)

    warn_of_missing_days(now=on(2026, 10, 1))
    assert "còn 6 ngày dự kiến" in Notice.objects.get().text
    Notice.objects.all().delete()
    warn_of_missing_days(now=on(2027, 2, 9))
    assert "còn 3 ngày dự kiến" in Notice.objects.get().text

    assert warn_of_missing_days(now=on(2027, 9, 4)) == 0


def test_a_year_that_began_without_a_table_is_told_of_every_month() -> None:
    builders.user(Role.ADMINISTRATOR)

    assert [warn_of_missing_days(now=on(2028, month, 5)) for month in (1, 2, 3)] == [1, 1, 1]


def test_a_whole_table_is_nothing_to_tell() -> None:
    builders.user(Role.ADMINISTRATOR)
    CalendarDay.objects.filter(date__year=2027).update(is_official=True)

    assert warn_of_missing_days(now=on(2026, 12, 1)) == 0
