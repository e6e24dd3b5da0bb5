"""Hours of work: within the office's hours, over lunch, nights, week ends and days off."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from portal.core.calendar.workdays import WorkCalendar
from portal.core.calendar.workhours import WorkHours

HOURS = WorkHours(["07:30-11:30", "13:30-17:00"])
CALENDAR = WorkCalendar(days_off=[date(2026, 11, 24)])  # a Tuesday


def at(text: str) -> datetime:
    """Return a moment of November 2026 in Hà Nội: "20 16:00"."""
    return datetime.strptime(f"2026-11-{text} +0700", "%Y-%m-%d %H:%M %z").astimezone(UTC)


@pytest.mark.parametrize(
    ("since", "hours", "until"),
    [
        ("20 07:30", 4, "20 11:30"),  # Friday: the span to its end
        ("20 10:30", 2, "20 14:30"),  # over lunch
        ("20 12:00", 1, "20 14:30"),  # asked at lunch
        ("20 05:00", 1, "20 08:30"),  # before the office opens
        ("20 16:00", 8, "23 16:30"),  # over the week end
        ("20 17:00", 1, "23 08:30"),  # at the close
        ("21 10:00", 1, "23 08:30"),  # on a Saturday
        ("23 16:00", 2, "25 08:30"),  # over a day off
        ("16 07:30", 30, "19 17:00"),  # four whole days
    ],
)
def test_hours_of_work_end(since: str, hours: int, until: str) -> None:
    assert HOURS.add(at(since), hours, CALENDAR) == at(until)


@pytest.mark.parametrize(
    "spans", [[], ["8-17"], ["07:30-11:30", "11:00-17:00"], ["17:00-07:30"], ["25:00-26:00"]]
)
def test_hours_that_are_none_are_refused(spans: list[str]) -> None:
    with pytest.raises(ValueError, match=r"working hours|hour must be"):
        WorkHours(spans)
