"""The dashboard of an office and of the CA."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate
from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import Count, Min
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from portal.core.calendar.workdays import work_calendar
from portal.core.roles import Capability
from portal.deadlines.models import Deadline, DeadlineKind
from portal.deadlines.querysets import CERTIFICATE_KINDS
from requests_app import kinds
from requests_app.models import Dossier
from requests_app.pages.desks import AGES, DESK_OF, DESKS, age_of
from requests_app.registers.books import returns
from requests_app.workflow import Procedure

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    from portal.accounts.models import User, UserRequest
    from portal.core.calendar.workdays import WorkCalendar

LATE_SHOWN = 50  # bodies and kinds of work, the longest overdue first
WINDOWS = (30, 90)  # days back over which decisions are looked at
_WORK = [str(kind) for kind in DeadlineKind if kind not in CERTIFICATE_KINDS]
_ABOUT_DEVICES = (
    DeadlineKind.HANDOVER_NOTICE,
    DeadlineKind.DEVICE_RETURN,
    DeadlineKind.LOSS_MINUTES,
)


@dataclass(frozen=True, slots=True)
class Late:
    """What one body owes of one kind and is late with, since when."""

    agency: str
    agency_uuid: UUID
    kind: str
    count: int
    since: date

    @property
    def label(self) -> str:
        return str(DeadlineKind(self.kind).label)

    @property
    def url(self) -> str:
        """The list of exactly these."""
        name = "body" if self.kind == DeadlineKind.DEVICE_RETURN else "agency"
        return f"{_list_of(self.kind)}&{name}={self.agency_uuid}"


@dataclass(frozen=True, slots=True)
class LateKind:
    """What is late of one kind, whoever owes it."""

    kind: str
    count: int
    since: date

    @property
    def label(self) -> str:
        return str(DeadlineKind(self.kind).label)

    @property
    def url(self) -> str:
        """The list of exactly these."""
        return _list_of(self.kind)


def _list_of(kind: str) -> str:
    """Return the list of what is late of one kind; devices to be given back have their own."""
    if kind == DeadlineKind.DEVICE_RETURN:
        return f"{reverse('registers:register', args=[returns.REGISTER.slug])}?state=overdue"
    return f"{reverse('deadlines:list')}?state=overdue&kind={kind}"


@dataclass(frozen=True, slots=True)
class Desk:
    """How many dossiers wait at a desk, by age group."""

    desk: str
    by_age: Mapping[str, int]

    @property
    def label(self) -> str:
        return str(DESKS[self.desk])

    @property
    def total(self) -> int:
        return sum(self.by_age.values())

    @property
    def url(self) -> str:
        """The list of exactly these."""
        return f"{reverse('requests_app:list')}?desk={self.desk}&sort=oldest"

    @property
    def groups(self) -> list[tuple[_StrPromise, int, str, bool]]:
        """Each age group: its words, how many, their list, whether they have waited too long."""
        return [
            (label, self.by_age[age], f"{self.url}&waited={age}", age == list(AGES)[-1])
            for age, (_first, label) in AGES.items()
        ]


@dataclass(frozen=True, slots=True)
class Pace:
    """Median working days from receipt to answer, and of how many, for each window."""

    label: str
    windows: Sequence[tuple[float | None, int]]


@dataclass(frozen=True, slots=True)
class Dashboard:
    """Everything on the page."""

    late: Sequence[Late]
    has_more_late: bool
    late_kinds: Sequence[LateKind]
    desks: Sequence[Desk]
    paces: Sequence[Pace]

    @classmethod
    def of(cls, user: User, *, today: date, calendar: WorkCalendar) -> Dashboard:
        """Return the figures for what ``user`` sees (four queries)."""
        overdue = Deadline.objects.visible_to(user).overdue(today).filter(kind__in=_WORK).order_by()
        of_bodies = overdue.values_list("agency__name", "agency__uuid", "kind")
        counted = of_bodies.annotate(count=Count("pk"), since=Min("due_on"))
        late = [Late(*row) for row in counted.order_by("since", "-count")[: LATE_SHOWN + 1]]
        late_kinds = overdue.values_list("kind").annotate(count=Count("pk"), since=Min("due_on"))
        # Count what waits at each desk; the worker's queue is a desk too.
        waiting = Dossier.objects.visible_to(user).filter(queue__in=list(DESK_OF))
        queues = waiting.order_by().values_list("queue", "waiting_since").annotate(Count("pk"))
        counts: dict[str, Counter[str]] = defaultdict(Counter)
        for queue, since, count in queues:
            age = age_of(calendar.between(since or today, today))
            counts[DESK_OF[queue]][age] += count
        # The medians by procedure, out of counts by day of receipt and of answer.
        answered = Dossier.objects.visible_to(user).filter(
            decided_on__gt=today - timedelta(days=max(WINDOWS)), decided_on__lte=today
        )
        paces = answered.order_by().values_list("kind", "received_on", "decided_on")
        taken: dict[str, dict[int, Counter[int]]] = defaultdict(
            lambda: {window: Counter() for window in WINDOWS}
        )
        for kind, received_on, decided_on, count in paces.annotate(Count("pk")):
            days = calendar.between(received_on, decided_on)
            for window in WINDOWS:
                if decided_on > today - timedelta(days=window):
                    taken[kinds.get(kind).procedure][window][days] += count
        return cls(
            late=late[:LATE_SHOWN],
            has_more_late=len(late) > LATE_SHOWN,
            late_kinds=[LateKind(*row) for row in late_kinds.order_by("-count", "kind")],
            desks=[Desk(desk, counts[desk]) for desk in DESKS if desk in counts],
            paces=[
                Pace(
                    str(procedure.label),
                    [
                        (median(taken[procedure][window]), taken[procedure][window].total())
                        for window in WINDOWS
                    ],
                )
                for procedure in Procedure
                if procedure in taken
            ],
        )

    @property
    def late_count(self) -> int:
        return sum(one.count for one in self.late_kinds)

    @property
    def late_devices(self) -> list[LateKind]:
        """Devices handed over or to be given back of which the papers are overdue."""
        return [one for one in self.late_kinds if one.kind in _ABOUT_DEVICES]


def median(counts: Mapping[int, int]) -> float | None:
    """Return the median of values given with how often each occurs; None of nothing."""
    values = sorted(counts)
    ends = list(accumulate(counts[value] for value in values))
    if not ends:
        return None
    total = ends[-1]
    # The places of the two middle values, from 1; of an odd number the same twice.
    middle = (values[bisect_left(ends, half)] for half in ((total + 1) // 2, total // 2 + 1))
    return sum(middle) / 2


@require_safe
def dashboard(request: UserRequest) -> HttpResponse:
    if not request.user.can(Capability.SEE_DASHBOARD):
        raise Http404
    figures = Dashboard.of(request.user, today=timezone.localdate(), calendar=work_calendar())
    ages = [label for _first, label in AGES.values()]
    context = {"figures": figures, "ages": ages, "windows": WINDOWS}
    return render(request, "requests_app/dashboard.html", context)
