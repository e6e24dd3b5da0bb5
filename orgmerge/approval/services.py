"""Taking a step: where the state of a reorganisation changes, and who is told of it."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.urls import reverse
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orgmerge.acts import merger_act
from orgmerge.approval.readiness import present_plan, violations_before
from orgmerge.edits import check_version
from orgmerge.models import Merger, MergerStep, Plan
from orgmerge.review import rounds
from orgmerge.vocabulary import MergerState
from orgmerge.workflow import EDITING, ENDED, READY_PLAN, STEPS, MergerAction, StepOfMerger
from portal.accounts.models import User
from portal.audit import services as audit
from portal.audit.look_only import refuse_look_only
from portal.core.roles import Capability, Scope, roles_in, roles_that_can
from portal.core.rules import Refused, refuse
from portal.core.steps import IllegalStep
from portal.notices import services as notices
from requests_app.errors import Barred

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
    open. Raises Merger.DoesNotExist (not visible to the actor), IllegalStep, Barred (four
    eyes), StaleVersion, or Refused with everything that stands in the way.
    """
    refuse_look_only(actor, now=now)
    found = Merger.objects.visible_to(actor).select_for_update(of=("self",), no_key=True)
    locked = found.select_related("office").get(pk=merger.pk)
    if not locked.is_led_by(actor):
        raise IllegalStep("the leading office takes the steps")
    step = STEPS.find(action, state=locked.state, role=actor.role)
    check_version(locked, version)
    if is_barred(locked, step, actor):
        raise Barred(step.action)
    if step.needs_reason and not reason.strip():
        raise refuse("no_reason", _("Phải nêu rõ lý do."), way_out=_("Ghi lý do rồi làm lại."))
    if step.needs == READY_PLAN and (
        violations := violations_before(locked, step, goes_ahead=goes_ahead)
    ):
        raise Refused(*violations)
    taken = _move(locked, step, actor=actor, now=now, reason=reason)
    merger.refresh_from_db()
    return taken


def take_own_step(merger: Merger, action: MergerAction, *, now: datetime) -> MergerStep:
    """Take a step of the portal itself on a locked reorganisation, in the caller's transaction.

    Raises IllegalStep.
    """
    step = STEPS.find(action, state=merger.state, role=None)
    return _move(merger, step, actor=None, now=now, reason="")


def allowed_steps(merger: Merger, user: User) -> list[StepOfMerger]:
    """Return the steps ``user`` may take now: role, state and four eyes considered."""
    if user.looks_only or not merger.is_led_by(user) or user.scope is not Scope.OFFICE:
        return []
    return [
        step
        for step in STEPS.open_to(user.role, state=merger.state)
        if not is_barred(merger, step, user)
    ]


def is_barred(merger: Merger, step: StepOfMerger, user: User) -> bool:
    """Say whether four eyes keep ``user`` from a step."""
    return EDITING in step.barred_by and has_worked_on(merger, user)


def has_worked_on(merger: Merger, user: User) -> bool:
    """Say whether ``user`` described, planned or submitted it: persons count, not accounts."""
    submitted = User.objects.filter(
        pk__in=merger.steps.filter(action=MergerAction.SUBMIT).order_by().values("actor")
    )
    involved = [merger.created_by, *merger.edited_by.all(), *submitted]
    return any(user.is_same_person_as(other) for other in involved)


def _move(
    merger: Merger,
    step: StepOfMerger,
    *,
    actor: User | None,
    now: datetime,
    reason: str,
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
    ended = []
    if step.target in _WITHOUT_ROUND:
        ended = rounds.end_with(merger, actor=actor, now=now)
    merger.state = step.target
    merger.updated_at = now
    merger.save()
    if actor is not None:  # what the portal does by itself nobody was asked for
        notices.settle("merger", merger.uuid, now=now)
    tell_of_step(merger, taken, was_known=was_known, now=now)
    act = merger_act(f"merger.{step.action}", merger, state=str(step.target))
    audit.record_many([*ended, act], actor=actor, now=now)
    return taken


def _freeze(merger: Merger, plan: Plan | None, *, actor: User | None, now: datetime | None) -> None:
    """Keep which plan was approved and by whom; sent back, nothing is approved any more."""
    merger.approved_plan, merger.approved_by, merger.approved_at = plan, actor, now


_LONGEST_TITLE = 250
_TITLES = {
    MergerAction.SUBMIT: gettext_lazy("Phương án sắp xếp chờ phê duyệt: %(title)s"),
    MergerAction.SEND_BACK: gettext_lazy("Phương án sắp xếp bị trả lại: %(title)s"),
    MergerAction.APPROVE: gettext_lazy("Phương án sắp xếp đã được phê duyệt: %(title)s"),
    MergerAction.WITHDRAW: gettext_lazy("Phương án sắp xếp đã rút: %(title)s"),
}
_ASKING = (MergerState.AWAITING_APPROVAL, MergerState.DRAFT)  # somebody has to take the next step
_WHOSE_TURN = {MergerAction.SUBMIT: Capability.APPROVE_REORGANISATIONS}


def tell_of_step(merger: Merger, step: MergerStep, *, was_known: bool, now: datetime) -> None:
    """Tell the other side of the offices, and the bodies of what they know or are to know.

    ``was_known``: the bodies had been asked, or it had been approved. Written in the transaction
    of the step.
    """
    title = _TITLES.get(MergerAction(step.action))
    if title is None:
        return
    turn = _WHOSE_TURN.get(MergerAction(step.action), Capability.PREPARE_REORGANISATIONS)
    people = User.objects.of_offices(merger.office_ids())
    offices = people.filter(role__in=roles_that_can(turn))
    asks = step.target in _ASKING
    _tell(merger, step, str(title), set(offices), text=step.reason, asks=asks, now=now)
    # A draft sent back after its approval is the office's own business again.
    if step.action == MergerAction.APPROVE or (was_known and step.action == MergerAction.WITHDRAW):
        text = _("Có hiệu lực từ %(day)s.") % {"day": f"{merger.effective_on:%d/%m/%Y}"}
        is_on = step.target == MergerState.APPROVED
        olds = merger.shares.order_by().values("old")
        acting = User.objects.filter(is_active=True, role__in=roles_in(Scope.BODY), agency__in=olds)
        _tell(merger, step, str(title), set(acting), text=text if is_on else "", now=now)


def _tell(
    merger: Merger,
    step: MergerStep,
    title: str,
    who: set[User],
    *,
    text: str,
    asks: bool = False,
    now: datetime,
) -> None:
    notices.tell(
        [user for user in who if user.pk != step.actor_id],
        cause=f"merger:{merger.pk}:step:{step.pk}",
        title=Truncator(title % {"title": merger.title}).chars(_LONGEST_TITLE),
        text=text,
        path=reverse("orgmerge:detail", args=[merger.uuid]),
        target_type="merger",
        target_uuid=merger.uuid,
        asks=asks,
        now=now,
    )
