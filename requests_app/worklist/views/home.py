"""The work list: what waits for the person who signed in, most urgent first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlencode

from django.db.models import Case, CharField, Count, Max, Q, Value, When, Window
from django.db.models.functions import Concat, RowNumber
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from devices.register.figures import figures as device_figures
from devices.register.figures import to_send
from portal.accounts.models import AccountChange, RoleGrant, User
from portal.ca.models import Certificate
from portal.ca.querysets import EXPIRING_WITHIN_DAYS
from portal.core.background.status import silent_words
from portal.core.calendar.workdays import unannounced_years, work_calendar
from portal.core.roles import Capability, Scope
from portal.core.web.paging import KeysetPage, Order, capped_count, keyset_page
from portal.core.web.waiting import waiting_for
from portal.deadlines.models import Deadline, DeadlineKind
from portal.deadlines.querysets import CERTIFICATE_KINDS, DOORS_SHOWN_DAYS
from portal.notices.models import Mail
from requests_app.models import CoveringLetter, Dossier, RoutingProposal, RoutingRule

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    from portal.accounts.models import UserRequest

    class _Owed(Deadline):
        """A clock with its place among its like; of certificates how many and the last day."""

        place: int
        count: int
        last_on: date


CLOCKS_SHOWN = 10
LATE, TODAY, WEEK, COMING, OPEN = "qua-han", "hom-nay", "trong-tuan", "sap-toi", "chua-co-han"
_TITLES: dict[str, _StrPromise] = {
    LATE: gettext_lazy("Quá hạn"),
    TODAY: gettext_lazy("Đến hạn hôm nay"),
    WEEK: gettext_lazy("Trong tuần này"),
    COMING: gettext_lazy("Sắp tới"),
    OPEN: gettext_lazy("Chưa có hạn"),
}


@dataclass(frozen=True, slots=True)
class Doors:
    """Certificates whose door shuts within one section, told as one line with the first one's."""

    first: Deadline
    count: int
    last_on: date

    @property
    def due_on(self) -> date:
        return self.first.due_on

    @property
    def words(self) -> str:
        """What must be done about them: "12 chứng thư phải gia hạn trước 30/11/2026"."""
        day = f"{self.first.due_on:%d/%m/%Y}"
        is_one, is_door = self.count == 1, self.first.kind == DeadlineKind.RENEWAL_DOOR
        if is_one and is_door:
            return _("Chứng thư phải đề nghị gia hạn, thay đổi chậm nhất %(day)s") % {"day": day}
        if is_one:
            return _("Chứng thư hết hạn ngày %(day)s, chỉ còn cấp mới") % {"day": day}
        if is_door:
            message = _("%(count)d chứng thư phải đề nghị gia hạn, thay đổi chậm nhất %(day)s")
        else:
            message = _("%(count)d chứng thư hết hạn từ %(day)s, chỉ còn cấp mới")
        return message % {"count": self.count, "day": day}

    @property
    def url(self) -> str:
        """The one certificate, or the list of exactly these."""
        if self.count == 1 and self.first.path:
            return self.first.path
        asked = {
            "kind": self.first.kind,
            "since": f"{self.first.due_on:%d/%m/%Y}",
            "until": f"{self.last_on:%d/%m/%Y}",
            "agency": self.first.agency.uuid,
        }
        return f"{reverse('deadlines:list')}?{urlencode(asked)}"


@dataclass(slots=True)
class Section:
    """What is due at about one time: dossiers, other clocks of the own body, certificates."""

    code: str
    dossiers: list[Dossier] = field(default_factory=list)
    clocks: list[Deadline] = field(default_factory=list)
    doors: list[Doors] = field(default_factory=list)

    @property
    def title(self) -> str:
        return str(_TITLES[self.code])

    @property
    def is_late(self) -> bool:
        return self.code == LATE

    @property
    def owed(self) -> list[Deadline | Doors]:
        """What is due besides dossiers, the first day first."""
        return sorted([*self.clocks, *self.doors], key=lambda one: one.due_on)

    @property
    def is_empty(self) -> bool:
        return not (self.dossiers or self.clocks or self.doors)


@dataclass(frozen=True, slots=True)
class Agenda:
    """The sections that hold something, the most urgent first."""

    sections: Sequence[Section]
    has_more_clocks: bool

    @classmethod
    def of(cls, user: User, page: KeysetPage[Dossier], *, today: date) -> Agenda:
        """Return the agenda of a page of dossiers that wait for ``user`` (one query).

        What the own body owes besides dossiers stands on the first page alone.
        """
        sections = {code: Section(code) for code in _TITLES}
        for dossier in page:
            sections[_section_of(dossier.due_on, today)].dossiers.append(dossier)
        has_more = False
        if page.previous_params is None:
            # Overdue first, one clock too many. Of the certificates whose door shuts soon each
            # section has its first row alone, which knows how many there are: one query.
            near = Q(due_on__range=(today, today + timedelta(days=DOORS_SHOWN_DAYS)))
            is_door = Q(kind__in=CERTIFICATE_KINDS)
            owed = Deadline.objects.visible_to(user).open().filter(agency=user.agency_id)
            group = Case(
                When(is_door & Q(due_on=today), then=Concat("kind", Value(TODAY))),
                When(is_door & Q(due_on__lte=_sunday(today)), then=Concat("kind", Value(WEEK))),
                When(is_door, then=Concat("kind", Value(COMING))),
                default=Value(""),
                output_field=CharField(),
            )
            rows = (
                owed.exclude(target_type="dossier")
                .filter(~is_door | near)
                .annotate(group=group)
                .annotate(
                    place=Window(RowNumber(), partition_by="group", order_by=["due_on", "pk"]),
                    count=Window(Count("pk"), partition_by="group"),
                    last_on=Window(Max("due_on"), partition_by="group"),
                )
                .filter(Q(place=1) | Q(group="", place__lte=CLOCKS_SHOWN + 1))
            )
            rows = rows.select_related("agency").order_by("due_on", "pk")
            for row in cast("list[_Owed]", list(rows)):
                section = sections[_section_of(row.due_on, today)]
                if row.kind in CERTIFICATE_KINDS:
                    section.doors.append(Doors(row, row.count, row.last_on))
                elif row.place <= CLOCKS_SHOWN:
                    section.clocks.append(row)
                else:
                    has_more = True
        filled = [section for section in sections.values() if not section.is_empty]
        return cls(filled, has_more)

    @property
    def is_empty(self) -> bool:
        return not self.sections


def _section_of(day: date | None, today: date) -> str:
    if day is None:
        return OPEN
    if day <= today:
        return TODAY if day == today else LATE
    return WEEK if day <= _sunday(today) else COMING


def _sunday(today: date) -> date:
    return today + timedelta(days=6 - today.weekday())


_SHOWN = 20


@require_safe
def home(request: UserRequest) -> HttpResponse:
    """Show four figures, then the list; a role without dossiers sees where its work is."""
    if not request.user.can(Capability.WORK_ON_DOSSIERS):
        # Show the administrator and the auditor what there is for them to look after.
        user = request.user
        context: dict[str, Any] = {}
        if user.can(Capability.ADMINISTER):
            context["silent"] = silent_words(timezone.now())
            proposals = RoleGrant.objects.visible_to(user).open().select_related("proposed_by")
            changes = AccountChange.objects.visible_to(user).open().select_related("proposed_by")
            context["grants"] = sum(
                not user.is_same_person_as(one.proposed_by) for one in [*proposals, *changes]
            )
            rules = RoutingProposal.objects.visible_to(user).open().select_related("proposed_by")
            context["rules"] = sum(not user.is_same_person_as(one.proposed_by) for one in rules)
            today = timezone.localdate()
            context["without_role"] = User.objects.visible_to(user).without_role().count()
            context["ending_routes"] = RoutingRule.objects.ending_without_next(today).count()
            context["unannounced"] = unannounced_years(today, work_calendar())
            context["others"] = waiting_for(user)
            context["dead_mails"] = capped_count(Mail.objects.visible_to(user).dead())
        else:
            today = timezone.localdate()
            context["overdue"] = capped_count(Deadline.objects.visible_to(user).overdue(today))
        return render(request, "requests_app/home_without_work.html", context)
    now = timezone.now()
    today = timezone.localdate(now)
    waiting = Dossier.objects.workable_by(request.user).for_list().defer("contact", "note")
    page = keyset_page(
        waiting, order=Order("due_on", is_nullable=True), params=request.GET, size=_SHOWN
    )
    agenda = Agenda.of(request.user, page, today=today)
    # What is urgent is counted as the list of deadlines has it, whoever of the body has it in hand;
    # what stands on the page to its end is counted without asking.
    expiring = Certificate.objects.visible_to(request.user).expiring(
        now, within_days=EXPIRING_WITHIN_DAYS
    )
    clocks = Deadline.objects.visible_to(request.user)
    counts = clocks.urgent(today, own=request.user.agency_id) | {"waiting": len(page)}
    if not page.is_whole:
        counts["waiting"] = capped_count(Dossier.objects.workable_by(request.user))
    context = {
        "page": page,
        "figures": counts | {"expiring": capped_count(expiring)},
        "devices": _devices(request.user, now=now),
        "covering": (
            capped_count(CoveringLetter.objects.workable_by(request.user))
            if request.user.scope is Scope.OFFICE
            else 0
        ),
        "to_install": (
            capped_count(Certificate.objects.visible_to(request.user).to_install(now))
            if request.user.can(Capability.CONFIRM_INSTALLATION)
            else 0
        ),
        "others": waiting_for(request.user),
        "agenda": agenda,
        "has_dashboard": request.user.can(Capability.SEE_DASHBOARD),
        "silent": silent_words(now) if request.user.scope is Scope.CA else [],
        "is_first_time": agenda.is_empty and not Dossier.objects.visible_to(request.user).exists(),
    }
    return render(request, "requests_app/home.html", context)


def _devices(user: User, *, now: datetime) -> dict[str, int]:
    """Count what the user has to do about devices; empty when there is nothing."""
    if user.can(Capability.KEEP_DEVICES):
        counts = device_figures(user, now=now)
    elif user.can(Capability.SUPPLY_DEVICES):
        counts = {"to_send": to_send(user, now=now)}
    else:
        return {}
    return counts if any(counts.values()) else {}
