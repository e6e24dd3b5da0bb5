"""Making plans in the background: claimed by lease, written by chunks, begun anew after a kill."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from orgmerge.description import checks
from orgmerge.edits import merger_act
from orgmerge.models import Merger, Plan
from orgmerge.planner import facts, planner
from orgmerge.plans import comparison, storage
from orgmerge.register import inputs
from portal.audit import services as audit
from portal.core.database.bulk import collector_paused, small_page_cache
from portal.core.rules import Violation

logger = logging.getLogger(__name__)

# Longer than reading and planning the largest reorganisation takes; each chunk extends it.
LEASE = timedelta(minutes=5)
_CAN_WAIT = "superior_not_said"
NAMED = 20  # faults named one by one
KEPT = 2  # ready plans whose lines stay, so that the newest can be compared with the one before


class Lost(Exception):
    """Another worker took the plan over: what this one does no longer counts."""


class Contradictory(Exception):
    """The description contradicts itself or the register: its rows at fault, in words."""


@dataclass(slots=True)
class _Claim:
    """A plan this worker makes, and until when nobody else does."""

    pk: int
    until: datetime
    now: datetime
    began: float

    def extend(self, **columns: object) -> None:
        """Note progress and hold on to the plan; raises Lost."""
        mine = Plan.objects.filter(pk=self.pk, state=Plan.State.RUNNING, claimed_until=self.until)
        passed = timedelta(seconds=monotonic() - self.began)
        # The longer of two moments, never the same: the lease is the worker's mark as well.
        until = max(self.now + passed + LEASE, self.until + timedelta(microseconds=1))
        if not mine.update(claimed_until=until, **columns):
            raise Lost
        self.until = until


def make_waiting(*, now: datetime) -> int:
    """Make one plan that waits; return how many were brought to an end (0 or 1).

    Safe to run twice and twice at once. After a kill the lease runs out, and the plan is made from
    the beginning: what was written of it is removed first.
    """
    claim = _claim(now)
    if claim is None:
        return 0
    try:
        with collector_paused(), small_page_cache():
            plan = Plan.objects.select_related("merger").get(pk=claim.pk)
            storage.drop(plan)
            # Read before the rest: what changes meanwhile makes the plan out of date, never wrong.
            claim.extend(merger_version=plan.merger.version)
            if found := contradictions_of(plan.merger):
                said = [
                    _("Dòng %(row)d: %(message)s") % {"row": one.row, "message": one.message}
                    if one.row
                    else one.message
                    for one in found[:NAMED]
                ]
                if len(found) > NAMED:
                    said.append(_("… và %(count)d lỗi khác.") % {"count": len(found) - NAMED})
                raise Contradictory("\n".join(said))
            world = inputs.world_of(plan.merger, today=timezone.localdate(claim.now))
            claim.extend(bodies_total=len(world.bodies), planned_for=world.day)
            made = planner.plan(world)
            del world  # a quarter of a million of everything: the lines need the room
            for lines, bodies_done in storage.chunks(made.lines):
                with transaction.atomic():
                    claim.extend(bodies_done=bodies_done)
                    storage.store(plan, lines)
            ready = plan.merger.plans.filter(state=Plan.State.READY).order_by("-number")
            before = ready.filter(number__lt=plan.number).first()
            if before is not None:
                comparison.mark(plan, before, hold=claim.extend)
            _finish(claim, made, compared_with=before.number if before else None)
            # Remove the lines of plans that nobody compares with any more; their counts stay.
            kept = [*ready.values_list("pk", flat=True)[:KEPT], plan.merger.approved_plan_id]
            for older in ready.exclude(pk__in=[pk for pk in kept if pk is not None]):
                storage.drop(older)
    except Lost:
        logger.warning("another worker took over plan %s", claim.pk)
    except Contradictory as error:
        _fail(claim, str(error))
    except (OperationalError, InterfaceError):
        raise  # the database is away: the lease runs out, the next sweep tries again
    except Exception as error:
        logger.exception("could not make plan %s", claim.pk)
        _fail(claim, _broken(error))
    return 1


def _to_make(now: datetime) -> QuerySet[Plan]:
    is_free = Q(claimed_until__isnull=True) | Q(claimed_until__lt=now)
    unfinished = Plan.objects.filter(state__in=[Plan.State.WAITING, Plan.State.RUNNING])
    return unfinished.filter(is_free).order_by("pk")


def _claim(now: datetime) -> _Claim | None:
    for pk in list(_to_make(now).values_list("pk", flat=True)):
        until = now + LEASE
        if (
            _to_make(now)
            .filter(pk=pk)
            .update(state=Plan.State.RUNNING, claimed_until=until, bodies_done=0, problem="")
        ):
            return _Claim(pk, until, now, monotonic())
    return None


@transaction.atomic
def _finish(claim: _Claim, made: facts.Plan, *, compared_with: int | None) -> None:
    counts = storage.counts(made) | {"compared_with": compared_with}
    claim.extend(
        state=Plan.State.READY,
        counts=counts,
        choices=storage.choices(made),
        made_at=claim.now,
        bodies_done=F("bodies_total"),
    )
    plan = _ended(claim)
    said = {"number": plan.number, "lines": counts["lines"], "open": counts["open"]}
    audit.record(merger_act("merger.make_plan", plan.merger, **said), actor=None, now=claim.now)


def contradictions_of(merger: Merger) -> list[Violation]:
    """Return what keeps a description from being planned. Who stands above a body can still be
    said later: what is done about its certificates is planned all the same."""
    return [one for one in checks.contradictions_of(merger) if one.code != _CAN_WAIT]


def _broken(error: Exception) -> str:
    return _(
        "Không lập được kế hoạch do lỗi hệ thống (%(name)s). Hãy lập lại; nếu vẫn lỗi, báo quản "
        "trị hệ thống kèm thời điểm này."
    ) % {"name": type(error).__name__}


def _fail(claim: _Claim, problem: str) -> None:
    """Say in words why the plan could not be made; nothing of it is kept."""
    try:
        with transaction.atomic():
            claim.extend(state=Plan.State.FAILED, problem=problem)
            plan = _ended(claim)
            act = merger_act("merger.fail_plan", plan.merger, number=plan.number)
            audit.record(act, actor=None, now=claim.now)
    except Lost:
        return
    storage.drop(plan)


def _ended(claim: _Claim) -> Plan:
    Plan.objects.filter(pk=claim.pk).update(claimed_until=None)
    return Plan.objects.select_related("merger__office").get(pk=claim.pk)
