"""What people decide of lines that failed or cannot go on: once more, otherwise, or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _

from orgmerge.models import Merger, PlanLine
from orgmerge.planner.codes import Why
from orgmerge.plans import line_states
from orgmerge.vocabulary import FORM_OF, About, Action, LineState, MergerState
from portal.accounts.models import User
from portal.agencies.models import SubscriberKind
from portal.ca.models import Certificate
from portal.core.roles import Capability
from portal.core.rules import refuse
from requests_app.steps.errors import NotEditable

# What a line can be turned into when it can't be done as it was planned.
INSTEAD: Mapping[tuple[str, str], tuple[Action, ...]] = {
    (About.CERTIFICATE, Action.CHANGE): (Action.ISSUE, Action.REVOKE),
    (About.CERTIFICATE, Action.ISSUE): (Action.REVOKE,),
    (About.DEVICE, Action.RECOVER): (Action.REPORT_LOSS,),
    (About.DEVICE, Action.RETURN): (Action.REPORT_LOSS,),
}
_ISSUE_FORMS = {
    SubscriberKind.PERSON: "01",
    SubscriberKind.ORGANISATION: "02",
    SubscriberKind.SYSTEM: "03",
}


@transaction.atomic
def again(
    line: PlanLine, *, actor: User, now: datetime, action: str = "", reason: str = ""
) -> PlanLine:
    """Let a line that failed be opened once more, as it was or as ``action``; a new row carries it
    out, the old one stays where it is.

    The office's officer may, and as it was the clerk of the body that files. Raises
    PlanLine.DoesNotExist (not visible), PermissionDenied, NotEditable (it has not failed) or
    Refused.
    """
    merger, locked = _locked(line, actor=actor)
    if not may_act(locked, actor):
        raise PermissionDenied("the office or the body that files lets a line be tried again")
    if locked.state != LineState.FAILED:
        raise NotEditable(locked.state)
    if action and action != locked.action:
        if not actor.can(Capability.PREPARE_REORGANISATIONS):
            raise PermissionDenied("the office decides what is done instead")
        if action not in instead_of(locked):
            raise refuse("not_an_answer", _("Không quyết định như vậy cho việc này được."))
        form = FORM_OF.get(action, "")
        if action == Action.ISSUE:
            kind = Certificate.objects.values_list("kind", flat=True).get(pk=locked.target_id)
            form = _ISSUE_FORMS[SubscriberKind(kind)]
        locked.action, locked.form = action, form
        locked.reason = Why.DEVICE_LOST if action == Action.REPORT_LOSS else Why.SETTLED
    line_states.plan_again(merger, locked, actor=actor, reason=reason.strip(), now=now)
    return locked


@transaction.atomic
def set_aside(line: PlanLine, *, actor: User, now: datetime, reason: str) -> PlanLine:
    """End a line that nobody will carry out any more, with the reason; raises as ``again``.

    A line whose row is still under way is not set aside: the row would go on without it.
    """
    merger, locked = _locked(line, actor=actor)
    if not actor.can(Capability.PREPARE_REORGANISATIONS):
        raise PermissionDenied("the office sets lines aside")
    if locked.state not in (LineState.FAILED, LineState.PLANNED):
        raise NotEditable(locked.state)
    if not reason.strip():
        raise refuse("no_reason", _("Phải nêu rõ lý do."), way_out=_("Ghi lý do rồi làm lại."))
    locked.outcome = reason.strip()
    line_states.end(merger, [locked], LineState.OVERTAKEN, actor=actor, now=now)
    return locked


def may_act(line: PlanLine, user: User) -> bool:
    """Say whether ``user`` may let a failed line be opened again."""
    is_theirs = line.sender is not None and line.sender.agency_id == user.agency_id
    # An officer who sees the reorganisation works on it.
    return user.can(Capability.PREPARE_REORGANISATIONS) or (
        user.can(Capability.DRAFT) and is_theirs
    )


def instead_of(line: PlanLine) -> tuple[Action, ...]:
    """Return what a line can be turned into."""
    return INSTEAD.get((line.about, line.action), ())


def _locked(line: PlanLine, *, actor: User) -> tuple[Merger, PlanLine]:
    """Return the reorganisation, locked while it is in force, and the line."""
    found = Merger.objects.visible_to(actor).select_for_update(of=("self",), no_key=True)
    merger = found.select_related("office").filter(approved_plan=line.plan_id).first()
    if merger is None:
        raise PlanLine.DoesNotExist(line.pk)
    if merger.state != MergerState.IN_FORCE:
        raise NotEditable(merger.state)
    rows = PlanLine.objects.select_for_update(of=("self",), no_key=True)
    return merger, rows.select_related("sender", "item", "dossier").get(pk=line.pk)
