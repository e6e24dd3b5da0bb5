"""Counting: one query for each subject, and everything else is sums of what it gave."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from itertools import accumulate
from typing import Any

from django.db.models import Count, Sum
from django.utils.translation import gettext_lazy as _

from portal.accounts.models import User
from portal.core.calendar.workdays import WorkCalendar
from portal.reports.base import Dimension, Measure, Subject
from portal.reports.series import endings, flow
from portal.reports.spans import Span
from portal.reports.subjects import subjects
from requests_app import kinds
from requests_app.models import Dossier
from requests_app.workflow import Procedure

Counted = dict[str, int]
PACE_WORDS = {
    "count": _("Hồ sơ có kết quả"),
    "half": _("Một nửa xong trong (ngày làm việc)"),
    "most": _("90% xong trong (ngày làm việc)"),
}


def figures_of(user: User, span: Span, *, calendar: WorkCalendar) -> dict[str, Any]:
    """Return everything a report of ``user`` says of ``span``, as JSON keeps it.

    ``subjects``: code → ``total`` and ``before`` (measure → number, of this span and the one
    before it), ``by`` (dimension → [key, words, measure → number other than 0], most first).
    ``paces``: how long answers took. ``series``: subject → what its picture shows, of the moment
    of the numbers. Two queries a subject, and four.
    """
    counted = {}
    for code, subject in subjects().items():
        rows = subject.rows(user).order_by()
        dimensions = subject.dimensions_for(user)
        columns = [name for one in dimensions for name in (one.column, one.named_by) if name]
        groups = list(rows.values(*columns).annotate(**_counts(subject, span)))
        by = {one.code: _summed(subject, one, groups) for one in dimensions}
        before = rows.aggregate(**_counts(subject, span.before))
        # The parts of any one dimension add up to the whole.
        total: Counter[str] = Counter()
        for _key, _words, numbers in next(iter(by.values())):
            total.update(numbers)
        counted[code] = {
            "total": {one.code: total[one.code] for one in subject.measures},
            "before": {code.removeprefix("n_"): number for code, number in before.items()},
            "by": by,
        }
    return {
        "subjects": counted,
        "paces": paces_of(user, span, calendar=calendar),
        "series": {"ho-so": asdict(flow(user, span)), "chung-thu": asdict(endings(user, span))},
    }


def narrowed(subject: Subject[Any], user: User, span: Span, measure: Measure) -> Any:
    """Return the rows that a number counts."""
    return subject.rows(user).filter(measure.of(span))


def _counts(subject: Subject[Any], span: Span) -> dict[str, Count | Sum]:
    """Return what counts each measure, by a name that no column has."""
    return {
        f"n_{one.code}": Sum(one.amount, filter=one.of(span), default=0)
        if one.amount
        else Count("pk", filter=one.of(span))
        for one in subject.measures
    }


def _summed(
    subject: Subject[Any], dimension: Dimension, groups: Iterable[Mapping[str, Any]]
) -> list[tuple[str, str, Counted]]:
    codes = [one.code for one in subject.measures]
    labels = dimension.labels() if dimension.labels else {}
    sums: dict[str, Counter[str]] = {}
    named: dict[str, str] = {}
    for group in groups:
        value = group[dimension.column]
        key = "" if value is None else str(value)
        named[key] = str(labels.get(key) or group.get(dimension.named_by) or "")
        sums.setdefault(key, Counter()).update({code: group[f"n_{code}"] for code in codes})
    found = [(key, named[key], dict(+numbers)) for key, numbers in sums.items()]
    most = codes[0]
    return sorted(
        (one for one in found if one[2]), key=lambda one: (-one[2].get(most, 0), one[1], one[0])
    )


def paces_of(user: User, span: Span, *, calendar: WorkCalendar) -> list[dict[str, Any]]:
    """Return for each procedure how many dossiers were answered in the span, and in how many
    working days from their receipt: half of them, nine tenths of them."""
    answered = Dossier.objects.visible_to(user).filter(
        decided_on__range=(span.since, span.until), received_on__isnull=False
    )
    groups = answered.order_by().values_list("kind", "received_on", "decided_on")
    taken: dict[str, Counter[int]] = {}
    for kind, received_on, decided_on, count in groups.annotate(Count("pk")):
        days = calendar.between(received_on, decided_on)
        taken.setdefault(kinds.get(kind).procedure, Counter())[days] += count
    return [
        {
            "procedure": str(procedure),
            "count": taken[procedure].total(),
            "half": quantile(taken[procedure], 50),
            "most": quantile(taken[procedure], 90),
        }
        for procedure in Procedure
        if procedure in taken
    ]


def quantile(counts: Mapping[int, int], percent: int) -> int | None:
    """Return the least value that ``percent`` of all do not exceed; None of nothing.

    ``counts`` says how often each value occurs.
    """
    values = sorted(counts)
    ends = list(accumulate(counts[value] for value in values))
    if not ends:
        return None
    wanted = -(-ends[-1] * percent // 100)
    return next(value for value, end in zip(values, ends, strict=True) if end >= wanted)
