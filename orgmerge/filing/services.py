"""An approved reorganisation is carried out: lines open drafts, and their outcomes are noted.

A line about an organisation's certificate has its end when the new one is on its device, or handed
over: only then may the next stage be filed (DOMAIN 4.3). What people decide of lines that failed or
cannot go on stands at the end: once more, otherwise, or not at all.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from devices.lifecycle import Custody
from orgmerge.approval.services import take_own_step
from orgmerge.filing.drafts import lock, open_ready
from orgmerge.filing.stages import WORKING
from orgmerge.models import Merger, PlanLine
from orgmerge.planner.codes import Why
from orgmerge.plans import line_states
from orgmerge.vocabulary import FORM_OF, LineAbout, LineAction, LineStage, LineState, MergerState
from orgmerge.workflow import MergerAction
from portal.accounts.models import User
from portal.agencies.models import SubscriberKind
from portal.ca.models import Certificate
from portal.core.roles import Capability
from portal.core.rules import refuse
from requests_app.errors import NotEditable
from requests_app.models import Dossier, DossierItem, Outcome
from requests_app.workflow import ENDED, State

logger = logging.getLogger(__name__)

AT_ONCE = 5000
_FOLLOWS = (LineAction.HAND_OVER, LineAction.REFILE)


def carry_out(*, now: datetime) -> int:
    """Carry every reorganisation in force one bit further; return how many lines went on.

    Safe to repeat, and at any number of workers. One that fails does not hold the others.
    """
    waiting = Merger.objects.filter(state=MergerState.IN_FORCE, in_force_at__isnull=False)
    done = 0
    for pk in waiting.order_by("effective_on", "pk").values_list("pk", flat=True):
        try:
            merger = Merger.objects.select_related("office", "approved_plan").get(pk=pk)
            _close_what_asks_for_nothing(merger)
            _say_that_nobody_files(merger, now=now)
            count = take_outcomes(merger, now=now)
            count += open_ready(merger, now=now)
            with transaction.atomic():  # it ends with its last line and the last record signed
                held = lock(pk)
                if held is not None and held.followed_at is not None and is_finished(held):
                    take_own_step(held, MergerAction.COMPLETE, now=now)
            done += count
        except Exception:
            # What it has done so far stands; the next sweep goes on from there.
            logger.exception("could not carry out reorganisation %s", pk)
    return done


def _close_what_asks_for_nothing(merger: Merger) -> None:
    """End the lines about which nothing is done, and those that only asked for a transfer."""
    quiet = PlanLine.objects.filter(plan=merger.approved_plan_id, state=LineState.PLANNED)
    nothing = Q(stage=LineStage.NOTHING, action=LineAction.KEEP)
    if merger.followed_at is not None:
        nothing |= Q(action__in=_FOLLOWS)
    rows: QuerySet[PlanLine, int] = quiet.filter(nothing).order_by().values_list("pk", flat=True)
    while keys := list(rows[:AT_ONCE]):
        with transaction.atomic():
            if not lock(merger.pk) or not line_states.close_quiet(merger, keys):
                return


@transaction.atomic
def _say_that_nobody_files(merger: Merger, *, now: datetime) -> None:
    """What a dissolved body leaves has no sender here: a person sees to it that it is asked for."""
    orphans = PlanLine.objects.filter(
        plan=merger.approved_plan_id, state=LineState.PLANNED, stage__in=WORKING, sender=None
    ).exclude(about=LineAbout.DOSSIER)
    if not orphans.exists() or lock(merger.pk) is None:
        return
    found = list(orphans.select_for_update(of=("self",), no_key=True).order_by("pk")[:AT_ONCE])
    for line in found:
        line.outcome = _("Không có đơn vị kế thừa: cơ quan cấp trên lập hồ sơ (Điều 18).")
    line_states.end(merger, found, LineState.FAILED, now=now)


def is_finished(merger: Merger) -> bool:
    """Say whether nothing is left to do: no line without an end, no record without signatures."""
    left = PlanLine.objects.filter(plan=merger.approved_plan_id, state__in=line_states.UNFINISHED)
    signed = merger.handovers.filter(
        signed_at__isnull=False, old=OuterRef("old"), body=OuterRef("new")
    )
    passed = merger.shares.filter(new__agency__isnull=False).exclude(new__agency=F("old"))
    return not left.exists() and not passed.filter(~Exists(signed)).exists()


OUTCOMES_AT_ONCE = 500
_IN_HAND = frozenset({Custody.WITH_SUBSCRIBER})


def take_outcomes(merger: Merger, *, now: datetime) -> int:
    """Take over the outcomes of rows that ended; return how many lines ended or failed by it."""
    done, after = 0, 0
    while True:
        with transaction.atomic():
            if lock(merger.pk) is None:
                return done
            # The lines whose row has an end, is gone, or is done after it had failed.
            under_way = Q(state=LineState.OPEN) & (
                Q(item__isnull=True)
                | ~Q(item__outcome=Outcome.NONE)
                | Q(item__dossier__state__in=ENDED)
            )
            after_all = Q(state=LineState.FAILED, item__outcome=Outcome.DONE)
            rows = (
                PlanLine.objects.filter(under_way | after_all, plan=merger.approved_plan_id)
                .filter(pk__gt=after)
                .order_by("pk")
            )
            locked = rows.select_for_update(of=("self",), no_key=True)
            found = list(
                locked.select_related(
                    "item__dossier", "item__result__key__device", "dossier"
                ).defer("item__answers", "item__result__der", "item__result__crl_entry")[
                    :OUTCOMES_AT_ONCE
                ]
            )
            finished: list[PlanLine] = []
            failed: list[PlanLine] = []
            moved = 0
            for line in found:
                if CarriedLine(line).move_on():
                    moved += 1
                    continue
                outcome = CarriedLine(line).outcome()
                if outcome is None:
                    continue
                state, line.outcome = outcome
                (finished if state == LineState.DONE else failed).append(line)
            line_states.end(merger, finished, LineState.DONE, now=now)
            line_states.end(merger, failed, LineState.FAILED, now=now)
            done += len(finished) + len(failed) + moved
        if len(found) < OUTCOMES_AT_ONCE:
            return done
        after = found[-1].pk


@dataclass(frozen=True, slots=True)
class CarriedLine:
    """A line with the row that carries it out."""

    line: PlanLine

    def outcome(self) -> tuple[LineState, str] | None:
        """Return how a line's row ended and why; None while it has not."""
        item = self.line.item
        if item is None:
            return LineState.FAILED, _("Văn thư đã bỏ dòng này khỏi hồ sơ.")
        match item.outcome:
            case Outcome.REFUSED:
                reason = item.outcome_reason or item.decision_reason
                return LineState.FAILED, _("Bị từ chối: %s") % (
                    reason or _("xem thông báo từ chối")
                )
            case Outcome.FAILED:
                return LineState.FAILED, _("Thực hiện bị lỗi: %s") % item.outcome_reason
            case Outcome.DONE:
                return (LineState.DONE, "") if self.has_arrived(item) else None
        return self.by_the_dossier(item.dossier)

    def by_the_dossier(self, dossier: Dossier) -> tuple[LineState, str] | None:
        """A row without an outcome of its own ends with its dossier: notices are only recorded."""
        if dossier.state == State.WITHDRAWN:
            last = dossier.events.order_by("at", "pk").last()
            return LineState.FAILED, _("Hồ sơ đã rút: %s") % (last.reason if last else "")
        if dossier.state == State.REJECTED:
            return LineState.FAILED, _("Hồ sơ bị từ chối.")
        return (LineState.DONE, "") if dossier.state in ENDED else None

    def has_arrived(self, item: DossierItem) -> bool:
        is_the_bodys = self.line.stage == LineStage.ORGANISATION and self.line.action in (
            LineAction.CHANGE,
            LineAction.ISSUE,
        )
        return not is_the_bodys or item.result is None or is_in_use(item.result)

    def move_on(self) -> bool:
        """Follow a row into the dossier that was written in place of one that was stopped."""
        item = self.line.item
        if item is None or item.outcome != Outcome.NONE or item.dossier.state != State.WITHDRAWN:
            return False
        next_dossier = getattr(item.dossier, "continued_by", None)
        if next_dossier is None:
            return False
        same = next_dossier.items.filter(
            certificate=item.certificate_id, device=item.device_id, identity_hash=item.identity_hash
        )
        copy = same.filter(plan_line__isnull=True).first()
        if copy is None:
            return False
        self.line.item, self.line.dossier = copy, next_dossier
        self.line.save(update_fields=["item", "dossier"])
        return True


def is_in_use(certificate: Certificate) -> bool:
    """Say whether a new certificate is on its device, or the device with it handed over."""
    if certificate.predecessor_id is not None:
        return certificate.installed_at is not None
    device = getattr(certificate.key, "device", None)
    return device is None or device.custody in _IN_HAND


# What a line can be turned into when it can't be done as it was planned.
INSTEAD: Mapping[tuple[str, str], tuple[LineAction, ...]] = {
    (LineAbout.CERTIFICATE, LineAction.CHANGE): (LineAction.ISSUE, LineAction.REVOKE),
    (LineAbout.CERTIFICATE, LineAction.ISSUE): (LineAction.REVOKE,),
    (LineAbout.DEVICE, LineAction.RECOVER): (LineAction.REPORT_LOSS,),
    (LineAbout.DEVICE, LineAction.RETURN): (LineAction.REPORT_LOSS,),
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
        if action == LineAction.ISSUE:
            kind = Certificate.objects.values_list("kind", flat=True).get(pk=locked.target_id)
            form = _ISSUE_FORMS[SubscriberKind(kind)]
        locked.action, locked.form = action, form
        locked.reason = Why.DEVICE_LOST if action == LineAction.REPORT_LOSS else Why.SETTLED
    line_states.plan_again(merger, [locked], actor=actor, reason=reason.strip(), now=now)
    return locked


@transaction.atomic
def again_alike(merger: Merger, cause: str, *, actor: User, now: datetime) -> int:
    """Let the lines that failed for one ``cause`` be opened once more, the first ``AT_ONCE`` of
    those ``actor`` may act on; return how many. Raises PlanLine.DoesNotExist or NotEditable.
    """
    standing = _in_force(actor, pk=merger.pk)
    rows = PlanLine.objects.select_for_update(of=("self",), no_key=True)
    rows = rows.filter(plan=standing.approved_plan_id, state=LineState.FAILED, outcome=cause)
    rows = that_may_be_tried(rows, actor).select_related("item", "dossier")
    found = list(rows.order_by("pk")[:AT_ONCE])
    if found:
        line_states.plan_again(standing, found, actor=actor, reason="", now=now)
    return len(found)


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


def that_may_be_tried(rows: QuerySet[PlanLine], user: User) -> QuerySet[PlanLine]:
    """Return those of ``rows`` that ``may_act`` lets ``user`` open again."""
    if user.can(Capability.PREPARE_REORGANISATIONS):
        return rows
    if not user.can(Capability.DRAFT):
        return rows.none()
    return rows.filter(sender__agency=user.agency_id)


def instead_of(line: PlanLine) -> tuple[LineAction, ...]:
    """Return what a line can be turned into."""
    return INSTEAD.get((line.about, line.action), ())


def _locked(line: PlanLine, *, actor: User) -> tuple[Merger, PlanLine]:
    """Return the reorganisation, locked while it is in force, and the line."""
    merger = _in_force(actor, approved_plan=line.plan_id)
    rows = PlanLine.objects.select_for_update(of=("self",), no_key=True)
    return merger, rows.select_related("sender", "item", "dossier").get(pk=line.pk)


def _in_force(actor: User, **which: Any) -> Merger:
    """Return a reorganisation in force that ``actor`` may see, locked; raises as ``again``."""
    found = Merger.objects.visible_to(actor).select_for_update(of=("self",), no_key=True)
    merger = found.select_related("office").filter(**which).first()
    if merger is None:
        raise PlanLine.DoesNotExist
    if merger.state != MergerState.IN_FORCE:
        raise NotEditable(merger.state)
    return merger
