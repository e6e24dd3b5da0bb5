"""After the effective day everything a body had passes to its successor: people, certificates,
devices, dossiers, deadlines.

A sweep takes chunk after chunk, each one transaction under the lock of the reorganisation. What was
transferred no longer stands under the old body, so a killed run goes on where it was and nothing is
transferred twice. The line of the approved plan decides where a thing goes; a thing made after
planning goes where its body as a whole went. What has no destination stays, and
``remaining_counts`` counts it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeAlias

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from orgmerge.edits import merger_act
from orgmerge.models import Merger
from orgmerge.succession import office_transfers, transfers
from orgmerge.succession.destinations import Destinations, destinations_of
from orgmerge.succession.notices import tell_the_office
from orgmerge.succession.remainders import bodies_with_remainders, remaining_counts
from orgmerge.succession.transfers import transfer_accounts
from orgmerge.vocabulary import MergerState
from portal.audit import services as audit

Transfer: TypeAlias = Callable[[Destinations, int, datetime], tuple[int, int | None]]

# Those who sign in first: the new body's clerks are told of what comes to them.
_TRANSFERS: Sequence[Transfer] = (
    transfer_accounts,
    transfers.transfer_affiliations,
    transfers.transfer_subscribers,
    transfers.transfer_certificates,
    transfers.transfer_devices,
    transfers.transfer_deadlines,
    transfers.transfer_dossiers,
    # Offices: what their bodies have, and what lay with them, once it is the new bodies'.
    office_transfers.end_routing_rules,
    office_transfers.reassign_covering_letters,
    office_transfers.reassign_dossiers,
    office_transfers.reassign_devices,
    office_transfers.reassign_shipments,
    office_transfers.reassign_certificates,
    office_transfers.reassign_deadlines,
)


def hand_over(*, now: datetime) -> int:
    """Transfer what reorganisations in force have not handed over yet; return how many things.

    Safe to repeat, and at any number of workers.
    """
    waiting = Merger.objects.filter(
        state=MergerState.IN_FORCE, in_force_at__isnull=False, followed_at__isnull=True
    )
    keys = waiting.order_by("effective_on", "pk").values_list("pk", flat=True)
    moved = 0
    for pk in keys:
        merger = Merger.objects.select_related("office", "created_by", "approved_by").get(pk=pk)
        destinations = destinations_of(merger)
        moved += sum(_to_the_end(destinations, transfer, now=now) for transfer in _TRANSFERS)
        _conclude(pk, now=now)
    return moved


def _to_the_end(destinations: Destinations, transfer: Transfer, *, now: datetime) -> int:
    """Take chunk after chunk in the order of keys; what can't be transferred is skipped."""
    moved, after = 0, 0
    while True:
        with transaction.atomic():
            if _lock(destinations.merger.pk) is None:
                return moved
            count, last = transfer(destinations, after, now)
        moved += count
        if last is None:
            return moved
        after = last


def _lock(pk: int) -> Merger | None:
    found = Merger.objects.select_for_update(of=("self",), no_key=True).filter(
        pk=pk, followed_at__isnull=True
    )
    return found.select_related("office", "created_by", "approved_by").first()


@transaction.atomic
def _conclude(pk: int, *, now: datetime) -> None:
    """Note which new bodies have everything, and when there is nothing left to hand over."""
    merger = _lock(pk)
    if merger is None:
        return
    acts = []
    lacking = bodies_with_remainders(merger)
    waiting = merger.bodies.filter(handed_over_at__isnull=True, took_effect_at__isnull=False)
    whole = waiting.exclude(shares__old__in=lacking).exclude(shares__took_effect_at__isnull=True)
    if done := list(whole.distinct().values_list("pk", "uuid")):
        merger.bodies.filter(pk__in=[key for key, _uuid in done]).update(handed_over_at=now)
        uuids = [str(code) for _key, code in done]
        acts.append(merger_act("merger.handed_over", merger, bodies=uuids))
    is_tried = not merger.bodies.filter(took_effect_at__isnull=True).exists()
    if is_tried and not merger.shares.filter(took_effect_at__isnull=True).exists():
        left = remaining_counts(merger, now=now)
        if not left:
            merger.followed_at = now
            merger.save(update_fields=["followed_at"])
            day = timezone.localdate(now)
            tell_the_office(merger, "followed", _("Đã bàn giao xong: %(title)s"), now=now)
            acts.append(merger_act("merger.followed", merger, on=day.isoformat()))
    if acts:
        audit.record_many(acts, actor=None, now=now)
