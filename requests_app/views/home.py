"""The work list: what waits for the person who signed in, most urgent first."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from devices.waiting import figures as device_figures
from devices.waiting import to_send
from portal.accounts.models import RoleGrant
from portal.ca.models import Certificate
from portal.ca.querysets import EXPIRING_WITHIN_DAYS
from portal.core.paging import KeysetPage, Order, capped_count, keyset_page
from portal.core.roles import OFFICE_ROLES, Role
from portal.deadlines.models import Deadline
from portal.notices.models import Mail
from requests_app.models import CoveringLetter, Dossier, RoutingProposal

if TYPE_CHECKING:
    from portal.accounts.models import User, UserRequest

_SHOWN = 20
_DEADLINES_SHOWN = 10


@require_safe
def home(request: UserRequest) -> HttpResponse:
    """Show four figures, then the list; a role without dossiers sees where its work is."""
    if request.user.role in (Role.ADMINISTRATOR, Role.AUDITOR):
        return _without_dossiers(request)
    now = timezone.now()
    today = timezone.localdate(now)
    waiting = Dossier.objects.workable_by(request.user).for_list().defer("contact", "note")
    page = keyset_page(
        waiting, order=Order("due_on", is_nullable=True), params=request.GET, size=_SHOWN
    )
    deadlines = _other_deadlines(request.user, today=today)
    context = {
        "page": page,
        "figures": _figures(request.user, page, now=now, today=today),
        "devices": _devices(request.user, now=now),
        "covering": _covering_letters(request.user),
        "deadlines": deadlines[:_DEADLINES_SHOWN],
        "has_more_deadlines": len(deadlines) > _DEADLINES_SHOWN,
        "is_first_time": not page.object_list and not _has_any(request.user),
    }
    return render(request, "requests_app/home.html", context)


def _without_dossiers(request: UserRequest) -> HttpResponse:
    """Show the administrator and the auditor what there is for them to look after."""
    user = request.user
    context: dict[str, int] = {}
    if user.role == Role.ADMINISTRATOR:
        proposals = RoleGrant.objects.visible_to(user).open().select_related("proposed_by")
        context["grants"] = sum(not user.is_same_person_as(one.proposed_by) for one in proposals)
        rules = RoutingProposal.objects.visible_to(user).open().select_related("proposed_by")
        context["rules"] = sum(not user.is_same_person_as(one.proposed_by) for one in rules)
        context["dead_mails"] = capped_count(Mail.objects.visible_to(user).dead())
    else:
        open_ones = Dossier.objects.visible_to(user).exclude(queue="")
        context["overdue"] = capped_count(open_ones.filter(due_on__lt=timezone.localdate()))
    return render(request, "requests_app/home_without_work.html", context)


def _figures(
    user: User, page: KeysetPage[Dossier], *, now: datetime, today: date
) -> dict[str, int]:
    """Count what is urgent; a list that stands whole on the page is counted without asking."""
    expiring = Certificate.objects.visible_to(user).expiring(now, within_days=EXPIRING_WITHIN_DAYS)
    if page.is_whole:
        days = [dossier.due_on for dossier in page]
        overdue = sum(day is not None and day < today for day in days)
        counts = {"overdue": overdue, "today": days.count(today), "waiting": len(days)}
    else:
        waiting = Dossier.objects.workable_by(user)
        counts = {
            "overdue": capped_count(waiting.filter(due_on__lt=today)),
            "today": capped_count(waiting.filter(due_on=today)),
            "waiting": capped_count(waiting),
        }
    return counts | {"expiring": capped_count(expiring)}


def _devices(user: User, *, now: datetime) -> dict[str, int]:
    """Count what the user has to do about devices; empty when there is nothing."""
    match user.role:
        case Role.CLERK:
            counts = device_figures(user, now=now)
        case Role.CA_OPERATOR:
            counts = {"to_send": to_send(user, now=now)}
        case _:
            return {}
    return counts if any(counts.values()) else {}


def _covering_letters(user: User) -> int:
    """Count the covering letters that wait for the user's role at an office."""
    if user.role not in OFFICE_ROLES:
        return 0
    return capped_count(CoveringLetter.objects.workable_by(user))


def _other_deadlines(user: User, *, today: date) -> list[Deadline]:
    """Return what the user's own body owes besides dossiers, overdue first; one too many."""
    owed = Deadline.objects.visible_to(user).open().for_list(today).filter(agency=user.agency_id)
    others = owed.exclude(target_type="dossier").order_by("due_on", "pk")
    return list(others[: _DEADLINES_SHOWN + 1])


def _has_any(user: User) -> bool:
    return Dossier.objects.visible_to(user).exists()
