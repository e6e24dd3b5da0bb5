"""When mail that is not urgent may leave."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from portal.core.calendar.workdays import WorkCalendar
from portal.notices.channels.mail import is_open, round_of_today

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
# Thứ Sáu 20/11, thứ Bảy 21/11, Chủ nhật 22/11 (làm bù), thứ Hai 23/11 (nghỉ).
CALENDAR = WorkCalendar(days_off=[date(2026, 11, 23)], days_worked=[date(2026, 11, 22)])


def _at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=HANOI)


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (_at(20, 6, 59), False),
        (_at(20, 7), True),
        (_at(20, 23, 59), True),
        (_at(21, 0), False),
        (_at(21, 9), False),
        (_at(22, 7), True),
        (_at(23, 9), False),
        (_at(24, 7), True),
    ],
)
def test_mail_leaves_on_working_days_from_seven(moment: datetime, expected: bool) -> None:
    assert is_open(moment, CALENDAR) is expected


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (_at(20, 7, 29), None),
        (_at(20, 7, 30), _at(20, 7, 30)),
        (_at(20, 18), _at(20, 7, 30)),
        (_at(21, 18), None),
        (_at(22, 8), _at(22, 7, 30)),
        (_at(23, 8), None),
    ],
)
def test_the_one_mail_of_a_day_leaves_after_the_reminders_of_its_morning(
    moment: datetime, expected: datetime | None
) -> None:
    assert round_of_today(moment, CALENDAR) == expected
