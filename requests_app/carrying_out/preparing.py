"""Preparing rows for the CA: who the subscriber is, which key or device, which serial."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import TypeAlias

from django.utils import timezone

from devices import services as devices
from devices.models import Device, DeviceKind
from devices.services import Allocation
from portal.agencies import services as agencies
from portal.agencies.facts import PersonFacts
from portal.agencies.models import Subscriber
from portal.ca import services as ca
from portal.ca.models import KeyPair
from portal.core.bulk import update_rows
from portal.core.identifiers import parse_day
from requests_app import kinds
from requests_app.carrying_out.pieces import mark_failed
from requests_app.models import Dossier, DossierItem, Outcome
from requests_app.rules.certificates import NEW_VALIDITY_YEARS
from requests_app.services.organisations import bodies_named_in

# DOMAIN 14.8: nothing new is issued in the name of a body that is no more.
SENDER_GONE = "Đơn vị gửi đã chấm dứt hoạt động; cơ quan kế thừa lập hồ sơ mới."
NO_STOCK = "Kho của Cục không còn thiết bị loại này."
_TRAVELLING = frozenset(DeviceKind.values)
Keys: TypeAlias = Mapping[str, list[KeyPair]]


def validity_from(now: datetime) -> tuple[datetime, datetime]:
    """Return from when to when a new certificate is valid: at most 5 years (R03, Điều 9).

    It ends at the last second of the day before the fifth anniversary, local time.
    """
    begins = now.replace(microsecond=0)
    day = timezone.localdate(begins)
    try:
        anniversary = day.replace(year=day.year + NEW_VALIDITY_YEARS)
    except ValueError:  # born on 29 February
        anniversary = day.replace(year=day.year + NEW_VALIDITY_YEARS, day=28)
    last_day = anniversary - timedelta(days=1)
    ends = timezone.make_aware(datetime.combine(last_day, time(23, 59, 59)))
    return begins, ends


def make_keys_ahead(storages: Iterable[str], *, now: datetime) -> Keys:
    """Make the keys of rows that get no device (soft keys, RSSP), outside any transaction.

    Making a key takes long; a key that a crash leaves without a row is never used.
    """
    wanted = Counter(storage for storage in storages if storage not in _TRAVELLING)
    return {storage: ca.make_keys(storage, count, now=now) for storage, count in wanted.items()}


def prepare_rows(
    dossier: Dossier, items: Sequence[DossierItem], keys: Keys, *, now: datetime
) -> list[DossierItem]:
    """Give each row its subscriber, key and serial in the caller's transaction; return them.

    Rows prepared before a crash are left as they are. A row that can't be prepared is marked
    failed with its reason.
    """
    fresh = [item for item in items if not item.serial]
    if fresh and not dossier.agency.exists_on(timezone.localdate(now)):
        for item in fresh:
            mark_failed(item, SENDER_GONE)
        update_rows(fresh, ["outcome", "outcome_reason"])
    elif fresh:
        _find_subscribers(dossier, fresh, now=now)
        ready = [item for item in fresh if item.outcome == Outcome.NONE]
        _find_keys(dossier, ready, keys, now=now)
        for item in ready:
            if item.outcome == Outcome.NONE and item.key is not None:
                item.serial = ca.new_serial()
        update_rows(fresh, ["subscriber", "device", "key", "serial", "outcome", "outcome_reason"])
    return list(items)


def _find_subscribers(dossier: Dossier, items: Sequence[DossierItem], *, now: datetime) -> None:
    if kinds.get(dossier.kind).about == "person":
        _find_people(dossier, items, now=now)
    else:
        _find_bodies(dossier, items, now=now)


def _find_people(dossier: Dossier, items: Sequence[DossierItem], *, now: datetime) -> None:
    """Match or create the persons; a number that is somebody else's fails its row alone."""
    facts = [_facts_of(item) for item in items]
    sound: list[tuple[DossierItem, PersonFacts]] = []
    for item, fact, conflict in zip(items, facts, agencies.conflicts_of(facts), strict=True):
        if conflict:
            mark_failed(item, conflict.message)
        else:
            sound.append((item, fact))
    people = agencies.match_or_create_people(
        [fact for _, fact in sound], agency=dossier.agency, now=now
    )
    for (item, _), person in zip(sound, people, strict=True):
        item.subscriber = person


def _facts_of(item: DossierItem) -> PersonFacts:
    answers = item.answers
    levels = [answers.get(f"org{level}", "") for level in range(1, 5)]
    return PersonFacts(
        number=answers["identity_number"],
        name=answers["full_name"],
        birth_on=parse_day(answers["birth_on"]),
        unit=next((level for level in reversed(levels) if level), ""),
        position=answers.get("position", ""),
        email=answers.get("email", ""),
        phone=answers.get("phone", ""),
    )


def _find_bodies(dossier: Dossier, items: Sequence[DossierItem], *, now: datetime) -> None:
    today = timezone.localdate(now)
    bodies = bodies_named_in(dossier.agency, [item.title for item in items], today=today)
    for item in items:
        version = bodies.get(item.title)
        if version is None:
            mark_failed(item, "Cơ quan không còn trong danh mục đơn vị.")
        else:
            item.subscriber = agencies.organisation_subscriber(version.agency)


def _find_keys(
    dossier: Dossier, items: Sequence[DossierItem], keys: Keys, *, now: datetime
) -> None:
    """Take devices from the stock, or the keys made ahead where nothing travels."""
    allocations: list[Allocation] = []
    for (storage, carrier), count in Counter(map(_wants, items)).items():
        wanting = [item for item in items if _wants(item) == (storage, carrier)]
        if storage in _TRAVELLING:
            found = devices.take_from_stock(storage, count, carrier=carrier)
            allocations += _give_devices(wanting, found)
        else:
            for item, key in zip(wanting, _take(keys, storage, count), strict=False):
                item.key = key
    devices.allocate_many(
        allocations,
        agency=dossier.agency,
        office=dossier.office,
        document=("dossier", dossier.uuid, f"Hồ sơ {dossier.letter_number}"),
        actor=None,
        now=now,
    )


def _take(keys: Keys, storage: str, count: int) -> list[KeyPair]:
    """Take keys out of those made ahead: none is ever given twice, whatever is rolled back."""
    pool = keys.get(storage, [])
    taken, pool[:] = pool[:count], pool[count:]
    return taken


def _wants(item: DossierItem) -> tuple[str, str]:
    """Return the storage a row asks for and, for SIM PKI, the carrier."""
    carrier = item.answers.get("carrier", "") if item.storage == DeviceKind.SIM else ""
    return item.storage, carrier


def _give_devices(items: Sequence[DossierItem], found: Sequence[Device]) -> list[Allocation]:
    allocations = []
    for item, device in zip(items, found, strict=False):
        subscriber = item.subscriber
        assert isinstance(subscriber, Subscriber)
        item.device, item.key = device, _key_of(device)
        allocations.append(
            Allocation(
                device,
                subscriber,
                phone=item.answers.get("phone", "") if item.storage == DeviceKind.SIM else "",
            )
        )
    for item in items[len(found) :]:
        mark_failed(item, NO_STOCK)
    return allocations


def _key_of(device: Device) -> KeyPair:
    assert device.key is not None
    return device.key
