"""Counting working days (Bộ luật Dân sự 2015, Điều 147–148): the day itself is day 0."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Iterable
from datetime import date, timedelta

from portal.core.calendar.computed_days import COMPUTED_YEARS, computed_days_off
from portal.core.models import CalendarDay

_DAY = timedelta(days=1)
SATURDAY = 5
# The law gives 11 days off, 12 from 2026: with fewer official ones than this a year has no table
# yet, be it that a single day (a storm) has been entered.
FEWEST_OFFICIAL_DAYS = 5


class WorkCalendar:
    """Which days are worked: Monday to Friday but for days off, and swapped weekend days.

    In years that are not ``announced`` the computed days off are kept besides; None is all years.
    """

    __slots__ = ("_announced", "_extra", "_lost", "days_off", "days_worked")

    def __init__(
        self,
        days_off: Iterable[date] = (),
        days_worked: Iterable[date] = (),
        *,
        announced: Collection[int] | None = None,
    ) -> None:
        self._announced = announced
        self.days_off = frozenset(days_off)
        self.days_worked = frozenset(days_worked)
        lost = self.days_off - self.days_worked
        self._lost = sorted(day for day in lost if day.weekday() < SATURDAY)
        self._extra = sorted(day for day in self.days_worked if day.weekday() >= SATURDAY)

    def is_working(self, day: date) -> bool:
        """Say whether civil servants work on ``day``."""
        if day in self.days_worked:
            return True
        if day.weekday() >= SATURDAY or day in self.days_off:
            return False
        return self.is_announced(day.year) or day not in computed_days_off(day.year)

    def is_announced(self, year: int) -> bool:
        """Say whether the days off of ``year`` are known; else they are computed."""
        return self._announced is None or year in self._announced

    def add(self, day: date, n: int) -> date:
        """Return the ``n``-th working day after ``day`` (before it when ``n`` is negative).

        ``day`` is day 0 whether it is worked or not (Điều 147), so ``n`` = 0 gives ``day``.
        """
        step = _DAY if n > 0 else -_DAY
        left = abs(n)
        while left:
            day += step
            if self.is_working(day):
                left -= 1
        return day

    def between(self, start: date, end: date) -> int:
        """Return the working days after ``start`` up to and with ``end``; negative when late."""
        if end < start:
            return -self.between(end, start)
        return (
            self._up_to(end)
            - self._up_to(start)
            - sum(
                start < day <= end and day.weekday() < SATURDAY
                for year in range(
                    max(start.year, COMPUTED_YEARS.start), min(end.year + 1, COMPUTED_YEARS.stop)
                )
                if not self.is_announced(year)
                for day in computed_days_off(year).keys() - self.days_off - self.days_worked
            )
        )

    def _up_to(self, day: date) -> int:
        """Return the working days from the first day of the era to ``day``, ``day`` included."""
        weeks, rest = divmod(day.toordinal(), 7)  # ordinal 1 was a Monday
        weekdays = weeks * 5 + min(rest, 5)
        return weekdays - bisect_right(self._lost, day) + bisect_right(self._extra, day)


def work_calendar() -> WorkCalendar:
    """Return the calendar the administrator keeps (one query: load it once for a list)."""
    off: list[date] = []
    worked: list[date] = []
    official: Counter[int] = Counter()
    expected: set[int] = set()  # years of which a day off still waits for its announcement
    days = CalendarDay.objects.order_by().values_list("date", "kind", "is_official")
    for day, kind, is_official in days:
        is_off = kind == CalendarDay.Kind.OFF
        (off if is_off else worked).append(day)
        if is_official:
            official[day.year] += is_off
        elif is_off:
            expected.add(day.year)
    announced = {year for year, count in official.items() if count >= FEWEST_OFFICIAL_DAYS}
    return WorkCalendar(off, worked, announced=announced - expected)


_NEXT_YEAR_FROM = 10  # the month in which the next year's days off are usually announced


def unannounced_years(today: date, calendar: WorkCalendar) -> list[int]:
    """Return this year and, from October, the next, where their days off are not yet announced."""
    years = [today.year, today.year + 1] if today.month >= _NEXT_YEAR_FROM else [today.year]
    return [year for year in years if not calendar.is_announced(year)]
