"""Preparing rows for the CA: who the subscriber is, which key or device, which serial."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TypeAlias

from django.utils import timezone

from devices import services as devices
from devices.models import DeviceKind
from devices.services import Allocation
from portal.agencies import services as agencies
from portal.agencies.facts import PersonFacts, SystemFacts
from portal.agencies.models import Subscriber
from portal.ca.models import KeyPair
from portal.ca.register import services as ca
from portal.ca.tokens import outside_keys
from portal.ca.tokens.outside_keys import OutsideKey
from portal.core import law
from portal.core.database.bulk import update_rows
from portal.core.text.identifiers import parse_day
from requests_app import kinds
from requests_app.execution.rows import mark_failed
from requests_app.kinds.key_requests import MADE_AT_AGENCY, request_of
from requests_app.kinds.named_bodies import bodies_named_in
from requests_app.models import Dossier, DossierItem, Outcome
from requests_app.rules.certificates import validity

# DOMAIN 14.8: nothing new is issued in the name of a body that is no more.
SENDER_GONE = "Đơn vị gửi đã chấm dứt hoạt động; cơ quan kế thừa lập hồ sơ mới."
NOT_A_BODY = "Cơ quan không còn trong danh mục đơn vị."
# The sender reads it: whether the number stands elsewhere under another name is not told.
NOT_CONFIRMED = (
    "Cục chưa xác nhận được số định danh cùng họ tên, ngày sinh của dòng này; đối chiếu với thẻ "
    "căn cước."
)
NO_STOCK = "Kho của Cục không còn thiết bị loại này."
KEY_IN_USE = (
    "Khóa trong tệp PKCS#10 đã được dùng cho một chứng thư khác hoặc đang chờ cấp ở hồ sơ khác; "
    "cơ quan tạo cặp khóa mới và lập hồ sơ mới."
)
BAD_REQUEST = "Tệp PKCS#10 không dùng được; cơ quan tạo lại tệp và lập hồ sơ mới."
WEAK_KEY = (
    "Khóa RSA trong tệp PKCS#10 có thừa số chung với một khóa khác nên không an toàn; cơ quan kiểm "
    "tra thiết bị, phần mềm tạo khóa, tạo cặp khóa mới và lập hồ sơ mới."
)
_FROM_STOCK = frozenset(DeviceKind.values) - MADE_AT_AGENCY
Keys: TypeAlias = Mapping[str, list[KeyPair]]


def validity_from(now: datetime) -> tuple[datetime, datetime]:
    """Return from when to when a new certificate is valid: at most 5 years (R03, Điều 9)."""
    return validity(now, years=law.NEW_VALIDITY_YEARS)


def make_keys_ahead(storages: Iterable[str], *, now: datetime) -> Keys:
    """Make the keys of rows for central signing (RSSP), outside any transaction.

    Making a key takes long; a key that a crash leaves without a row is never used. Devices of the
    stock have theirs; an HSM's and a soft key's private half is made at the agency, never here.
    """
    elsewhere = _FROM_STOCK | MADE_AT_AGENCY
    wanted = Counter(storage for storage in storages if storage not in elsewhere)
    return {storage: ca.make_keys(storage, count, now=now) for storage, count in wanted.items()}


def prepare_rows(
    dossier: Dossier,
    items: Sequence[DossierItem],
    keys: Keys,
    elsewhere: Collection[str],
    *,
    now: datetime,
) -> list[DossierItem]:
    """Give each row its subscriber, key and serial in the caller's transaction; return them.

    Rows prepared before a crash are left as they are. A row that can't be prepared is marked
    failed with its reason. Another CA (rows ``elsewhere``) chooses serials, and makes the keys that
    no PKCS#10 request brings.
    """
    fresh = [
        item
        for item in items
        if not (item.subscriber_id if item.request_key in elsewhere else item.serial)
    ]
    if fresh and not dossier.agency.exists_on(timezone.localdate(now)):
        for item in fresh:
            mark_failed(item, SENDER_GONE)
        update_rows(fresh, ["outcome", "outcome_reason"])
    elif fresh:
        about = kinds.get(dossier.kind).about
        if about == "person":
            _find_people(dossier, fresh, now=now)
        elif about == "system":
            _find_systems(dossier, fresh, now=now)
        else:
            _find_bodies(dossier, fresh, now=now)
        ready = [item for item in fresh if item.outcome == Outcome.NONE]
        there = [item for item in ready if item.request_key in elsewhere]
        _take_own_keys([item for item in there if item.storage in MADE_AT_AGENCY], now=now)
        here = [item for item in ready if item.request_key not in elsewhere]
        _find_keys(dossier, here, keys, now=now)
        for item in here:
            if item.outcome == Outcome.NONE and item.key is not None:
                item.serial = ca.new_serial()
        update_rows(fresh, ["subscriber", "device", "key", "serial", "outcome", "outcome_reason"])
    return list(items)


def _find_people(dossier: Dossier, items: Sequence[DossierItem], *, now: datetime) -> None:
    """Match or create the persons; a number that is somebody else's fails its row alone."""
    facts = [_facts_of(item) for item in items]
    sound: list[tuple[DossierItem, PersonFacts]] = []
    for item, fact, conflict in zip(items, facts, agencies.conflicts_of(facts), strict=True):
        if conflict:
            mark_failed(item, NOT_CONFIRMED)
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
            mark_failed(item, NOT_A_BODY)
        else:
            item.subscriber = agencies.organisation_subscriber(version.agency)


def _find_systems(dossier: Dossier, items: Sequence[DossierItem], *, now: datetime) -> None:
    """Match or create the systems under the bodies that own them."""
    today = timezone.localdate(now)
    owners = bodies_named_in(dossier.agency, [item.answers["owner"] for item in items], today=today)
    sound: list[tuple[DossierItem, SystemFacts]] = []
    for item in items:
        owner = owners.get(item.answers["owner"])
        if owner is None:
            mark_failed(item, NOT_A_BODY)
        else:
            name, host = item.answers["name"], item.answers.get("domain", "")
            sound.append((item, SystemFacts(owner=owner.agency, name=name, host=host)))
    systems = agencies.match_or_create_systems([facts for _, facts in sound])
    for (item, _), system in zip(sound, systems, strict=True):
        item.subscriber = system


def _find_keys(
    dossier: Dossier, items: Sequence[DossierItem], keys: Keys, *, now: datetime
) -> None:
    """Take devices from the stock, keys from the rows' own requests, or keys made ahead."""
    own = [item for item in items if item.storage in MADE_AT_AGENCY]
    _take_own_keys(own, now=now)
    others = [item for item in items if item.storage not in MADE_AT_AGENCY]
    allocations: list[Allocation] = []
    for (storage, carrier), count in Counter(map(_wants, others)).items():
        wanting = [item for item in others if _wants(item) == (storage, carrier)]
        if storage in _FROM_STOCK:
            found = devices.take_from_stock(storage, count, carrier=carrier)
            for item, device in zip(wanting, found, strict=False):
                assert isinstance(item.subscriber, Subscriber)
                assert device.key is not None
                item.device, item.key = device, device.key
                is_sim = storage == DeviceKind.SIM
                allocations.append(
                    Allocation(
                        device,
                        item.subscriber,
                        phone=item.answers.get("phone", "") if is_sim else "",
                        converts_number=is_sim and bool(item.answers.get("converts_number")),
                    )
                )
            for item in wanting[len(found) :]:
                mark_failed(item, NO_STOCK)
        else:
            # Take keys out of those made ahead: none is ever given twice, whatever is rolled back.
            pool = keys.get(storage, [])
            taken, pool[:] = pool[:count], pool[count:]
            for item, key in zip(wanting, taken, strict=False):
                item.key = key
    devices.allocate_many(
        allocations,
        agency=dossier.agency,
        office=dossier.office,
        document=("dossier", dossier.uuid, f"Hồ sơ {dossier.letter_number}"),
        actor=None,
        now=now,
    )


def _take_own_keys(items: Sequence[DossierItem], *, now: datetime) -> None:
    """Take in the keys of the rows' PKCS#10 requests; one that is taken already fails its row."""
    sound: list[tuple[DossierItem, str]] = []
    wanted: dict[str, OutsideKey] = {}
    for item in items:
        request = request_of(item.answers)
        if request is None:
            mark_failed(item, BAD_REQUEST)
        elif request.fingerprint in wanted:
            mark_failed(item, KEY_IN_USE)
        else:
            wanted[request.fingerprint] = OutsideKey(request, item.storage)
            sound.append((item, request.fingerprint))
    free = outside_keys.take_in(wanted, now=now)
    # The keys that rows still to be carried out have been given.
    rows = DossierItem.objects.filter(key__in=[key.pk for key in free.values()])
    held = set(rows.exclude(outcome=Outcome.REFUSED).values_list("key", flat=True))
    weak = outside_keys.weak_together(
        [one.request for one in wanted.values()], among=KeyPair.objects.all()
    )
    for item, fingerprint in sound:
        key = free.get(fingerprint)
        if fingerprint in weak:
            mark_failed(item, WEAK_KEY)
        elif key is None or key.pk in held:
            mark_failed(item, KEY_IN_USE)
        else:
            item.key = key


def _wants(item: DossierItem) -> tuple[str, str]:
    """Return the storage a row asks for and, for SIM PKI, the carrier."""
    carrier = item.answers.get("carrier", "") if item.storage == DeviceKind.SIM else ""
    return item.storage, carrier
