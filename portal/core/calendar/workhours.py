"""Counting working hours: within the hours an office works, on the days of the calendar."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, time, timedelta

from django.utils import timezone

from portal.core.calendar.workdays import WorkCalendar

_SPAN = re.compile(r"(\d{2}:\d{2})-(\d{2}:\d{2})")
_DAY = timedelta(days=1)


class WorkHours:
    """The spans of a day in which work is done, as "07:30-11:30", in the order of the day."""

    __slots__ = ("_spans",)

    def __init__(self, spans: Iterable[str]) -> None:
        found = [_SPAN.fullmatch(span.strip()) for span in spans]
        self._spans = [
            (time.fromisoformat(span[1]), time.fromisoformat(span[2])) for span in found if span
        ]
        ends = [end for span in self._spans for end in span]
        if not self._spans or len(self._spans) != len(found) or ends != sorted(set(ends)):
            raise ValueError("working hours are spans such as 07:30-11:30, one after the other")

    def add(self, moment: datetime, hours: int, calendar: WorkCalendar) -> datetime:
        """Return the moment at which ``hours`` of work have passed since ``moment``."""
        left = timedelta(hours=hours)
        day = timezone.localdate(moment)
        while True:
            for start, end in self._spans if calendar.is_working(day) else ():
                begin = max(moment, timezone.make_aware(datetime.combine(day, start)))
                until = timezone.make_aware(datetime.combine(day, end))
                if begin >= until:
                    continue
                if left <= until - begin:
                    return begin + left
                left -= until - begin
            day += _DAY
