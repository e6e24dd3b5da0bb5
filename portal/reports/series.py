"""Numbers along a line of time or of age, for a chart and the table beside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from django.db.models import Count
from django.db.models.functions import TruncDate, TruncMonth
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.accounts.models import User
from portal.core.calendar.workdays import work_calendar
from portal.reports.spans import Span
from portal.reports.subjects import certificates
from requests_app.models import Dossier
from requests_app.pages.desks import AGES
from requests_app.worklist.views.dashboard import Dashboard

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

WEEKS_SHOWN = 26
MONTHS_AHEAD = 24
_MOST_WEEKS = 54  # a longer span is told by month


@dataclass(frozen=True, slots=True)
class Series:
    """What a chart shows: along which steps, and of what how many at each."""

    title: str
    along: str
    labels: Sequence[str]
    lines: Mapping[str, Sequence[int]]

    @property
    def rows(self) -> list[tuple[str, list[int]]]:
        """The table: each step with its numbers, in the order of ``lines``."""
        return [
            (label, [line[place] for line in self.lines.values()])
            for place, label in enumerate(self.labels)
        ]


def flow(user: User, span: Span) -> Series:
    """Return how many dossiers came in and were answered, by week (of a long span by month)."""
    rows = Dossier.objects.visible_to(user).order_by()
    came = rows.filter(sent_at__gte=span.start, sent_at__lt=span.end)
    answered = rows.filter(decided_on__range=(span.since, span.until))
    is_long = (span.until - span.since).days > _MOST_WEEKS * 7
    step = (lambda day: day.replace(day=1)) if is_long else _week
    days = (span.since + timedelta(days=n) for n in range((span.until - span.since).days + 1))
    steps = list(dict.fromkeys(map(step, days)))
    counted = [
        _by_step(came.annotate(day=TruncDate("sent_at")).values_list("day"), step),
        _by_step(answered.values_list("decided_on"), step),
    ]
    return Series(
        _("Hồ sơ gửi đến và có kết quả"),
        _("Tháng") if is_long else _("Tuần từ ngày"),
        [f"{one:%m/%Y}" if is_long else f"{one:%d/%m/%Y}" for one in steps],
        {
            _("Gửi đến"): [counted[0][one] for one in steps],
            _("Có kết quả"): [counted[1][one] for one in steps],
        },
    )


def endings(user: User, span: Span) -> Series:
    """Return how many of the certificates valid when the span ends, as reports count them, end in
    each of the coming months: what the stock must hold devices for."""
    first = span.until.replace(day=1)
    months = [_add_months(first, n) for n in range(MONTHS_AHEAD)]
    last = Span(first, _add_months(first, MONTHS_AHEAD) - timedelta(days=1)).end
    valid = certificates.SUBJECT.measure("valid").of(span)
    rows = certificates.SUBJECT.rows(user).filter(valid, not_after__lt=last)
    grouped = rows.order_by().annotate(month=TruncMonth("not_after")).values_list("month")
    counted = {timezone.localdate(month): count for month, count in grouped.annotate(Count("pk"))}
    return Series(
        _("Chứng thư sẽ hết hạn trong 24 tháng tới"),
        _("Tháng"),
        [f"{month:%m/%Y}" for month in months],
        {_("Hết hạn"): [counted.get(month, 0) for month in months]},
    )


def waiting(user: User, today: date) -> Series:
    """Return how many dossiers wait at each desk, by age."""
    desks = Dashboard.of(user, today=today, calendar=work_calendar()).desks
    return Series(
        _("Hồ sơ đang chờ, theo số ngày làm việc đã chờ"),
        _("Đã chờ"),
        [str(label) for _first, label in AGES.values()],
        {desk.label: [desk.by_age[age] for age in AGES] for desk in desks},
    )


def recent(user: User, now: datetime) -> Series:
    """Return the flow of the last half year."""
    today = timezone.localdate(now)
    return flow(user, Span(_week(today) - timedelta(weeks=WEEKS_SHOWN - 1), today))


# What the pages of charts show, by the name in their addresses.
SERIES: Mapping[str, tuple[_StrPromise, Callable[[User, datetime], Series]]] = {
    "ho-so": (gettext_lazy("Hồ sơ gửi đến và có kết quả"), recent),
    "dang-cho": (
        gettext_lazy("Hồ sơ đang chờ"),
        lambda user, now: waiting(user, timezone.localdate(now)),
    ),
    "het-han": (
        gettext_lazy("Chứng thư sẽ hết hạn"),
        lambda user, now: endings(user, Span(day := timezone.localdate(now), day)),
    ),
}


def _by_step(days: object, step: Callable[[date], date]) -> Counter[date]:
    counted: Counter[date] = Counter()
    for day, count in days.annotate(n=Count("pk")):  # type: ignore[attr-defined]
        counted[step(day)] += count
    return counted


def _week(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _add_months(day: date, months: int) -> date:
    count = day.year * 12 + day.month - 1 + months
    return date(count // 12, count % 12 + 1, 1)
