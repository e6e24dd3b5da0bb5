"""Taking a step: the one place where the state of a dossier changes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from portal.accounts.models import User
from portal.agencies.models import AgencyVersion
from portal.audit import services as audit
from portal.core.rules import Refused, Violation, refuse
from portal.documents.models import Document
from requests_app import kinds
from requests_app.kinds.base import EffectKind
from requests_app.models import Decision, Dossier, DossierEvent, Outcome, RoutingRule
from requests_app.querysets import is_at_ca
from requests_app.rules import dossiers as rules
from requests_app.services import effects, letters, returns
from requests_app.services.checks import (
    violations_before_sending,
    violations_before_signing,
    violations_of_sender,
)
from requests_app.services.drafts import dossier_act
from requests_app.services.errors import Barred, StaleVersion
from requests_app.services.routing import copies_for
from requests_app.services.settling import apply_rule, set_copies, settle
from requests_app.services.signing_mode import signing_mode
from requests_app.workflow import (
    ENDED,
    TAKING,
    Action,
    IllegalStep,
    Needs,
    State,
    Step,
    find_step,
    queue_of,
    steps_open_to,
)

# Opening the draft again throws the signatures and every approval away.
_NEW_ROUND = frozenset({Action.REVISE, Action.SEND_BACK_TO_DRAFT, Action.RETURN, Action.REOPEN})
# The answer to a dossier; what is carried out afterwards takes its own time.
_ANSWERS = TAKING | {Action.CONFIRM, Action.REJECT, Action.ACKNOWLEDGE}


@dataclass(slots=True)
class _Prepared:
    """What is made before the row is locked: it takes long, or must commit on its own."""

    rule: RoutingRule | None = None
    version: AgencyVersion | None = None
    letter: bytes | None = None
    signer: letters.Signer | None = None
    receipt: returns.Receipt | None = None
    refusal: bytes | None = None
    document: Document | None = None


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
    seen = Dossier.objects.visible_to(actor).get(pk=dossier.pk)
    step = find_step(action, state=seen.state, role=actor.role, route=seen.route)
    _check_version(seen, version)
    _check_eyes(seen, step, actor=actor)
    prepared = _prepare(seen, step, actor=actor, now=now, pin=pin)
    prepared.document = paper
    with transaction.atomic():
        locked = (
            Dossier.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=dossier.pk)
        )
        step = find_step(action, state=locked.state, role=actor.role, route=locked.route)
        _check_version(locked, version)
        _check_eyes(locked, step, actor=actor)
        _check_rules(locked, step, now=now, reason=reason)
        _before(locked, step, prepared, actor=actor, now=now)
        event = _move(
            locked,
            step,
            actor=actor,
            now=now,
            reason_code=reason_code,
            reason=reason,
            document=prepared.document,
        )
        audit.record(
            dossier_act(f"dossier.{action}", locked, data={"state": locked.state}),
            actor=actor,
            now=now,
        )
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
    if step.target == State.DRAFT:
        _throw_away_the_last_round(dossier)
    event = _move(
        dossier, step, actor=None, now=now, reason_code="", reason=reason, document=document
    )
    audit.record(
        dossier_act(f"dossier.{action}", dossier, data={"state": dossier.state}),
        actor=None,
        now=now,
    )
    return event


def allowed_steps(dossier: Dossier, user: User) -> list[Step]:
    """Return the steps ``user`` may take now: role, state, route and four eyes considered."""
    if not Dossier.objects.visible_to(user).filter(pk=dossier.pk).exists():
        return []
    involved = _people_involved(dossier)
    return [
        step
        for step in steps_open_to(user.role, state=dossier.state, route=dossier.route)
        if not _is_barred(dossier, step, user, involved)
        and step.needs in (Needs.NOTHING, *_row_facts(dossier))
    ]


def bars_of(dossier: Dossier, user: User) -> list[Step]:
    """Return the steps four eyes keep ``user`` from, so that a page can say why."""
    involved = _people_involved(dossier)
    return [
        step
        for step in steps_open_to(user.role, state=dossier.state, route=dossier.route)
        if _is_barred(dossier, step, user, involved)
    ]


def _check_version(dossier: Dossier, version: int) -> None:
    if dossier.version != version:
        raise StaleVersion(seen=version, current=dossier.version)


def _check_eyes(dossier: Dossier, step: Step, *, actor: User) -> None:
    if _is_barred(dossier, step, actor, _people_involved(dossier)):
        raise Barred(step.action)


def _people_involved(dossier: Dossier) -> list[tuple[str, User]]:
    """Return (action, who) of this round, and "edit" for who changed the draft in any round.

    Who saved decisions about rows has decided, whoever put them before the second person.
    """
    events = dossier.events.filter(round=dossier.round, actor__isnull=False)
    taken = [(event.action, event.actor) for event in events.select_related("actor")]
    edited = [("edit", user) for user in dossier.edited_by.all()]
    decided = [(Action.DECIDE, user) for user in dossier.decided_by.all()]
    return [(action, user) for action, user in [*taken, *edited, *decided] if user is not None]


def _is_barred(dossier: Dossier, step: Step, user: User, involved: list[tuple[str, User]]) -> bool:
    bars = set(step.barred_by)
    watched = {str(action) for action in bars}
    if Action.REQUEST_SIGNATURE in bars:
        watched.add("edit")  # who edited has drafted
    return any(action in watched and user.is_same_person_as(other) for action, other in involved)


def _row_facts(dossier: Dossier) -> set[Needs]:
    decisions = set(dossier.items.order_by().values_list("decision", flat=True).distinct())
    facts: set[Needs] = set()
    if decisions and Decision.NONE not in decisions:
        facts.add(Needs.ALL_ROWS_DECIDED)
    if Decision.ACCEPTED in decisions:
        facts.add(Needs.SOME_ROW_ACCEPTED)
    if decisions == {Decision.REFUSED}:
        facts.add(Needs.ALL_ROWS_REFUSED)
    if decisions == {Decision.ACCEPTED}:
        facts.add(Needs.ALL_ROWS_ACCEPTED)
    if decisions == {Decision.ACCEPTED, Decision.REFUSED}:
        facts.add(Needs.ROWS_OF_BOTH)
    return facts


def _check_rules(dossier: Dossier, step: Step, *, now: datetime, reason: str) -> None:
    if step.needs_reason and not reason.strip():
        raise refuse("no_reason", "Phải nêu rõ lý do.", way_out="Chọn hoặc ghi lý do rồi làm lại.")
    if step.needs is not Needs.NOTHING and step.needs not in _row_facts(dossier):
        raise refuse(
            "rows_not_ready",
            f"Chưa thực hiện được: cần {step.needs.label}.",
            way_out="Xử lý các dòng còn lại trong danh sách rồi làm lại.",
        )
    if violations := _broken_rules(dossier, step, now=now):
        raise Refused(*violations)


def _broken_rules(dossier: Dossier, step: Step, *, now: datetime) -> list[Violation]:
    match step.action:
        case Action.REQUEST_SIGNATURE:
            return violations_before_signing(dossier, now=now)
        case Action.SIGN:
            return letters.violations_before_head_signs(dossier)
        case Action.SEAL:
            return violations_before_sending(dossier, now=now)
        case Action.CONFIRM if _is_in_the_senders_name(dossier) and _has_rows_to_carry_out(dossier):
            # The body may have ceased while the dossier waited.
            return violations_of_sender(dossier, today=timezone.localdate(now))
        case Action.RETURN | Action.WITHDRAW if _is_partly_done(dossier):
            return [rules.PARTLY_DONE]
    return []


def _is_in_the_senders_name(dossier: Dossier) -> bool:
    """DOMAIN 14.8: nothing new is issued to a body that is no more; the rest goes on under the one
    it went over to."""
    effect = kinds.get(dossier.kind).effect
    return effect in (EffectKind.ISSUE, EffectKind.RENEW_CHANGE)


def _has_rows_to_carry_out(dossier: Dossier) -> bool:
    accepted = dossier.items.filter(decision=Decision.ACCEPTED)
    return accepted.exclude(outcome=Outcome.DONE).exists()


def _is_partly_done(dossier: Dossier) -> bool:
    return dossier.items.filter(outcome=Outcome.DONE).exists()


def _prepare(dossier: Dossier, step: Step, *, actor: User, now: datetime, pin: str) -> _Prepared:
    prepared = _Prepared()
    if step.action == Action.REQUEST_SIGNATURE:
        # The letter says whom it goes to and in whose name: that is settled first.
        prepared.rule = settle(dossier, today=timezone.localdate(now))
        prepared.version = dossier.agency_version
        # The rules are asked before the letter is made: what is refused is not rendered.
        if violations := violations_before_signing(dossier, now=now):
            raise Refused(*violations)
        if dossier.row_count <= letters.ROWS_RENDERED_AT_ONCE:
            copies = copies_for(prepared.rule, dossier.agency)
            prepared.letter = letters.render(dossier, copies=copies)
    elif step.action in (Action.SIGN, Action.SEAL):
        _check_rules(dossier, step, now=now, reason="")
        prepared.signer = letters.unlock(dossier, step.action, actor=actor, pin=pin, now=now)
    elif step.action in TAKING:
        _check_rules(dossier, step, now=now, reason="")
        prepared.receipt = returns.prepare_receipt(dossier, actor=actor, pin=pin, now=now)
    elif step.target == State.REJECTED:
        prepared.refusal = effects.print_refusal(dossier)
    return prepared


def _before(
    dossier: Dossier, step: Step, prepared: _Prepared, *, actor: User, now: datetime
) -> None:
    """Put the documents of the step in place."""
    if step.action == Action.REQUEST_SIGNATURE:
        _put_before_the_head(dossier, prepared, now=now)
    elif step.target == State.DRAFT:
        _throw_away_the_last_round(dossier)
    elif prepared.signer is not None:
        prepared.document = letters.sign(dossier, prepared.signer, actor=actor, now=now)
    elif prepared.receipt is not None:
        prepared.document = returns.take(dossier, prepared.receipt, actor=actor, now=now)
    elif step.target == State.REJECTED:
        effects.refuse_rows(dossier, now=now)
        prepared.document = effects.keep_refusal(dossier, prepared.refusal, now=now)
    elif step.target == State.ACCEPTED:
        effects.accept_rows(dossier, now=now)


def _put_before_the_head(dossier: Dossier, prepared: _Prepared, *, now: datetime) -> None:
    """Settle how the dossier goes out and freeze its letter."""
    mode, why = signing_mode(dossier.agency, now=now)
    dossier.signing_mode, dossier.signing_reason = mode, why
    assert prepared.rule is not None
    assert prepared.version is not None
    if dossier.sent_at is None:
        dossier.office = dossier.agency.office
    apply_rule(dossier, prepared.rule, prepared.version)
    set_copies(dossier, prepared.rule)
    _throw_away_the_last_round(dossier)
    if prepared.letter is not None:
        prepared.document = letters.freeze(dossier, prepared.letter, now=now)


def _throw_away_the_last_round(dossier: Dossier) -> None:
    """An edited dossier has no letter, no signature, no scan and no decision any more."""
    dossier.letter = dossier.signed_letter = None
    dossier.attachments.filter(kind="signed_scan").update(is_current=False)
    dossier.items.exclude(decision="").update(decision="", decision_reason="")
    dossier.decided_by.clear()


def _move(
    dossier: Dossier,
    step: Step,
    *,
    actor: User | None,
    now: datetime,
    reason_code: str,
    reason: str,
    document: Document | None,
) -> DossierEvent:
    event = DossierEvent.objects.create(
        dossier=dossier,
        action=step.action,
        source=dossier.state,
        target=step.target,
        round=dossier.round,
        actor=actor,
        reason_code=reason_code,
        reason=reason.strip(),
        document=document,
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
    effects.follow(dossier, step, event, now=now)
    dossier.save()
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
