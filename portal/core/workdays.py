"""Counting working days (Bộ luật Dân sự 2015, Điều 147–148): the day itself is day 0."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from datetime import date, timedelta

from portal.core.models import CalendarDay

_DAY = timedelta(days=1)
_SATURDAY = 5


class WorkCalendar:
    """Which days are worked: Monday to Friday but for days off, and swapped weekend days."""

    __slots__ = ("_extra", "_lost", "days_off", "days_worked")

    def __init__(self, days_off: Iterable[date] = (), days_worked: Iterable[date] = ()) -> None:
        self.days_off = frozenset(days_off)
        self.days_worked = frozenset(days_worked)
        lost = self.days_off - self.days_worked
        self._lost = sorted(day for day in lost if day.weekday() < _SATURDAY)
        self._extra = sorted(day for day in self.days_worked if day.weekday() >= _SATURDAY)

    def is_working(self, day: date) -> bool:
        """Say whether civil servants work on ``day``."""
        if day in self.days_worked:
            return True
        return day.weekday() < _SATURDAY and day not in self.days_off

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
        return self._up_to(end) - self._up_to(start)

    def _up_to(self, day: date) -> int:
        """Return the working days from the first day of the era to ``day``, ``day`` included."""
        weeks, rest = divmod(day.toordinal(), 7)  # ordinal 1 was a Monday
        weekdays = weeks * 5 + min(rest, 5)
        return weekdays - bisect_right(self._lost, day) + bisect_right(self._extra, day)


def work_calendar() -> WorkCalendar:
    """Return the calendar the administrator keeps (one query: load it once for a list)."""
    off: list[date] = []
    worked: list[date] = []
    for day, kind in CalendarDay.objects.order_by().values_list("date", "kind"):
        (off if kind == CalendarDay.Kind.OFF else worked).append(day)
    return WorkCalendar(off, worked)
