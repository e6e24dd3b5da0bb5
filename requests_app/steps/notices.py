"""Telling people of a step: whom the dossier waits for now, its sender, who follows it."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse

from portal.accounts.models import User
from portal.core.roles import Capability, Scope, profile_of
from portal.core.steps import PORTAL
from portal.notices import services as notices
from requests_app.models import Dossier, DossierEvent
from requests_app.steps.titles import clipped, title_of
from requests_app.workflow import Action, Route, State, queue_of

_TOLD_AGENCY = frozenset(
    {
        Action.RETURN, Action.FORWARD, Action.REJECT, Action.COMPLETE, Action.COMPLETE_PARTLY,
        Action.ACKNOWLEDGE, Action.SEND_BACK_TO_DRAFT, Action.TAKE_SOME, Action.STOP,
        Action.STOP_REST, Action.REOPEN,
    }
)  # fmt: skip


# The office that answers for the sender hears of what goes to the CA without it.
_PAST_THE_OFFICE = frozenset({Route.DIRECT, Route.NOTICE, Route.MINUTES})


def tell_of_step(dossier: Dossier, event: DossierEvent, *, now: datetime) -> None:
    """Tell whom the dossier waits for now and, where it matters, its sender and its copies."""
    recipients = {user.pk: user for user in _who_acts(dossier, dossier.queue)}
    if event.action in _TOLD_AGENCY:
        clerks = User.objects.who_can(Capability.DRAFT, agency_id=dossier.agency_id)
        recipients |= {user.pk: user for user in clerks}
    if event.action == Action.SEAL and dossier.route in _PAST_THE_OFFICE:
        informed = User.objects.of_office(dossier.office_id)
        recipients |= {user.pk: user for user in informed}
    if event.action in (Action.WITHDRAW, Action.RETURN, Action.STOP):
        # Whose desk it leaves, and the office it had passed, must not look for it in vain.
        left = _who_acts(dossier, queue_of(event.source, dossier.route))
        passed = User.objects.of_office(dossier.office_id) if dossier.sent_at else []
        recipients |= {user.pk: user for user in [*left, *passed]}
    recipients.pop(event.actor_id or 0, None)
    notices.tell(
        recipients.values(),
        cause=f"dossier-event:{event.pk}",
        title=clipped(f"{State(dossier.state).label}: {title_of(dossier)}"),
        text=event.reason,
        path=reverse("requests_app:detail", args=[dossier.uuid]),
        target_type="dossier",
        target_uuid=dossier.uuid,
        now=now,
    )


def _who_acts(dossier: Dossier, queue: str) -> list[User]:
    if not queue or queue == PORTAL:
        return []
    at_office = profile_of(queue).scope is Scope.OFFICE
    agency_id = dossier.office_id if at_office else dossier.agency_id
    return list(User.objects.who_act_for(roles={queue}, agency_id=agency_id))
