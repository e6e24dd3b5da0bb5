"""The month calendar: what ends on which day, and which days are not worked."""

from __future__ import annotations

import re
from calendar import Calendar
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Self

from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from portal.core.calendar.workdays import WorkCalendar, work_calendar
from portal.core.models import CalendarDay
from portal.deadlines.models import Deadline, DeadlineKind

if TYPE_CHECKING:
    from portal.accounts.models import User, UserRequest

_WEEKS = Calendar()  # Monday first


@dataclass(frozen=True, slots=True)
class Due:
    """How many clocks of one kind end on a day."""

    label: str
    count: int


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the month: whether it is worked, what it is called, what ends on it."""

    date: date
    is_working: bool
    name: str  # of a day off or a swapped day, as in the table
    due: Sequence[Due]

    @property
    def count(self) -> int:
        return sum(one.count for one in self.due)


@dataclass(frozen=True, slots=True)
class Month:
    """``weeks`` hold None where a day belongs to the month before or after."""

    first: date
    weeks: Sequence[Sequence[Day | None]]

    @classmethod
    def of(cls, user: User, first: date, *, today: date, calendar: WorkCalendar) -> Self:
        """Return the month that begins on ``first`` with the open clocks ``user`` sees.

        Two queries: the clocks counted by day and kind, the names of special days.
        """
        last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        clocks = Deadline.objects.visible_to(user).for_list(today).open()
        in_month = clocks.filter(due_on__range=(first, last)).order_by()
        counted = in_month.values_list("due_on", "kind").annotate(count=Count("pk"))
        due: dict[date, list[Due]] = defaultdict(list)
        for day, kind, count in counted.order_by("due_on", "kind"):
            due[day].append(Due(str(DeadlineKind(kind).label), count))
        named = CalendarDay.objects.filter(date__range=(first, last)).values_list("date", "name")
        names = dict(named)
        weeks = [
            [
                Day(day, calendar.is_working(day), names.get(day, ""), due.get(day, ()))
                if day.month == first.month
                else None
                for day in week
            ]
            for week in _WEEKS.monthdatescalendar(first.year, first.month)
        ]
        return cls(first, weeks)

    @property
    def previous(self) -> date:
        return (self.first - timedelta(days=1)).replace(day=1)

    @property
    def next(self) -> date:
        return (self.first + timedelta(days=31)).replace(day=1)

    @property
    def count(self) -> int:
        return sum(day.count for week in self.weeks for day in week if day)


_MONTH = re.compile(r"(20[0-9]{2})-(0[1-9]|1[0-2])")


@require_safe
def month_page(request: UserRequest) -> HttpResponse:
    today = timezone.localdate()
    asked = _MONTH.fullmatch(request.GET.get("thang", ""))
    first = date(int(asked[1]), int(asked[2]), 1) if asked else today.replace(day=1)
    month = Month.of(request.user, first, today=today, calendar=work_calendar())
    return render(request, "deadlines/month.html", {"month": month, "today": today})
