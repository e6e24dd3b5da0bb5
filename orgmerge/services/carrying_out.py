"""An approved reorganisation is carried out: what its lines ask for is opened, followed, ended."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from orgmerge.models import Merger, MergerShare, PlanLine
from orgmerge.services import lines
from orgmerge.services.gates import WORKING
from orgmerge.services.opening import lock, open_ready
from orgmerge.services.outcomes import take_over
from orgmerge.services.steps import take_own_step
from orgmerge.words import About, Action, LineState, MergerState, Stage
from orgmerge.workflow import MergerAction

logger = logging.getLogger(__name__)

AT_ONCE = 5000
_FOLLOWS = (Action.HAND_OVER, Action.REFILE)


def drive(*, now: datetime) -> int:
    """Carry every reorganisation in force one bit further; return how many lines went on.

    Safe to repeat, and at any number of workers. One that fails does not hold the others.
    """
    waiting = Merger.objects.filter(state=MergerState.IN_FORCE, in_force_at__isnull=False)
    done = 0
    for pk in waiting.order_by("effective_on", "pk").values_list("pk", flat=True):
        try:
            done += _drive(pk, now=now)
        except Exception:
            # What it has done so far stands; the next sweep goes on from there.
            logger.exception("could not carry out reorganisation %s", pk)
    return done


def _drive(pk: int, *, now: datetime) -> int:
    merger = Merger.objects.select_related("office", "approved_plan").get(pk=pk)
    _close_what_asks_for_nothing(merger)
    _say_that_nobody_files(merger, now=now)
    done = take_over(merger, now=now)
    done += open_ready(merger, now=now)
    _complete(pk, now=now)
    return done


def _close_what_asks_for_nothing(merger: Merger) -> None:
    """End the lines about which nothing is done, and those that went over by following."""
    quiet = PlanLine.objects.filter(plan=merger.approved_plan_id, state=LineState.PLANNED)
    nothing = Q(stage=Stage.NOTHING, action=Action.KEEP)
    if merger.followed_at is not None:
        nothing |= Q(action__in=_FOLLOWS)
    rows: QuerySet[PlanLine, int] = quiet.filter(nothing).order_by().values_list("pk", flat=True)
    while keys := list(rows[:AT_ONCE]):
        if not _close(merger, keys):
            return


@transaction.atomic
def _say_that_nobody_files(merger: Merger, *, now: datetime) -> None:
    """What a dissolved body leaves has no sender here: a person sees to it that it is asked for."""
    orphans = PlanLine.objects.filter(
        plan=merger.approved_plan_id, state=LineState.PLANNED, stage__in=WORKING, sender=None
    ).exclude(about=About.DOSSIER)
    if not orphans.exists() or lock(merger.pk) is None:
        return
    found = list(orphans.select_for_update(of=("self",)).order_by("pk")[:AT_ONCE])
    for line in found:
        line.outcome = _("Không có đơn vị kế thừa: cơ quan cấp trên lập hồ sơ (Điều 18).")
    lines.end(merger, found, LineState.FAILED, now=now)


@transaction.atomic
def _close(merger: Merger, keys: Sequence[int]) -> int:
    return lines.close_quiet(merger, keys) if lock(merger.pk) else 0


@transaction.atomic
def _complete(pk: int, *, now: datetime) -> None:
    """End the reorganisation when every line has its end and every record is signed."""
    merger = lock(pk)
    if merger is None or merger.followed_at is None or not is_finished(merger):
        return
    take_own_step(merger, MergerAction.COMPLETE, now=now)


def is_finished(merger: Merger) -> bool:
    """Say whether nothing is left to do: no line without an end, no record without signatures."""
    left = PlanLine.objects.filter(plan=merger.approved_plan_id, state__in=lines.UNFINISHED)
    return not left.exists() and not _unsigned(merger).exists()


def _unsigned(merger: Merger) -> QuerySet[MergerShare]:
    """Return who went over to whom without a record that both sides have signed."""
    signed = merger.handovers.filter(
        signed_at__isnull=False, old=OuterRef("old"), body=OuterRef("new")
    )
    gone_over = merger.shares.filter(new__agency__isnull=False).exclude(new__agency=F("old"))
    return gone_over.filter(~Exists(signed))
