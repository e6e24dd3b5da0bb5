"""Counting working days, without a database."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from pathlib import Path

import holidays
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.core.calendar.computed_days import computed_days_off
from portal.core.calendar.workdays import WorkCalendar

DATA = Path(__file__).parent.parent / "data"
_DAY = timedelta(days=1)


def read_calendar() -> WorkCalendar:
    with (DATA / "working_days.csv").open(encoding="utf-8") as file:
        rows = [(date.fromisoformat(row["date"]), row["kind"]) for row in csv.DictReader(file)]
    return WorkCalendar(
        [day for day, kind in rows if kind == "off"],
        [day for day, kind in rows if kind == "work"],
    )


def read_cases() -> list[tuple[date, int, date]]:
    with (DATA / "working_day_cases.csv").open(encoding="utf-8") as file:
        return [
            (
                date.fromisoformat(row["received"]),
                int(row["working_days"]),
                date.fromisoformat(row["last_day"]),
            )
            for row in csv.DictReader(file)
        ]


MORE_CASES = [
    (date(2026, 11, 23), 1, date(2026, 11, 25)),  # over 24/11, first observed in 2026
    (date(2026, 8, 22), 1, date(2026, 8, 24)),  # received on a worked Saturday
    (date(2026, 4, 24), 1, date(2026, 4, 28)),  # over a Monday off in lieu
    (date(2026, 12, 31), 1, date(2027, 1, 4)),
]


@pytest.mark.parametrize(("received", "limit", "last_day"), read_cases() + MORE_CASES)
def test_worked_cases(received: date, limit: int, last_day: date) -> None:
    calendar = read_calendar()

    assert calendar.add(received, limit) == last_day
    assert calendar.between(received, last_day) == limit


def test_the_day_itself_is_day_0() -> None:
    assert read_calendar().add(date(2026, 11, 24), 0) == date(2026, 11, 24)


def test_days_late_count_below_zero() -> None:
    calendar = read_calendar()

    assert calendar.between(date(2026, 11, 26), date(2026, 11, 23)) == -2
    assert calendar.between(date(2026, 11, 26), date(2026, 11, 26)) == 0


def test_a_limit_can_be_counted_back() -> None:
    assert read_calendar().add(date(2026, 11, 25), -2) == date(2026, 11, 20)


# The slow and obvious way, to compare with.


def slow_is_working(day: date, off: set[date], worked: set[date]) -> bool:
    if day in worked:
        return True
    return day.isoweekday() <= 5 and day not in off


def slow_between(start: date, end: date, off: set[date], worked: set[date]) -> int:
    if end < start:
        return -slow_between(end, start, off, worked)
    count, day = 0, start
    while day < end:
        day += _DAY
        count += slow_is_working(day, off, worked)
    return count


DAYS = st.dates(date(2024, 12, 1), date(2027, 1, 31))


@given(DAYS, DAYS, st.sets(DAYS, max_size=60), st.sets(DAYS, max_size=60))
def test_between_agrees_with_counting_day_by_day(
    start: date, end: date, off: set[date], worked: set[date]
) -> None:
    assert WorkCalendar(off, worked).between(start, end) == slow_between(start, end, off, worked)


@given(DAYS, st.integers(1, 40), st.sets(DAYS, max_size=60), st.sets(DAYS, max_size=60))
def test_add_lands_on_a_working_day_and_between_counts_back(
    start: date, limit: int, off: set[date], worked: set[date]
) -> None:
    calendar = WorkCalendar(off, worked)

    last_day = calendar.add(start, limit)

    assert slow_is_working(last_day, off, worked)
    assert slow_between(start, last_day, off, worked) == limit
    assert calendar.add(last_day + _DAY, -1) == last_day


@given(DAYS, DAYS, st.sets(DAYS, max_size=30), st.sets(DAYS, max_size=30))
def test_years_nobody_announced_keep_their_computed_days_off(
    start: date, end: date, off: set[date], worked: set[date]
) -> None:
    calendar = WorkCalendar(off, worked, announced={2026})
    with_computed = off | computed_days_off(2024).keys() | computed_days_off(2025).keys()
    with_computed |= computed_days_off(2027).keys()

    assert calendar.between(start, end) == slow_between(start, end, with_computed, worked)
    assert calendar.is_working(end) == slow_is_working(end, with_computed, worked)


def test_a_limit_into_a_year_nobody_announced_passes_over_its_tet() -> None:
    calendar = WorkCalendar(announced=[2027])

    assert calendar.add(date(2028, 1, 21), 1) == date(2028, 1, 31)
    assert calendar.add(date(2027, 1, 4), 1) == date(2027, 1, 5)


# What the library says otherwise than the announcements for civil servants, and why.
KNOWN_DIFFERENCES = {
    date(2026, 1, 2): "off, swapped with 10/01 (12729/VPCP-KGVX of 25/12/2025)",
    date(2026, 1, 10): "worked for 02/01",
    date(2027, 2, 4): "Tết 2027 is not announced: the library begins it one day earlier",
}


def test_the_holidays_library_differs_only_where_known() -> None:
    ours = read_calendar()
    library = holidays.country_holidays("VN", years=[2025, 2026, 2027])
    days = [date(2025, 1, 1) + timedelta(days=n) for n in range(365 * 3)]

    different = {day for day in days if ours.is_working(day) != library.is_working_day(day)}

    assert different == set(KNOWN_DIFFERENCES)
