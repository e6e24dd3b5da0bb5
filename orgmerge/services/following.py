"""After the effective day everything a body had follows it: people, certificates, devices, clocks.

A sweep takes chunk after chunk, each one transaction under the lock of the reorganisation. What has
gone over no longer stands under the old body, so a killed run goes on where it was and nothing goes
twice. What a thing's line in the approved plan says counts; a thing made after planning goes where
its body as a whole went. What has no way stays, and ``left_behind`` counts it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeAlias

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from orgmerge.models import Merger
from orgmerge.services import going_over, offices_following
from orgmerge.services.accounts_following import accounts_
from orgmerge.services.common import merger_act
from orgmerge.services.leftovers import bodies_with_leftovers, left_behind
from orgmerge.services.telling import tell_the_office
from orgmerge.services.ways import Ways, ways_of
from orgmerge.words import MergerState
from portal.audit import services as audit

Mover: TypeAlias = Callable[[Ways, int, datetime], tuple[int, int | None]]

# Those who sign in first: the new body's clerks are told of what comes to them.
_MOVERS: Sequence[Mover] = (
    accounts_,
    going_over.affiliations,
    going_over.subscribers,
    going_over.certificates,
    going_over.devices_,
    going_over.deadlines_,
    going_over.dossiers,
    # Offices: what their bodies have, and what lay with them, once it is the new bodies'.
    offices_following.routes,
    offices_following.covering_letters,
    offices_following.dossiers,
    offices_following.devices_,
    offices_following.shipments,
    offices_following.certificates,
    offices_following.deadlines_,
)


def follow(*, now: datetime) -> int:
    """Let what reorganisations in force have not handed over yet go over; return how many things.

    Safe to repeat, and at any number of workers.
    """
    waiting = Merger.objects.filter(
        state=MergerState.IN_FORCE, in_force_at__isnull=False, followed_at__isnull=True
    )
    keys = waiting.order_by("effective_on", "pk").values_list("pk", flat=True)
    return sum(_follow(pk, now=now) for pk in keys)


def _follow(pk: int, *, now: datetime) -> int:
    ways = ways_of(Merger.objects.select_related("office", "created_by", "approved_by").get(pk=pk))
    moved = sum(_to_the_end(ways, mover, now=now) for mover in _MOVERS)
    _conclude(pk, now=now)
    return moved


def _to_the_end(ways: Ways, mover: Mover, *, now: datetime) -> int:
    """Take chunk after chunk in the order of keys: what can't go over is passed once a run."""
    moved, after = 0, 0
    while True:
        with transaction.atomic():
            if _lock(ways.merger.pk) is None:
                return moved
            count, last = mover(ways, after, now)
        moved += count
        if last is None:
            return moved
        after = last


def _lock(pk: int) -> Merger | None:
    found = Merger.objects.select_for_update(of=("self",)).filter(pk=pk, followed_at__isnull=True)
    return found.select_related("office", "created_by", "approved_by").first()


@transaction.atomic
def _conclude(pk: int, *, now: datetime) -> None:
    """Note which new bodies have everything, and when there is nothing left to hand over."""
    merger = _lock(pk)
    if merger is None:
        return
    acts = []
    lacking = bodies_with_leftovers(merger)
    waiting = merger.bodies.filter(handed_over_at__isnull=True, took_effect_at__isnull=False)
    whole = waiting.exclude(shares__old__in=lacking).exclude(shares__took_effect_at__isnull=True)
    if done := list(whole.distinct().values_list("pk", "uuid")):
        merger.bodies.filter(pk__in=[key for key, _uuid in done]).update(handed_over_at=now)
        uuids = [str(code) for _key, code in done]
        acts.append(merger_act("merger.handed_over", merger, bodies=uuids))
    is_tried = not merger.bodies.filter(took_effect_at__isnull=True).exists()
    if is_tried and not merger.shares.filter(took_effect_at__isnull=True).exists():
        left = left_behind(merger, now=now)
        if not left:
            merger.followed_at = now
            merger.save(update_fields=["followed_at"])
            day = timezone.localdate(now)
            tell_the_office(merger, "followed", _("Đã bàn giao xong: %(title)s"), now=now)
            acts.append(merger_act("merger.followed", merger, on=day.isoformat()))
    if acts:
        audit.record_many(acts, actor=None, now=now)
