"""What each body is asked about in a review: its certificates, devices and people, each once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from devices.lifecycle import Condition, Custody
from devices.models import Device
from orgmerge import facts, gathering, register
from orgmerge.models import Merger
from portal.agencies.models import Subscriber, SubscriberKind
from portal.ca.models import Certificate

# Where a device is that the body or one of its people has in hand.
OUT = frozenset(
    {
        Custody.AT_AGENCY,
        Custody.WITH_SUBSCRIBER,
        Custody.TO_BE_RETURNED,
        Custody.BACK_AT_AGENCY,
    }
)
# In what order a list names them: the body's own, its people, its systems, single things.
_ORGANISATION, _PERSON, _SYSTEM, _DEVICE, _SUBSCRIBER = range(5)
_RANKS = {
    SubscriberKind.ORGANISATION: _ORGANISATION,
    SubscriberKind.PERSON: _PERSON,
    SubscriberKind.SYSTEM: _SYSTEM,
}


@dataclass(frozen=True, slots=True)
class Thing:
    """One line of a list; ``holder`` is whose it is, for the order of names."""

    rank: int
    holder: int | None
    certificate: int | None = None
    device: int | None = None
    subscriber: int | None = None


def asked(merger: Merger, *, today: date) -> dict[int, int]:
    """Return body → the body that answers for it: itself, or of a unit without a seal the one
    above it that has one (cơ quan, tổ chức quản lý trực tiếp)."""
    body_ids = gathering.involved(gathering.described(merger))
    bodies = register.bodies_with_superiors(body_ids, today=today)
    return {pk: _with_seal(bodies[pk], bodies).pk for pk in sorted(body_ids)}


def _with_seal(body: facts.Body, bodies: Mapping[int, facts.Body]) -> facts.Body:
    above: facts.Body | None = body
    while above is not None and not above.has_seal:
        above = bodies.get(above.parent) if above.parent is not None else None
    return above or body  # no seal up to the top: its office answers for it


def is_long(body_ids: Collection[int], *, most: int) -> bool:
    """Say whether more than ``most`` lines are to be expected, which takes a worker to write."""
    if len(body_ids) > register.AT_ONCE:
        return True
    counted = 0
    for model in (Certificate, Device, Subscriber):
        counted += model._default_manager.filter(agency__in=body_ids).count()
    return counted > most


def things_of(body_ids: Iterable[int], *, today: date) -> dict[int, list[Thing]]:
    """Return body → what it is asked about, in a fixed number of queries for each thousand.

    Certificates that stand, or ended with the device still out; devices in hand without one;
    subscribers without either. What was revoked or replaced is no question any more.
    """
    lists = _Lists(register.read(body_ids, today=today), today)
    lists.certificates()
    lists.devices()
    lists.subscribers()
    return lists.things


@dataclass(slots=True)
class _Lists:
    """The lists while they are made: what stands in a line is named in no other."""

    found: register.Found
    today: date
    things: dict[int, list[Thing]] = field(default_factory=lambda: defaultdict(list))
    _devices: set[int] = field(default_factory=set)
    _holders: set[int] = field(default_factory=set)

    def certificates(self) -> None:
        devices = {device.pk: device for device in self.found.devices}
        for one in self.found.certificates:
            device = devices.get(one.device or 0)
            if _is_current(one, device, today=self.today):
                rank = _RANKS[SubscriberKind(one.kind)]
                on_it = device.pk if device is not None else None
                self._add(one.body, Thing(rank, one.subscriber, one.pk, on_it))

    def devices(self) -> None:
        for device in self.found.devices:
            if device.pk not in self._devices and _is_in_hand(device):
                self._add(device.body, Thing(_DEVICE, device.subscriber, device=device.pk))

    def subscribers(self) -> None:
        for one in self.found.subscribers.values():
            if one.pk not in self._holders:
                self._add(one.body, Thing(_SUBSCRIBER, one.pk, subscriber=one.pk))

    def _add(self, body: int, thing: Thing) -> None:
        self.things[body].append(thing)
        if thing.device is not None:
            self._devices.add(thing.device)
        if thing.holder is not None:
            self._holders.add(thing.holder)


def _is_current(one: facts.Certificate, device: facts.Device | None, *, today: date) -> bool:
    if one.is_revoked or one.is_superseded:
        return False
    return one.not_after >= today or (
        device is not None and device.certificate == one.pk and _is_in_hand(device)
    )


def _is_in_hand(device: facts.Device) -> bool:
    return device.custody in OUT and device.condition != Condition.LOST


def in_order(things: Collection[Thing]) -> list[Thing]:
    """Return lines in the order of a list: by what they are, then by name (one query)."""
    holders = {one.holder for one in things if one.holder is not None}
    rows = Subscriber.objects.filter(pk__in=holders).order_by()
    names = dict(rows.values_list("pk", "sort_name"))
    return sorted(
        things,
        key=lambda one: (
            one.rank,
            names.get(one.holder or 0, ""),
            one.certificate or 0,
            one.device or 0,
        ),
    )
