"""Plans: asked for, and what people decide in them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Max, Q
from django.utils.translation import gettext as _

from orgmerge.acts import merger_act
from orgmerge.edits import lock_merger, touch
from orgmerge.models import (
    Merger,
    MergerBody,
    Plan,
    PlanLine,
    ReviewItem,
    Settlement,
    SurvivorChoice,
)
from orgmerge.plans import questions, worker
from orgmerge.vocabulary import LineAction
from orgmerge.workflow import BEFORE_FORCE, EDITABLE
from portal.accounts.models import User
from portal.audit import services as audit
from portal.ca.models import Certificate
from portal.core.roles import Capability
from portal.core.rules import Refused, refuse
from requests_app.errors import NotEditable


@transaction.atomic
def ask_for_plan(merger: Merger, *, actor: User, now: datetime) -> Plan:
    """Have a plan made of the description as it stands; return it, waiting for the worker.

    Who asks twice before it is begun gets the same one. Raises Merger.DoesNotExist (not visible),
    PermissionDenied, NotEditable, or Refused when nothing is described, or with the first of
    the rows that contradict others.
    """
    found = Merger.objects.visible_to(actor).select_for_update(of=("self",), no_key=True)
    locked = found.select_related("office").get(pk=merger.pk)
    if not actor.can(Capability.PREPARE_REORGANISATIONS):
        raise PermissionDenied("only an officer of the office asks for a plan")
    if locked.state not in EDITABLE:
        raise NotEditable(locked.state)
    if not locked.shares.exists() and not locked.bodies.exists():
        raise refuse(
            "nothing_described",
            _("Chưa có dòng nào: đơn vị nào chuyển sang đơn vị nào."),
            way_out=_("Thêm đơn vị sau sắp xếp và các đơn vị cũ, hoặc nhập từ bảng tính."),
        )
    if contradictions := worker.contradictions_of(locked):
        raise Refused(*contradictions[: worker.NAMED])
    plan = _ask(locked, locked.version, actor=actor, now=now)
    locked.edited_by.add(actor)
    audit.record(merger_act("merger.ask_plan", locked, number=plan.number), actor=actor, now=now)
    return plan


def _ask(merger: Merger, version: int, *, actor: User, now: datetime) -> Plan:
    """Return the plan that waits for this version of a locked reorganisation, made if none does."""
    waiting = merger.plans.select_for_update(no_key=True).filter(state=Plan.State.WAITING)
    plan = waiting.first()
    if plan is None:
        last = merger.plans.aggregate(last=Max("number"))["last"] or 0
        plan = Plan(merger=merger, number=last + 1)
    plan.merger_version, plan.asked_by, plan.asked_at = version, actor, now
    plan.save()
    return plan


def choose(
    merger: Merger,
    body: MergerBody,
    certificate: Certificate | None,
    *,
    actor: User,
    now: datetime,
    version: int,
) -> Plan:
    """Say which organisation certificate lives on under ``body`` (None: a new one is asked for);
    as ``choose_many`` otherwise."""
    return choose_many(merger, {body: certificate}, actor=actor, now=now, version=version)


@transaction.atomic
def choose_many(
    merger: Merger,
    chosen: Mapping[MergerBody, Certificate | None],
    *,
    actor: User,
    now: datetime,
    version: int,
) -> Plan:
    """Say of some bodies which organisation certificate lives on under each; return the new plan
    that follows from it.

    Raises what ``lock_merger`` does, MergerBody.DoesNotExist, or Refused when the newest plan has
    no such candidate: nothing is chosen then.
    """
    locked = lock_merger(merger, actor=actor, version=version)
    # Body → the certificates the newest plan offers for it.
    offered = {
        choice["target"]: {one["certificate"] for one in choice["candidates"] if one["rank"]}
        for choice in _newest_ready_or_refuse(locked).choices
    }
    theirs = locked.bodies.in_bulk([body.pk for body in chosen])
    if len(theirs) < len(chosen):
        raise MergerBody.DoesNotExist
    for body, certificate in chosen.items():
        _check_choice(offered, theirs[body.pk], certificate)
    SurvivorChoice.objects.bulk_create(
        [
            SurvivorChoice(
                merger=locked,
                body=body,
                certificate=certificate,
                decided_by=actor,
                decided_at=now,
            )
            for body, certificate in chosen.items()
        ],
        update_conflicts=True,
        unique_fields=["merger", "body"],
        update_fields=["certificate", "decided_by", "decided_at"],
    )
    said = {
        theirs[body.pk].name: certificate.serial if certificate else ""
        for body, certificate in chosen.items()
    }
    plan = _ask(locked, locked.version + 1, actor=actor, now=now)  # as it is after ``touch``
    touch(locked, "merger.choose", actor=actor, now=now, chosen=said)
    return plan


def _check_choice(
    offered: Mapping[int, Collection[int]], body: MergerBody, certificate: Certificate | None
) -> None:
    if body.pk not in offered:
        raise refuse("nothing_to_choose", _("Đơn vị này không có chứng thư nào để chọn."))
    if certificate is not None and certificate.pk not in offered[body.pk]:
        raise refuse(
            "not_a_candidate",
            _("Chứng thư này không chọn được cho %(body)s trong kế hoạch mới nhất.")
            % {"body": body.name},
            way_out=_("Xem danh sách chứng thư và lý do ở kế hoạch; lập lại nếu đã thay đổi."),
        )


def _newest_ready_or_refuse(merger: Merger) -> Plan:
    plan = newest_ready(merger)
    if plan is None:
        raise refuse(
            "no_plan", _("Chưa lập kế hoạch xử lý."), way_out=_("Lập ở trang Kế hoạch xử lý.")
        )
    return plan


def settle(
    merger: Merger,
    about: str,
    target_id: int,
    action: str,
    *,
    body: MergerBody | None,
    note: str,
    actor: User,
    now: datetime,
    version: int,
) -> Plan:
    """Decide what is done about one thing; as ``settle_many`` otherwise."""
    return settle_many(
        merger, about, [target_id], action, body=body, note=note, actor=actor, now=now,
        version=version,
    )  # fmt: skip


@transaction.atomic
def settle_many(
    merger: Merger,
    about: str,
    target_ids: Collection[int],
    action: str,
    *,
    body: MergerBody | None,
    note: str,
    actor: User,
    now: datetime,
    version: int,
) -> Plan:
    """Decide the same of some things that the machine leaves to people; return the plan that
    follows from it.

    ``body`` is where they go, None for what ends or stays. Raises what ``lock_merger`` does,
    PlanLine.DoesNotExist, MergerBody.DoesNotExist, or Refused: nothing is decided then.
    """
    locked = lock_merger(merger, actor=actor, version=version)
    wanted = set(target_ids)
    lines = list(_newest_ready_or_refuse(locked).lines.filter(about=about, target_id__in=wanted))
    if len(lines) < len(wanted) or not wanted:
        raise PlanLine.DoesNotExist
    theirs = locked.bodies.get(pk=body.pk) if body else None
    _check_settlement(locked, lines, action, theirs, note)
    decided = {line.target_id: theirs for line in lines}
    if action == questions.THE_OTHER:
        # The one that was to be kept ends; nothing is left to ask of these then.
        action, decided = LineAction.REVOKE, {line.successor_id or 0: None for line in lines}
    elif any(map(questions.question_of, lines)) and action != LineAction.REVOKE:
        # Whether it goes on is asked; where to was decided before.
        before = locked.settlements.filter(about=about, target_id__in=wanted)
        decided |= {one.target_id: one.body for one in before.select_related("body") if not theirs}
    Settlement.objects.bulk_create(
        [
            Settlement(
                merger=locked,
                about=about,
                target_id=target,
                action=action,
                body=goes_to,
                note=note.strip(),
                decided_by=actor,
                decided_at=now,
            )
            for target, goes_to in decided.items()
        ],
        update_conflicts=True,
        unique_fields=["merger", "about", "target_id"],
        update_fields=["action", "body", "note", "decided_by", "decided_at"],
    )
    targets = [str(line.target_uuid) for line in lines]
    said = {"about": about, "targets": targets, "decided": str(action), "note": note.strip()}
    plan = _ask(locked, locked.version + 1, actor=actor, now=now)  # as it is after ``touch``
    touch(locked, "merger.settle", actor=actor, now=now, **said)
    return plan


def _check_settlement(
    merger: Merger,
    lines: Collection[PlanLine],
    action: str,
    body: MergerBody | None,
    note: str,
) -> None:
    (about,) = {line.about for line in lines}
    asked = {questions.question_of(line) for line in lines}
    if len(asked) > 1:
        raise refuse(
            "several_questions",
            _("Các dòng này hỏi những việc khác nhau."),
            way_out=_("Quyết định riêng từng loại câu hỏi."),
        )
    (question,) = asked
    clear = {line.target_id for line in lines if not line.is_open}
    before = merger.settlements.filter(about=about, target_id__in=clear)
    if before.count() < len(clear):
        raise refuse("nothing_to_settle", _("Việc này đã rõ, không chờ người quyết định."))
    if action not in questions.actions_for(about, question):
        raise refuse("not_an_answer", _("Không quyết định như vậy cho loại này được."))
    if questions.needs_body(about, action, question) and body is None:
        raise refuse(
            "no_body",
            _("Chưa chọn đơn vị tiếp nhận."),
            way_out=_("Chọn một đơn vị sau sắp xếp của phương án này."),
        )
    if questions.needs_note(action, question) and not note.strip():
        raise refuse(
            "no_note",
            _("Giữ cả hai chứng thư của một người thì phải nêu lý do."),
            way_out=_("Ghi lý do ở ô Ghi chú."),
        )


def newest_ready(merger: Merger) -> Plan | None:
    """Return the plan made last, whether or not the description has changed since."""
    return merger.plans.filter(state=Plan.State.READY).order_by("-number").first()


def is_out_of_date(plan: Plan, *, today: date) -> bool:
    """Say whether a ready plan may no longer fit: the description, an answer or a certificate
    changed since it was asked for, or the day it was judged on has passed."""
    merger, since = plan.merger, plan.asked_at
    if plan.merger_version < merger.version or plan.planned_for != max(merger.effective_on, today):
        return True
    answers = ReviewItem.objects.filter(reply__round__merger=merger, answered_at__gt=since)
    if answers.exists():
        return True
    bodies = merger.shares.order_by().values("old")
    changed = Certificate.objects.filter(Q(issued_at__gt=since) | Q(revoked_at__gt=since))
    return changed.filter(agency__in=bodies).exists()


def may_heed(plan: Plan, user: User) -> bool:
    """Say whether ``user`` can note that what is to be heeded in ``plan`` was looked at."""
    works_on_it = user.can(Capability.PREPARE_REORGANISATIONS) or user.can(
        Capability.APPROVE_REORGANISATIONS
    )
    return works_on_it and plan.heeded_at is None and plan.merger.state in BEFORE_FORCE


@transaction.atomic
def heed(plan: Plan, *, actor: User, now: datetime) -> None:
    """Note who looked at what is to be heeded, once. Raises PermissionDenied."""
    if not may_heed(plan, actor):
        raise PermissionDenied("this plan is not the user's to look through")
    noted = Plan.objects.filter(pk=plan.pk, heeded_at=None).update(heeded_by=actor, heeded_at=now)
    if noted:
        act = merger_act("merger.heed", plan.merger, number=plan.number)
        audit.record(act, actor=actor, now=now)
