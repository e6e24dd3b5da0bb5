"""The work list: what waits for the person who signed in, most urgent first."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from devices.register.figures import figures as device_figures
from devices.register.figures import to_send
from portal.accounts.models import AccountChange, RoleGrant
from portal.ca.models import Certificate
from portal.ca.querysets import EXPIRING_WITHIN_DAYS
from portal.core.background.status import silent_words
from portal.core.roles import Capability, Scope
from portal.core.web.paging import Order, capped_count, keyset_page
from portal.core.web.waiting import waiting_for
from portal.notices.models import Mail
from requests_app.models import CoveringLetter, Dossier, RoutingProposal
from requests_app.worklist.agenda import Agenda

if TYPE_CHECKING:
    from portal.accounts.models import User, UserRequest

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
            context["dead_mails"] = capped_count(Mail.objects.visible_to(user).dead())
        else:
            open_ones = Dossier.objects.visible_to(user).exclude(queue="")
            context["overdue"] = capped_count(open_ones.filter(due_on__lt=timezone.localdate()))
        return render(request, "requests_app/home_without_work.html", context)
    now = timezone.now()
    today = timezone.localdate(now)
    waiting = Dossier.objects.workable_by(request.user).for_list().defer("contact", "note")
    page = keyset_page(
        waiting, order=Order("due_on", is_nullable=True), params=request.GET, size=_SHOWN
    )
    agenda = Agenda.of(request.user, page, today=today)
    # Count what is urgent; what stands on the page to its end is counted without asking.
    expiring = Certificate.objects.visible_to(request.user).expiring(
        now, within_days=EXPIRING_WITHIN_DAYS
    )
    days = [dossier.due_on for dossier in page]
    overdue = sum(day is not None and day < today for day in days)
    counts = {"overdue": overdue, "today": days.count(today), "waiting": len(days)}
    if not page.is_whole:
        waiting = Dossier.objects.workable_by(request.user)
        counts["waiting"] = capped_count(waiting)
        shows_all_urgent = page.previous_params is None and (days[-1] is None or days[-1] > today)
        if not shows_all_urgent:
            counts["overdue"] = capped_count(waiting.filter(due_on__lt=today))
            counts["today"] = capped_count(waiting.filter(due_on=today))
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
