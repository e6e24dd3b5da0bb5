"""A year of the portal: bodies, certificates of every age, and the sweeps played day by day."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from io import StringIO
from random import Random

from django.core.management import call_command
from django.utils import timezone

from devices import services as devices
from devices.lifecycle import Condition, Custody, Move
from devices.models import CustodyMove, Device, DeviceKind
from portal.accounts.models import User
from portal.agencies.models import Subscriber, SubscriberKind
from portal.ca.authority import services as authority
from portal.ca.authority.services import Order
from portal.ca.models import Certificate, KeyPair
from portal.ca.pki.names import SubjectName
from portal.ca.register import expiry
from portal.ca.register import services as ca
from portal.core.database.fields import keyed_hash
from portal.core.roles import Role
from portal.core.text.vietnamese import search_key, sort_key
from requests_app.models import Procedure
from requests_app.workflow import Route
from tests import builders, story
from tests.flows.population import ROUTES

FIRST = date(2026, 1, 1)
BEFORE = datetime(2025, 12, 31, 3, tzinfo=UTC)  # when the population is made
SWEEPS_AT = "08:05"
LONGEST_OUTAGE = 10
_LIFETIME = timedelta(days=4 * 365)
# Of a hundred: how many on each sort of store.
_STORES = ("token",) * 80 + ("sim",) * 8 + ("soft",) * 7 + ("rssp",) * 5
_OLDEST, _YOUNGEST = date(2025, 11, 20), date(2029, 12, 15)  # the days they end on
_WAY = (
    (Move.TAKE_IN, Custody.STOCK),
    (Move.ALLOCATE, Custody.ALLOCATED),
    (Move.SEND, Custody.ON_ITS_WAY),
    (Move.RECEIVE, Custody.AT_AGENCY),
    (Move.HAND_OVER, Custody.WITH_SUBSCRIBER),
)


@dataclass(frozen=True, slots=True)
class World:
    """Who is there; ``bodies`` share offices and the CA."""

    bodies: Sequence[story.Cast]
    administrators: Sequence[User]


def seeded(seed: int) -> Random:
    """Return chance that is the same again: of a script, not of a secret."""
    return Random(seed)  # noqa: S311


def settle(certificates: int, *, stock: int, random: Random) -> World:
    """Make everybody, the rules of the ways, ``stock`` tokens with keys, and the certificates."""
    first = story.cast(Route.VIA_OFFICE, procedure=Procedure.ISSUE)
    for procedure, route in (ROUTES | {Procedure.HANDOVER_NOTICE: Route.NOTICE}).items():
        if procedure != Procedure.ISSUE:
            builders.routing(procedure, route)
    second = story.cast_beside(first)
    bodies = [first, second, *(_body(replace(one)) for one in [first, second] * 9)]
    serials = [f"TU-{number:06d}" for number in range(1, stock + 1)]
    devices.take_in("token", serials, batch="1", actor=first.operator, now=BEFORE)
    while devices.make_next_keys(now=BEFORE):
        pass
    made = _certificates(certificates, bodies, random)
    _replace_some(made, random)
    expiry.open_doors(Certificate.objects.filter(successors=None), now=BEFORE)
    return World(bodies, [builders.user(Role.ADMINISTRATOR) for _one in range(2)])


def _body(like: story.Cast) -> story.Cast:
    agency = builders.agency(office=like.agency.office)
    clerk, head = (builders.user(role, agency=agency) for role in (Role.CLERK, Role.HEAD))
    return replace(like, agency=agency, clerk=clerk, head=head)


def _certificates(
    count: int, bodies: Sequence[story.Cast], random: Random
) -> dict[str, list[Certificate]]:
    """Issue ``count`` certificates that end on any day of four years; return them by store."""
    found: dict[str, list[Certificate]] = {}
    people = _people(count, bodies)
    stores = [random.choice(_STORES) for _one in people]
    for store in sorted(set(stores)):
        holders = [one for one, its in zip(people, stores, strict=True) if its == store]
        keys = ca.make_keys(store, len(holders), now=BEFORE)
        span = (_YOUNGEST - _OLDEST).days
        ends = [_moment(_OLDEST + timedelta(days=random.randrange(span)), 17) for _one in holders]
        found[store] = _issue(holders, keys, ends)
        if store in DeviceKind.values:
            _in_hands_of(holders, keys)
        for one in random.sample(found[store], len(holders) // 10):
            one.renewals = 1
        Certificate.objects.bulk_update(found[store], ["renewals"], batch_size=500)
    return found


def _people(count: int, bodies: Sequence[story.Cast]) -> list[Subscriber]:
    people = []
    for number in range(count):
        name, identity = f"Lò Văn Giữ {number}", f"0120901{number:05d}"
        people.append(
            Subscriber(
                kind=SubscriberKind.PERSON,
                name=name,
                search_name=search_key(name),
                sort_name=sort_key(name),
                identity_number=identity,
                identity_hash=keyed_hash(identity),
                birth_on=date(1990, 1, 1),
                agency=bodies[number % len(bodies)].agency,
            )
        )
    return Subscriber.objects.bulk_create(people, batch_size=500)


def _issue(
    holders: Sequence[Subscriber],
    keys: Sequence[KeyPair],
    ends: Sequence[datetime],
    *,
    before: Sequence[Certificate | None] | None = None,
) -> list[Certificate]:
    orders = [
        Order(
            request_key=uuid.uuid4().hex,
            serial=ca.new_serial(),
            kind=holder.kind,
            subject=SubjectName(
                common_name=holder.name,
                organisation_levels=("ỦY BAN NHÂN DÂN TỈNH LAI CHÂU",),
                locality="Lai Châu",
                email="thu@laichau.gov.vn",
            ),
            public_key=bytes(key.public_key),
            not_before=end - _LIFETIME,
            not_after=end,
        )
        for holder, key, end in zip(holders, keys, ends, strict=True)
    ]
    answers = authority.own().issue_many(orders, now=BEFORE)
    made = [
        ca.certificate_from(
            order,
            answer,
            subscriber=holder,
            agency=holder.agency,
            office=holder.agency.office,
            key=key,
            now=min(BEFORE, order.not_before),
            predecessor=old,
            is_renewal=old is not None,
        )
        for order, answer, holder, key, old in zip(
            orders, answers, holders, keys, before or [None] * len(orders), strict=True
        )
    ]
    return Certificate.objects.bulk_create(made, batch_size=500)


def _in_hands_of(holders: Sequence[Subscriber], keys: Sequence[KeyPair]) -> None:
    """Devices with their subscribers, and the whole ledger that brought them there."""
    made = Device.objects.bulk_create(
        [
            Device(
                kind=key.storage,
                serial=f"CU-{key.storage.upper()}-{number:05d}",
                key=key,
                custody=Custody.WITH_SUBSCRIBER,
                condition=Condition.OK,
                agency=holder.agency,
                office=holder.agency.office,
                subscriber=holder,
                phone=f"09{number:08d}" if key.storage == DeviceKind.SIM else "",
                received_at=BEFORE,
            )
            for number, (holder, key) in enumerate(zip(holders, keys, strict=True))
        ],
        batch_size=500,
    )
    CustodyMove.objects.bulk_create(
        [_entry(device, number) for number in range(len(_WAY)) for device in made], batch_size=500
    )


def _entry(device: Device, number: int) -> CustodyMove:
    move, place = _WAY[number]
    was = _WAY[number - 1][1] if number else ""
    return CustodyMove(
        device=device,
        move=move,
        from_custody=was,
        to_custody=place,
        from_condition=Condition.OK if number else "",
        to_condition=Condition.OK,
        agency=device.agency if number else None,
        subscriber=device.subscriber if number else None,
        holder="Lò Thị Nhận" if move == Move.HAND_OVER else "",
        document_type="test",
        document_label="Sổ cũ",
        happened_on=timezone.localdate(BEFORE),
        at=BEFORE,
    )


def _replace_some(made: dict[str, list[Certificate]], random: Random) -> None:
    """Renew or change some in the last week: the old ones end by a sweep of the first days."""
    soon = BEFORE + timedelta(days=60)
    standing = [one for one in made["token"] if one.not_after > soon and not one.renewals]
    old = random.sample(standing, len(standing) // 50)
    ends = [_moment(_YOUNGEST, 17)] * len(old)
    new = _issue([one.subscriber for one in old], [one.key for one in old], ends, before=old)
    for number, one in enumerate(new):
        one.issued_at = BEFORE - timedelta(days=1 + number % 6)
    Certificate.objects.bulk_update(new, ["issued_at"])


def outages(random: Random, *, days: int) -> set[date]:
    """Return days without sweeps: some stretches of up to ten, a month or so apart."""
    away: set[date] = set()
    begins = random.randrange(10)
    while begins < days - 1:
        length = random.randint(1, LONGEST_OUTAGE)
        away |= {FIRST + timedelta(days=n) for n in range(begins, min(begins + length, days - 1))}
        begins += length + random.randint(1, 30)
    return away


def play(act: Callable[[date], object], *, away: Collection[date], days: int) -> None:
    """Play the year's first ``days``: the sweeps, unless they are ``away``, then what people do."""
    for day in (FIRST + timedelta(days=n) for n in range(days)):
        if day not in away:
            sweep(f"{day}T{SWEEPS_AT}")
        act(day)
    sweep(f"{timezone.localtime(end_of(days)):%Y-%m-%dT%H:%M}")


def end_of(days: int) -> datetime:
    """Return the evening of the last day, when the sweeps run once more."""
    return _moment(FIRST + timedelta(days=days - 1), 20)


def sweep(at: str) -> None:
    """Run all sweeps as the command does; raises CommandError when one fails."""
    call_command("run_sweeps", "--at", at, stdout=StringIO(), stderr=StringIO())


def _moment(day: date, hour: int) -> datetime:
    """Return an hour of a day as it is in Hà Nội."""
    return timezone.make_aware(datetime.combine(day, time(hour)))
