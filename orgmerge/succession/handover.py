"""After the effective day everything a body had passes to its successor: people, certificates,
devices, dossiers, deadlines.

A sweep takes chunk after chunk, each one transaction under the lock of the reorganisation. What was
transferred no longer stands under the old body, so a killed run goes on where it was and nothing is
transferred twice. The line of the approved plan decides where a thing goes; a thing made after
planning goes where its body as a whole went. What has no destination stays, and
``remaining_counts`` counts it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from devices import services as devices
from devices.lifecycle import Custody
from devices.models import Device, Shipment
from orgmerge.acts import merger_act
from orgmerge.models import Merger
from orgmerge.succession.bodies import basis_of
from orgmerge.succession.destinations import Destinations, destinations_of
from orgmerge.succession.notices import tell_the_office
from orgmerge.succession.office_successors import living
from orgmerge.succession.remainders import (
    FINAL,
    bodies_with_remainders,
    remaining_counts,
    with_outdated_office,
)
from orgmerge.succession.transfers import (
    TRANSFERS,
    Moved,
    Transfer,
    last_of,
    next_rows,
    next_with_destinations,
    note,
    transfer,
)
from orgmerge.vocabulary import LineAbout, MergerState
from portal.accounts.models import User
from portal.agencies.models import Agency
from portal.audit import services as audit
from portal.ca.models import Certificate
from portal.core.database.bulk import update_rows
from portal.core.roles import Capability, roles_that_can
from portal.deadlines import services as deadlines
from portal.deadlines.models import Deadline, DeadlineKind
from portal.notices import services as notices
from requests_app.models import CoveringLetter, Dossier
from requests_app.routing.services import end_rules_naming
from requests_app.succession import offices


@transfer
def end_routing_rules(destinations: Destinations, after: int, now: datetime) -> Moved:
    """Rules that name an ended office end on the day; administrators are told."""
    count = 0
    for old, successor in destinations.offices.items():
        if successor is not None:
            ended = end_rules_naming(
                Agency.objects.get(pk=old),
                successor,
                day=destinations.merger.effective_on,
                now=now,
                basis=basis_of(destinations.merger),
            )
            count += len(ended)
    return count, None


@transfer
def reassign_covering_letters(destinations: Destinations, after: int, now: datetime) -> Moved:
    """Letters that were not sent are the successor's to write, before their dossiers pass."""
    rows = CoveringLetter.objects.filter(
        office__in=list(destinations.offices), stage__in=offices.UNSENT
    )
    found = next_rows(rows, after)
    groups: dict[int, list[CoveringLetter]] = defaultdict(list)
    for one in found:
        groups[one.office_id].append(one)
    reason = _("Lập lại theo %s.") % destinations.merger.decision
    moved = 0
    for old, group in groups.items():
        if (successor := destinations.offices[old]) is not None:
            offices.take_over_letters(group, successor, reason=reason, now=now)
            moved += len(group)
    return moved, last_of(found)


@transfer
def reassign_dossiers(destinations: Destinations, after: int, now: datetime) -> Moved:
    """Open dossiers are seen to by the office that follows their body now."""
    rows = Dossier.objects.open().filter(
        with_outdated_office(destinations.merger, destinations.offices)
    )
    found, to = next_with_destinations(
        rows.select_related("agency__office"), after, lambda some: _offices_of(destinations, some)
    )
    olds = _olds(found)
    moved = offices.go_to_offices(found, to, now=now)
    _note(destinations, LineAbout.DOSSIER, moved, olds)
    _record(destinations, LineAbout.DOSSIER, moved, now=now)
    _tell(
        destinations,
        moved,
        _("Tiếp nhận %d hồ sơ của Sở được sắp xếp"),
        "requests_app:list",
        now=now,
    )
    return len(moved), last_of(found)


@transfer
def reassign_devices(destinations: Destinations, after: int, now: datetime) -> Moved:
    """Devices that are out; what lies at an office goes with that office, not with its body."""
    rows = Device.objects.filter(
        with_outdated_office(destinations.merger, destinations.offices)
    ).exclude(custody__in=FINAL)
    found, to = next_with_destinations(
        rows.select_related("agency__office"),
        after,
        lambda some: _offices_of_devices(destinations, some),
    )
    olds = _olds(found)
    moved = devices.go_to_offices(found, to)
    passed = [one for one in moved if one.custody == Custody.AT_OFFICE]
    _note(destinations, LineAbout.DEVICE, passed, olds)
    _record(destinations, LineAbout.DEVICE, moved, now=now)
    _tell(
        destinations,
        passed,
        _("Tiếp nhận %d thiết bị đang ở Sở được sắp xếp"),
        "devices:list",
        now=now,
    )
    return len(moved), last_of(found)


@transfer
def reassign_shipments(destinations: Destinations, after: int, now: datetime) -> Moved:
    """Shipments under way; the devices in them have entries of their own."""
    rows = Shipment.objects.under_way().filter(
        with_outdated_office(destinations.merger, destinations.offices)
    )
    found = next_rows(rows.select_related("agency__office"), after)
    return len(_plainly(destinations, found)), last_of(found)


@transfer
def reassign_certificates(destinations: Destinations, after: int, now: datetime) -> Moved:
    """Certificates that can still be used; nothing about their subject changes."""
    rows = Certificate.objects.filter(revoked_at__isnull=True, not_after__gt=now)
    strays = rows.filter(
        with_outdated_office(destinations.merger, destinations.offices)
    ).select_related("agency__office")
    found, _to = next_with_destinations(
        strays.defer("der", "crl_entry"), after, lambda some: _offices_of(destinations, some)
    )
    moved = _plainly(destinations, found)
    _record(destinations, LineAbout.CERTIFICATE, moved, now=now)
    return len(moved), last_of(found)


@transfer
def reassign_deadlines(destinations: Destinations, after: int, now: datetime) -> Moved:
    """Clocks that run: the office that watches them, and who owes them where that was an office.

    A review is watched by the office that holds it.
    """
    theirs = with_outdated_office(destinations.merger, destinations.offices) | Q(
        agency__in=list(destinations.offices)
    )
    reviews = Q(kind=DeadlineKind.MERGER_REVIEW) & ~Q(office__in=list(destinations.offices))
    rows = Deadline.objects.open().filter(theirs).exclude(reviews)
    found = next_rows(rows.select_related("agency__office"), after)
    moved = deadlines.reassign_watching_offices(found, _offices_of(destinations, found))
    for old, successor in destinations.offices.items():
        owed = [one.target_uuid for one in found if one.agency_id == old]
        if owed and successor is not None:
            moved += deadlines.pass_on(
                owed, agency=successor, office=successor, now=now, owed_by=[old]
            )
    return moved, last_of(found)


def _plainly(destinations: Destinations, found: Sequence[Any]) -> list[Any]:
    """Write the office alone; return the rows that have another one now."""
    to = _offices_of(destinations, found)
    moved = [one for one in found if one.pk in to and to[one.pk].pk != one.office_id]
    for one in moved:
        one.office = to[one.pk]
    update_rows(moved, ["office"])
    return moved


def _offices_of(destinations: Destinations, rows: Sequence[Any]) -> dict[int, Agency]:
    """Return row → the office that follows its body now; of what no office follows (the CA's and
    the office's own) who does the work of the one it names."""
    found: dict[int, Agency] = {}
    for one in rows:
        own = one.agency.office if one.agency is not None else None
        office = (
            living(own, destinations.offices)
            if own
            else destinations.offices.get(one.office_id or 0)
        )
        if office is not None:
            found[one.pk] = office
    return found


def _offices_of_devices(destinations: Destinations, devices: Sequence[Device]) -> dict[int, Agency]:
    """As ``_offices_of``; what lies at an office goes to who does that office's work."""
    to = _offices_of(destinations, [one for one in devices if one.custody != Custody.AT_OFFICE])
    return to | {
        one.pk: successor
        for one in devices
        if one.custody == Custody.AT_OFFICE
        and (successor := destinations.offices.get(one.office_id or 0))
    }


def _olds(rows: Sequence[Any]) -> dict[int, int | None]:
    return {one.pk: one.office_id for one in rows}


def _note(
    destinations: Destinations,
    about: LineAbout,
    moved: Sequence[Any],
    olds: Mapping[int, int | None],
) -> None:
    """Keep from which office to which each thing went."""
    pairs = ((one.pk, olds[one.pk], one.office_id) for one in moved)
    note(destinations, about, {pk: (old, new) for pk, old, new in pairs if old is not None})


def _record(
    destinations: Destinations, about: LineAbout, moved: Sequence[Any], *, now: datetime
) -> None:
    if not moved:
        return
    to: dict[str, list[str]] = defaultdict(list)
    for one in moved:
        to[str(one.office.uuid)].append(str(one.uuid))
    act = merger_act("merger.follow_office", destinations.merger, about=str(about), to=dict(to))
    audit.record(act, actor=None, now=now)


def _tell(
    destinations: Destinations, moved: Sequence[Any], title: str, page: str, *, now: datetime
) -> None:
    """Tell the officers of each office what came to them."""
    groups: dict[int, list[Any]] = defaultdict(list)
    for one in moved:
        groups[one.office_id].append(one)
    for office, group in groups.items():
        notices.tell(
            User.objects.of_office(office).filter(
                role__in=roles_that_can(Capability.COVER_DOSSIERS)
            ),
            cause=f"merger:{destinations.merger.pk}:office:{page}:{group[0].pk}",
            title=title % len(group),
            text=_("Theo %s.") % destinations.merger.decision,
            path=reverse(page),
            now=now,
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
        moved += sum(_to_the_end(destinations, work, now=now) for work in TRANSFERS)
        _conclude(pk, now=now)
    return moved


def _to_the_end(destinations: Destinations, work: Transfer, *, now: datetime) -> int:
    """Take chunk after chunk in the order of keys; what can't be transferred is skipped."""
    moved, after = 0, 0
    while True:
        with transaction.atomic():
            if _lock(destinations.merger.pk) is None:
                return moved
            count, last = work(destinations, after, now)
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
