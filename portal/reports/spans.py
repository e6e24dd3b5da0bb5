"""The span of a report: from one day to another, both counted."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

_QUARTERS = ("I", "II", "III", "IV")
_MONTHS = 12


@dataclass(frozen=True, slots=True)
class Span:
    """Days from ``since`` to ``until``, both in it."""

    since: date
    until: date

    @property
    def start(self) -> datetime:
        """The first moment of it."""
        return _midnight(self.since)

    @property
    def end(self) -> datetime:
        """The first moment after it."""
        return _midnight(self.until + timedelta(days=1))

    @property
    def months(self) -> int:
        """How many whole months of the calendar it is; 0 where it is not."""
        _weekday, last = monthrange(self.until.year, self.until.month)
        if (self.since.day, self.until.day) != (1, last):
            return 0
        years = self.until.year - self.since.year
        return years * _MONTHS + self.until.month - self.since.month + 1

    @property
    def before(self) -> Span:
        """The span of the same length just before it: months before months, days before days."""
        until = self.since - timedelta(days=1)
        if not self.months:
            return Span(until - (self.until - self.since), until)
        first = self.since.year * _MONTHS + self.since.month - 1 - self.months
        return Span(date(first // _MONTHS, first % _MONTHS + 1, 1), until)

    @property
    def words(self) -> str:
        """What a title calls it: "năm 2026", "quý III/2026", "tháng 10/2026", or its days."""
        first = self.since.month
        if self.months == _MONTHS and first == 1:
            return _("năm %(year)d") % {"year": self.since.year}
        if self.months == 3 and first % 3 == 1:  # noqa: PLR2004 (months of a quarter)
            quarter = _QUARTERS[first // 3]
            return _("quý %(quarter)s/%(year)d") % {"quarter": quarter, "year": self.since.year}
        if self.months == 1:
            return _("tháng %(month)d/%(year)d") % {"month": first, "year": self.since.year}
        return _("từ %(since)s đến %(until)s") % {
            "since": f"{self.since:%d/%m/%Y}",
            "until": f"{self.until:%d/%m/%Y}",
        }


def offered(today: date) -> list[Span]:
    """Return the spans people mostly report on, as of ``today``: the last month, quarter and year
    that have ended, and this year so far."""
    month_end = today.replace(day=1) - timedelta(days=1)
    quarter_end = date(today.year, (today.month - 1) // 3 * 3 + 1, 1) - timedelta(days=1)
    return [
        Span(month_end.replace(day=1), month_end),
        Span(date(quarter_end.year, quarter_end.month - 2, 1), quarter_end),
        Span(date(today.year - 1, 1, 1), date(today.year - 1, 12, 31)),
        Span(date(today.year, 1, 1), today),
    ]


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
