"""Taking a step: the one place where the state of a dossier changes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from portal.accounts.models import User
from portal.audit import services as audit
from portal.audit.look_only import refuse_look_only
from portal.core.database.conflicts import repeated
from portal.core.roles import Capability, Scope, profile_of
from portal.core.steps import PORTAL, IllegalStep
from portal.deadlines import services as deadlines
from portal.documents.models import Document
from portal.notices import services as notices
from requests_app import kinds
from requests_app.acts import dossier_act
from requests_app.errors import Barred, StaleVersion
from requests_app.models import Dossier, DossierEvent
from requests_app.models.querysets import is_at_ca
from requests_app.steps.handlers import (
    Confirm,
    Forward,
    HandBack,
    Handler,
    Receive,
    Reject,
    Reopen,
    RequestSignature,
    Retry,
    Seal,
    Sign,
    Stop,
    Withdraw,
    row_facts,
)
from requests_app.submission.signers import may_sign
from requests_app.titles import clipped, title_of
from requests_app.workflow import (
    AT_THE_AGENCY,
    ENDED,
    TAKING,
    Action,
    DossierStep,
    Needs,
    Route,
    State,
    find_step,
    queue_of,
    steps_open_to,
)

HANDLERS: Mapping[Action, type[Handler]] = {
    Action.REQUEST_SIGNATURE: RequestSignature,
    Action.REVISE: Reopen,
    Action.SEND_BACK_TO_DRAFT: Reopen,
    Action.REOPEN: Reopen,
    Action.SIGN: Sign,
    Action.SEAL: Seal,
    Action.FORWARD: Forward,
    Action.RETURN: HandBack,
    Action.CONFIRM: Confirm,
    Action.RETRY: Retry,
    Action.REJECT: Reject,
    Action.TAKE_ALL: Receive,
    Action.TAKE_SOME: Receive,
    Action.WITHDRAW: Withdraw,
    Action.STOP: Stop,
}


def handler_of(action: Action) -> type[Handler]:
    """Return what takes ``action``."""
    return HANDLERS.get(action, Handler)


_TOLD_AGENCY = frozenset(
    {
        Action.RETURN, Action.FORWARD, Action.REJECT, Action.COMPLETE, Action.COMPLETE_PARTLY,
        Action.REFUSE_ALL, Action.ACKNOWLEDGE, Action.SEND_BACK_TO_DRAFT, Action.TAKE_SOME,
        Action.STOP, Action.STOP_REST, Action.REOPEN,
    }
)  # fmt: skip


# The office that answers for the sender hears of what goes to the CA without it.
_PAST_THE_OFFICE = frozenset({Route.DIRECT, Route.NOTICE, Route.MINUTES})


def tell_of_step(dossier: Dossier, event: DossierEvent, *, now: datetime) -> None:
    """Tell whom the dossier waits for now and, where it matters, its sender and its copies."""
    acting = {user.pk: user for user in _who_acts(dossier, dossier.queue)}
    recipients: dict[int, User] = {}
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
    # Those beside the sender hear that it was taken back, not what was being corrected.
    is_correction = event.action in (Action.WITHDRAW, Action.STOP) and dossier.round > 1
    is_unsent = is_correction and event.source in AT_THE_AGENCY
    # A correction not yet sent is the sender's own: without number and names.
    title = (
        f"{kinds.get(dossier.kind).headline_of(0)} – {dossier.agency.name}"
        if is_unsent
        else title_of(dossier)
    )
    notices.settle("dossier", dossier.uuid, now=now)
    # Whose turn it is is asked, once, until the next step; the others are told.
    for asks, told in ((True, acting), (False, recipients)):
        notices.tell(
            [user for pk, user in told.items() if pk != event.actor_id],
            cause=f"dossier-event:{event.pk}",
            title=clipped(f"{State(dossier.state).label}: {title}"),
            text=event.reason,
            path=reverse("requests_app:detail", args=[dossier.uuid]),
            target_type="dossier",
            target_uuid=dossier.uuid,
            asks=asks,
            now=now,
        )


def _who_acts(dossier: Dossier, queue: str) -> list[User]:
    if not queue or queue == PORTAL:
        return []
    at_office = profile_of(queue).scope is Scope.OFFICE
    agency_id = dossier.office_id if at_office else dossier.agency_id
    found = User.objects.who_act_for(roles={queue}, agency_id=agency_id)
    if dossier.state == State.AWAITING_SIGNATURE:
        return [user for user in found if may_sign(dossier, user)]
    return list(found)


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
    signed_elsewhere: bytes = b"",
) -> DossierEvent:
    """Move a dossier one step along and return the event.

    ``paper`` is a document the step goes out with that is not made here (a covering letter);
    ``signed_elsewhere`` is the letter signed with the device's own software, in place of a PIN.
    Raises Dossier.DoesNotExist (not visible to the actor), IllegalStep (not in the table),
    Barred (four eyes), StaleVersion, Refused (a rule, a missing reason), or
    ca.tokens.WrongPin/Locked/NoPinYet when the step signs.
    """
    refuse_look_only(actor, now=now)
    seen = Dossier.objects.visible_to(actor).get(pk=dossier.pk)
    step = _permitted_step(seen, action, actor=actor, version=version)
    handler = handler_of(step.action)(step, actor, now, pin, paper, signed_elsewhere)
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
        and (step.action != Action.SIGN or may_sign(dossier, user))
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
    is_answered_outside = dossier.route == Route.OUTSIDE and step.target in ENDED
    if step.action in _ANSWERS or is_answered_outside:
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
