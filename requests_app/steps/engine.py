"""Taking a step: the one place where the state of a dossier changes."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from portal.accounts.models import User
from portal.audit import services as audit
from portal.audit.look_only import refuse_look_only
from portal.core.database.conflicts import repeated
from portal.core.steps import IllegalStep
from portal.deadlines import services as deadlines
from portal.documents.models import Document
from requests_app.drafts.services import dossier_act
from requests_app.errors import Barred, StaleVersion
from requests_app.models import Dossier, DossierEvent
from requests_app.models.querysets import is_at_ca
from requests_app.steps.handler import Handler, row_facts
from requests_app.steps.handlers import handler_of
from requests_app.steps.notices import tell_of_step
from requests_app.workflow import (
    ENDED,
    TAKING,
    Action,
    DossierStep,
    Needs,
    find_step,
    queue_of,
    steps_open_to,
)

# Opening the draft again throws the signatures and every approval away.
_NEW_ROUND = frozenset({Action.REVISE, Action.SEND_BACK_TO_DRAFT, Action.RETURN, Action.REOPEN})
# The answer to a dossier; what is carried out afterwards takes its own time.
_ANSWERS = TAKING | {Action.CONFIRM, Action.REJECT, Action.ACKNOWLEDGE}


def take_step(
    dossier: Dossier,
    action: str,
    *,
    actor: User,
    now: datetime,
    version: int,
    reason_code: str = "",
    reason: str = "",
    pin: str = "",
    paper: Document | None = None,
) -> DossierEvent:
    """Move a dossier one step along and return the event.

    ``paper`` is a document the step goes out with that is not made here (a covering letter).
    Raises Dossier.DoesNotExist (not visible to the actor), IllegalStep (not in the table),
    Barred (four eyes), StaleVersion, Refused (a rule, a missing reason), or
    ca.tokens.WrongPin/Locked/NoPinYet when the step signs.
    """
    refuse_look_only(actor, now=now)
    seen = Dossier.objects.visible_to(actor).get(pk=dossier.pk)
    step = _permitted_step(seen, action, actor=actor, version=version)
    handler = handler_of(step.action)(step, actor, now, pin, paper)
    handler.prepare(seen)

    @transaction.atomic
    def take() -> DossierEvent:
        locked = (
            Dossier.objects.visible_to(actor)
            .select_for_update(of=("self",), no_key=True)
            .get(pk=dossier.pk)
        )
        _permitted_step(locked, action, actor=actor, version=version)
        handler.require(locked, reason=reason)
        handler.apply(locked)
        return _move(locked, handler, reason_code=reason_code, reason=reason)

    event = repeated(take)  # a PIN has been counted already: the request can't be repeated
    dossier.refresh_from_db()
    return event


def take_own_step(
    dossier: Dossier,
    action: Action,
    *,
    now: datetime,
    document: Document | None = None,
    reason: str = "",
) -> DossierEvent:
    """Take a step of the portal itself on a locked dossier, in the caller's transaction."""
    step = find_step(action, state=dossier.state, role=None, route=dossier.route)
    handler = handler_of(action)(step, None, now, document=document)
    handler.apply(dossier)
    return _move(dossier, handler, reason_code="", reason=reason)


def allowed_steps(dossier: Dossier, user: User) -> list[DossierStep]:
    """Return the steps ``user`` may take now: role, state, route and four eyes considered."""
    if user.looks_only or not Dossier.objects.visible_to(user).filter(pk=dossier.pk).exists():
        return []
    involved = _people_involved(dossier)
    return [
        step
        for step in steps_open_to(user.role, state=dossier.state, route=dossier.route)
        if not _is_barred(dossier, step, user, involved)
        and step.needs in (Needs.NOTHING, *row_facts(dossier))
    ]


def bars_of(dossier: Dossier, user: User) -> list[DossierStep]:
    """Return the steps four eyes keep ``user`` from, so that a page can say why."""
    involved = _people_involved(dossier)
    return [
        step
        for step in steps_open_to(user.role, state=dossier.state, route=dossier.route)
        if _is_barred(dossier, step, user, involved)
    ]


def _permitted_step(dossier: Dossier, action: str, *, actor: User, version: int) -> DossierStep:
    """Return the line of the table that lets ``actor`` do this now; raises as ``take_step``."""
    step = find_step(action, state=dossier.state, role=actor.role, route=dossier.route)
    if dossier.version != version:
        raise StaleVersion(seen=version, current=dossier.version)
    if _is_barred(dossier, step, actor, _people_involved(dossier)):
        raise Barred(step.action)
    return step


def _people_involved(dossier: Dossier) -> list[tuple[str, User]]:
    """Return (action, who) of this round, and "edit" for who changed the draft in any round.

    Who saved decisions about rows has decided, whoever put them before the second person.
    """
    events = dossier.events.filter(round=dossier.round, actor__isnull=False)
    taken = [(event.action, event.actor) for event in events.select_related("actor")]
    edited = [("edit", user) for user in dossier.edited_by.all()]
    decided = [(Action.DECIDE, user) for user in dossier.decided_by.all()]
    return [(action, user) for action, user in [*taken, *edited, *decided] if user is not None]


def _is_barred(
    dossier: Dossier, step: DossierStep, user: User, involved: list[tuple[str, User]]
) -> bool:
    bars = set(step.barred_by)
    watched = {str(action) for action in bars}
    if Action.REQUEST_SIGNATURE in bars:
        watched.add("edit")  # who edited has drafted
    return any(action in watched and user.is_same_person_as(other) for action, other in involved)


def _move(dossier: Dossier, handler: Handler, *, reason_code: str, reason: str) -> DossierEvent:
    """Write the new state with its event, clocks, notices and audit entry."""
    step, now = handler.step, handler.now
    event = DossierEvent.objects.create(
        dossier=dossier,
        action=step.action,
        source=dossier.state,
        target=step.target,
        round=dossier.round,
        actor=handler.actor,
        reason_code=reason_code,
        reason=reason.strip(),
        document=handler.document,
        at=now,
    )
    if step.action in _NEW_ROUND:
        dossier.round += 1
    dossier.state = step.target
    dossier.queue = queue_of(step.target, dossier.route)
    dossier.waiting_since = timezone.localdate(now) if dossier.queue else None
    if step.action in _ANSWERS:
        dossier.decided_on = dossier.decided_on or timezone.localdate(now)
    dossier.is_at_ca = is_at_ca(step.target, dossier.route)
    dossier.version += 1
    dossier.updated_at = now
    if step.target in ENDED:
        dossier.ended_at = now
    handler.follow(dossier)
    dossier.due_on = deadlines.next_dues(dossier.uuid).first()
    tell_of_step(dossier, event, now=now)
    dossier.save()
    audit.record(
        dossier_act(f"dossier.{step.action}", dossier, data={"state": dossier.state}),
        actor=handler.actor,
        now=now,
    )
    return event


__all__ = [
    "Barred",
    "IllegalStep",
    "StaleVersion",
    "allowed_steps",
    "bars_of",
    "take_own_step",
    "take_step",
]
