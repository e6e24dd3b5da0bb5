"""Taking a step: the one place where the state of a reorganisation changes."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from orgmerge.models import Merger, MergerStep, Plan
from orgmerge.services import rounds
from orgmerge.services.common import check_version, merger_act
from orgmerge.services.readiness import present_plan, violations_before
from orgmerge.services.step_notices import tell_of_step
from orgmerge.words import MergerState
from orgmerge.workflow import (
    ENDED,
    IllegalMergerStep,
    MergerAction,
    Step,
    find_step,
    steps_open_to,
)
from portal.accounts.models import User
from portal.audit import services as audit
from portal.core.roles import OFFICE_ROLES
from portal.core.rules import Refused, refuse
from requests_app.services.errors import Barred

# Nothing answered from here on would be planned with.
_WITHOUT_ROUND = ENDED | {MergerState.APPROVED}


@transaction.atomic
def take_step(
    merger: Merger,
    action: str,
    *,
    actor: User,
    now: datetime,
    version: int,
    reason: str = "",
    goes_ahead: bool = False,
) -> MergerStep:
    """Move a reorganisation one step along and return the step.

    ``goes_ahead`` is the officer's word that it is submitted although a review round is still
    open. Raises Merger.DoesNotExist (not visible to the actor), IllegalMergerStep, Barred (four
    eyes), StaleVersion, or Refused with everything that stands in the way.
    """
    found = Merger.objects.visible_to(actor).select_for_update(of=("self",))
    locked = found.select_related("office").get(pk=merger.pk)
    if not locked.is_led_by(actor):
        raise IllegalMergerStep("the leading office takes the steps")
    step = find_step(action, state=locked.state, role=actor.role)
    check_version(locked, version)
    if is_barred(locked, step, actor):
        raise Barred(step.action)
    if step.needs_reason and not reason.strip():
        raise refuse("no_reason", _("Phải nêu rõ lý do."), way_out=_("Ghi lý do rồi làm lại."))
    if step.needs_ready_plan and (
        violations := violations_before(locked, step, goes_ahead=goes_ahead)
    ):
        raise Refused(*violations)
    taken = _move(locked, step, actor=actor, now=now, reason=reason)
    merger.refresh_from_db()
    return taken


def take_own_step(merger: Merger, action: MergerAction, *, now: datetime) -> MergerStep:
    """Take a step of the portal itself on a locked reorganisation, in the caller's transaction.

    Raises IllegalMergerStep.
    """
    step = find_step(action, state=merger.state, role=None)
    return _move(merger, step, actor=None, now=now, reason="")


def allowed_steps(merger: Merger, user: User) -> list[Step]:
    """Return the steps ``user`` may take now: role, state and four eyes considered."""
    if not merger.is_led_by(user) or user.role not in OFFICE_ROLES:
        return []
    return [
        step for step in steps_open_to(user.role, merger.state) if not is_barred(merger, step, user)
    ]


def is_barred(merger: Merger, step: Step, user: User) -> bool:
    """Say whether four eyes keep ``user`` from a step."""
    return step.not_by_editor and has_worked_on(merger, user)


def has_worked_on(merger: Merger, user: User) -> bool:
    """Say whether ``user`` described, planned or submitted it: persons count, not accounts."""
    submitted = User.objects.filter(
        pk__in=merger.steps.filter(action=MergerAction.SUBMIT).order_by().values("actor")
    )
    involved = [merger.created_by, *merger.edited_by.all(), *submitted]
    return any(user.is_same_person_as(other) for other in involved)


def _move(
    merger: Merger, step: Step, *, actor: User | None, now: datetime, reason: str
) -> MergerStep:
    was_known = merger.approved_at is not None or merger.rounds.exists()
    taken = MergerStep.objects.create(
        merger=merger,
        action=step.action,
        source=merger.state,
        target=step.target,
        actor=actor,
        reason=reason.strip(),
        at=now,
    )
    if step.target == MergerState.APPROVED:
        _freeze(merger, present_plan(merger), actor=actor, now=now)
    elif step.target == MergerState.DRAFT:
        _freeze(merger, None, actor=None, now=None)
    if step.target in ENDED:
        merger.ended_at = now
    if step.target in _WITHOUT_ROUND:
        rounds.end_with(merger, actor=actor, now=now)
    merger.state = step.target
    merger.updated_at = now
    merger.save()
    tell_of_step(merger, taken, was_known=was_known, now=now)
    audit.record(
        merger_act(f"merger.{step.action}", merger, state=str(step.target)), actor=actor, now=now
    )
    return taken


def _freeze(merger: Merger, plan: Plan | None, *, actor: User | None, now: datetime | None) -> None:
    """Keep which plan was approved and by whom; sent back, nothing is approved any more."""
    merger.approved_plan, merger.approved_by, merger.approved_at = plan, actor, now
