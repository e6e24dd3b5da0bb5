"""Figures of use, from the sums by month: no page reads single events to count them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Count, Max, Q, QuerySet, Sum
from django.utils import timezone

from portal.accounts.models import User
from portal.agencies.models import Agency
from portal.ca.models import Certificate
from portal.core.roles import Scope
from portal.core.web.paging import capped_count
from portal.usage.models import BodyMonth, IdleInquiry, PublicCertificate, UsageAlarm, UsageMonth
from portal.usage.querysets import idle_for, supervised_bodies, without_signing
from portal.usage.rules import (
    IDLE_DAYS,
    RECENT_DAYS,
    DocumentKind,
    month_of,
    months_until,
)

MONTHS_SHOWN = 12
_COUNTED = ("agency", "n", "before")


@dataclass(frozen=True, slots=True)
class Sums:
    """How often was signed: by month (the newest first), by system, by kind of document."""

    months: Sequence[tuple[date, int]]
    systems: Sequence[tuple[str, int]]
    kinds: Sequence[tuple[str, int]]
    total: int


def visible_sums(user: User) -> QuerySet[BodyMonth]:
    """Return the sums of the bodies whose use ``user`` may see."""
    if user.scope is Scope.CA:
        return BodyMonth.objects.all()
    return BodyMonth.objects.filter(agency__in=supervised_bodies(user).values("pk"))


def sums_of(rows: QuerySet[BodyMonth], *, now: datetime) -> Sums:
    """Return the sums of the last twelve months (one query)."""
    shown = months_until(month_of(now), MONTHS_SHOWN)
    by_month: Counter[date] = Counter()
    by_system: Counter[str] = Counter()
    by_kind: Counter[str] = Counter()
    grouped = rows.filter(month__range=(shown[0], shown[-1])).order_by()
    counted = grouped.values("month", "system__name", "document_kind").annotate(n=Sum("count"))
    for month, system, kind, number in counted.values_list(
        "month", "system__name", "document_kind", "n"
    ):
        by_month[month] += number
        by_system[system] += number
        by_kind[kind] += number
    labels = dict(DocumentKind.choices)
    return Sums(
        months=[(month, by_month[month]) for month in reversed(shown)],
        systems=[one for one in by_system.most_common() if one[1]],
        kinds=[(str(labels[kind]), number) for kind, number in by_kind.most_common() if number],
        total=by_month.total(),
    )


def waiting_figures(user: User, *, now: datetime) -> dict[str, int]:
    """Return the counts on top of the overview; each is that of a list."""
    existing = supervised_bodies(user).existing(timezone.localdate(now))
    return {
        "alarms": capped_count(UsageAlarm.objects.visible_to(user).open()),
        "idle": capped_count(idle_for(Certificate.objects.visible_to(user), RECENT_DAYS, now=now)),
        "silent": capped_count(without_signing(existing, RECENT_DAYS, now=now)),
        "inquiries": capped_count(IdleInquiry.objects.visible_to(user).open()),
        "public": capped_count(PublicCertificate.objects.visible_to(user).in_use()),
    }


@dataclass(frozen=True, slots=True)
class LastUse:
    """When a certificate signed last, and how often in the last twelve months."""

    at: datetime | None = None
    recent: int = 0


def last_uses(certificates: Iterable[int], *, now: datetime) -> Mapping[int, LastUse]:
    """Return the last use of certificates by key (two queries); LastUse() where none is known."""
    keys = list(certificates)
    rows = UsageMonth.objects.filter(certificate__in=keys).order_by().values("certificate")
    found: dict[int, LastUse] = defaultdict(LastUse)
    since = months_until(month_of(now), MONTHS_SHOWN)[0]
    recent = dict(
        rows.filter(month__gte=since).annotate(n=Sum("count")).values_list("certificate", "n")
    )
    for key, at in rows.annotate(at=Max("last_at")).values_list("certificate", "at"):
        found[key] = LastUse(at, recent.get(key, 0))
    return found


@dataclass(frozen=True, slots=True)
class BodyFigures:
    """What a body has and what it does with it."""

    agency: Agency
    certificates: int = 0
    used: int = 0
    idle: int = 0
    events: int = 0
    last_month: date | None = None
    is_silent: bool = False  # it could sign and does not


def body_figures(agencies: Iterable[Agency], *, now: datetime) -> list[BodyFigures]:
    """Return the figures of bodies, in a fixed number of queries (four)."""
    bodies = list(agencies)
    keys = [body.pk for body in bodies]
    bound = now - timedelta(days=RECENT_DAYS)
    standing = Certificate.objects.filter(agency__in=keys).usable_at(now).order_by()
    counted = standing.values("agency").annotate(
        n=Count("pk"), before=Count("pk", filter=Q(not_before__lte=bound))
    )
    held = {agency: (n, before) for agency, n, before in counted.values_list(*_COUNTED)}
    idle = idle_for(Certificate.objects.filter(agency__in=keys), IDLE_DAYS[0], now=now).order_by()
    lying = dict(idle.values("agency").annotate(n=Count("pk")).values_list("agency", "n"))
    months = UsageMonth.objects.filter(
        certificate__in=standing.values("pk"), month__gte=month_of(bound), last_at__gt=bound
    ).order_by()
    used = dict(
        months.values("certificate__agency")
        .annotate(n=Count("certificate", distinct=True))
        .values_list("certificate__agency", "n")
    )
    sums = BodyMonth.objects.filter(agency__in=keys, count__gt=0).order_by()
    events: dict[int, tuple[int, date | None]] = {}
    for agency, month, number in (
        sums.filter(month__gte=months_until(month_of(now), MONTHS_SHOWN)[0])
        .values("agency", "month")
        .annotate(n=Sum("count"))
        .values_list("agency", "month", "n")
    ):
        before, last = events.get(agency, (0, None))
        recent = number if month >= month_of(bound) else 0
        events[agency] = (before + recent, max(last or month, month))
    figures = []
    for body in bodies:
        number, of_before = held.get(body.pk, (0, 0))
        signed, last_month = events.get(body.pk, (0, None))
        figures.append(
            BodyFigures(
                agency=body,
                certificates=number,
                used=used.get(body.pk, 0),
                idle=lying.get(body.pk, 0),
                events=signed,
                last_month=last_month,
                is_silent=bool(of_before and not signed),
            )
        )
    return figures
