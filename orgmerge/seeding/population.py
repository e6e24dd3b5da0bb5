"""A population as it was before communes were merged: bodies, people, certificates, devices."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache, partial
from itertools import accumulate
from random import Random
from typing import Any

from devices.lifecycle import Condition, Custody, Move
from devices.models import CustodyMove, Device, DeviceKind
from orgmerge.seeding.bodies import Builder, Commune
from orgmerge.seeding.context import SINCE, Factory, Holder, Issued, SeededPlace, Writer
from orgmerge.seeding.signing import CertificateMaker
from portal.accounts.models import User
from portal.agencies.models import Affiliation, Agency, AgencyVersion, Subscriber, SubscriberKind
from portal.ca.models import Certificate, KeyPair, RevocationReason, Storage
from portal.ca.pki import crl, serials
from portal.ca.pki.names import SubjectName
from portal.core.database.fields import keyed_hash
from portal.core.text.vietnamese import person_sort_key, search_key, sort_key
from requests_app import kinds
from requests_app.models import Dossier, DossierItem
from requests_app.models.querysets import is_at_ca
from requests_app.workflow import Route, State, queue_of

# Each table after those its rows point at.
_ORDER = (
    Agency,
    AgencyVersion,
    User,
    Subscriber,
    Affiliation,
    KeyPair,
    Certificate,
    Device,
    CustodyMove,
    Dossier,
    DossierItem,
)


def populate(
    communes: Iterable[Commune],
    *,
    bodies_of: Callable[[str], Sequence[str]],
    people: int,
    seed: int,
    day: date,
    maker: CertificateMaker,
) -> dict[str, int]:
    """Fill the register with the bodies of ``communes`` and ``people`` persons in each; return how
    many rows of each table were made.

    Ages are as of ``day``. The same seed and communes make the same population in an empty
    register, but for what the maker makes. It is a fixture: no audit entries, no deadlines, no
    notices; nobody can sign with the keys.
    """
    before = {model: model._default_manager.count() for model in _ORDER}
    writer = Writer(_ORDER)
    random = Random(seed)  # noqa: S311 (made up, no secret)
    factory = Factory(writer, maker, random, day)
    named = ((commune, bodies_of(commune.name)) for commune in communes)
    for places in Builder(factory).found(named):
        for number, place in enumerate(places):
            if place.agency.has_seal:
                settle_people(factory, place, places[number - 1], people=people)
    writer.write()
    return {
        model.__name__: model._default_manager.count() - count for model, count in before.items()
    }


_FAMILY = ("Lò", "Vàng", "Giàng", "Tẩn", "Hoàng", "Lường", "Quàng", "Nguyễn", "Đặng", "Bùi", "Phạm",
           "Trần", "Lê", "Võ", "Huỳnh", "Phan", "Dương", "Lý", "Sùng", "Đinh")  # fmt: skip
_MIDDLE = ("Văn", "Thị", "Minh", "Xuân", "Thu", "Ngọc", "Quốc", "Hồng", "Đức", "Thanh", "Hữu")
_GIVEN = ("An", "Bình", "Chung", "Đạt", "Hà", "Khánh", "Lan", "Long", "Nam", "Phúc", "Quỳnh",
          "Sơn", "Thủy", "Tuấn", "Yến", "Ân", "Ánh", "Em", "Hương", "Trí")  # fmt: skip
_POSITIONS = ("Văn thư", "Kế toán", "Chuyên viên", "Phó Chủ tịch", "Chủ tịch", "Giáo viên")
_ONE_SYSTEM_IN = 4  # bodies
# A few thousand names for hundreds of thousands of people.
_search_key, _person_sort_key = cache(search_key), cache(person_sort_key)
_YEARS_OF_BIRTH = 8
_TAILS = 100_000  # identity numbers from 900000 on were given to nobody


def settle_people(
    factory: Factory, place: SeededPlace, neighbour: SeededPlace, *, people: int
) -> None:
    """Give ``place`` its own certificate, perhaps a system's, and ``people`` persons."""
    body = place.agency
    own = _subscriber(
        factory,
        place,
        kind=SubscriberKind.ORGANISATION,
        name=body.name,
        search_name=body.search_name,
        sort_name=body.sort_name,
        organisation_id=body.pk,
    )
    _hold(factory, place, own, draw(LOTS_OF_BODIES, random=factory.random))
    if factory.random.randrange(_ONE_SYSTEM_IN) == 0:
        name = f"Phần mềm một cửa {factory.number()}"
        system = _subscriber(
            factory,
            place,
            kind=SubscriberKind.SYSTEM,
            name=name,
            search_name=search_key(name),
            sort_name=sort_key(name),
            domain_name=f"motcua{factory.number()}.{place.mailbox.rpartition('@')[2]}",
        )
        _hold(factory, place, system, draw(LOTS_OF_SYSTEMS, random=factory.random))
    for _number in range(people):
        lot = draw(LOTS, random=factory.random)
        parts = (factory.random.choice(words) for words in (_FAMILY, _MIDDLE, _GIVEN))
        label = " ".join(parts)
        number, count = factory.random.randrange(2), factory.person()
        tens, tail = divmod(count, _TAILS)
        # Born after 2000, which none of the demo's people is; after 1990 where those are used up.
        year = (2000, 1990)[tens // _YEARS_OF_BIRTH % 2] + tens % _YEARS_OF_BIRTH
        sex = number + (2 if year >= 2000 else 0)  # noqa: PLR2004 (the century's digits)
        identity = f"{int(place.province_code):03d}{sex}{year % 100:02d}{900_000 + tail}"
        person = _subscriber(
            factory,
            place,
            kind=SubscriberKind.PERSON,
            name=label,
            search_name=_search_key(label),
            sort_name=_person_sort_key(label),
            identity_number=identity,
            identity_hash=keyed_hash(identity),
            birth_on=date(year, 1 + count % 12, 1 + count % 28),
        )
        email = _employ(factory, place, person)
        if lot.works_elsewhere and neighbour is not place:
            _employ(factory, neighbour, person)
            _hold(factory, neighbour, person, SECOND)
        _hold(factory, place, person, lot, email=email)
    factory.writer.write_if_many()


def _subscriber(
    factory: Factory,
    place: SeededPlace,
    *,
    kind: str,
    name: str,
    search_name: str,
    domain_name: str = "",
    **values: Any,
) -> Holder:
    """Let ``place`` have a subscriber."""
    pk = factory.writer.put(
        Subscriber,
        uuid=factory.uuid(),
        kind=kind,
        name=name,
        search_name=search_name,
        domain_name=domain_name,
        agency_id=place.agency.pk,
        **values,
    )
    return Holder(pk, kind, name, search_name, domain_name)


def _hold(
    factory: Factory, place: SeededPlace, holder: Holder, lot: Lot, *, email: str = ""
) -> None:
    if not lot.has_certificate:
        return
    email = email or f"{place.mailbox.replace('@', f'{factory.number()}@', 1)}"
    made = certify(factory, place, holder, lot, email)
    if lot.has_second:
        certify(factory, place, holder, SECOND, email)
    if lot.is_pending:
        open_dossier(factory, place, made)


def _employ(factory: Factory, place: SeededPlace, person: Holder) -> str:
    """Let ``person`` work at ``place``; return the mailbox they have there."""
    email = place.mailbox.replace("@", f"{factory.number()}@", 1)
    factory.writer.put(
        Affiliation,
        subscriber_id=person.pk,
        agency_id=place.agency.pk,
        position=factory.random.choice(_POSITIONS),
        email=email,
        phone=f"09{factory.number() % 10**8:08d}",
        valid_from=SINCE,
    )
    return email


_FORMS = ("mau_04_renew_change", "mau_05_revoke")
_STATES = (State.DRAFT, State.AWAITING_SIGNATURE, State.SUBMITTED, State.FORWARDED)
_SENT = frozenset({State.SUBMITTED, State.FORWARDED})


def open_dossier(factory: Factory, place: SeededPlace, certificate: Issued) -> None:
    """Let a dossier of ``place`` speak of ``certificate``, somewhere on its way."""
    kind = kinds.get(factory.random.choice(_FORMS))
    state = factory.random.choice(_STATES)
    number, at = factory.number(), factory.ends(-10)
    is_sent = state in _SENT
    queue = queue_of(state, Route.VIA_OFFICE)
    dossier = factory.writer.add(
        Dossier(
            uuid=factory.uuid(),
            kind=kind.code,
            kind_version=kind.version,
            agency=place.agency,
            agency_version=place.version,
            office=place.agency.office,
            route=Route.VIA_OFFICE,
            addressee=factory.ca,
            state=state,
            queue=queue,
            waiting_since=at.date() if queue else None,
            is_at_ca=is_at_ca(state, Route.VIA_OFFICE),
            row_count=1,
            first_title=certificate.holder.name,
            letter_number=f"{number}/CV" if is_sent else "",
            letter_date=at.date() if is_sent else None,
            created_by=place.clerk,
            created_at=at,
            updated_at=at,
            sent_at=at if is_sent else None,
            received_on=at.date() if is_sent else None,
        )
    )
    factory.writer.add(
        DossierItem(
            uuid=factory.uuid(),
            dossier=dossier,
            position=1,
            title=certificate.holder.name,
            search_title=certificate.holder.search_name,
            storage=certificate.storage,
            subscriber_id=certificate.holder.pk,
            certificate_id=certificate.pk,
            request_key=factory.uuid().hex,
        )
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Lot:
    """One sort of certificate. ``days_left`` are whole days from the day of the population, from
    and to; ``custody`` and ``condition`` are of its device, where its storage has one."""

    share: int  # in a thousand
    days_left: tuple[int, int] = (91, 1400)
    storage: str = Storage.TOKEN
    custody: str = Custody.WITH_SUBSCRIBER
    condition: str = Condition.OK
    renewals: int = 0
    is_successor: bool = False  # of one that was superseded
    is_installed: bool = True  # said of a successor
    revoked: str = ""
    is_pending: bool = False  # an open dossier speaks of it
    shows_title: bool = False
    has_second: bool = False  # the same person has another one
    works_elsewhere: bool = False  # has duties at a neighbouring body as well
    has_certificate: bool = True


LOTS: tuple[Lot, ...] = (
    Lot(share=398),
    Lot(share=160, storage=Storage.RSSP),
    Lot(share=30, storage=Storage.SIM),
    Lot(share=40, days_left=(30, 59)),
    Lot(share=40, days_left=(0, 29)),
    Lot(share=40, days_left=(-400, -1), custody=Custody.TO_BE_RETURNED),
    Lot(share=15, days_left=(-900, -401), custody=Custody.AT_CA),
    Lot(share=40, renewals=1, is_successor=True),
    Lot(share=10, renewals=1, is_successor=True, days_left=(0, 59)),
    Lot(share=20, is_successor=True, is_installed=False),
    Lot(share=30, revoked=RevocationReason.CESSATION, custody=Custody.TO_BE_RETURNED),
    Lot(share=20, revoked=RevocationReason.CESSATION, custody=Custody.BACK_AT_AGENCY),
    Lot(share=15, revoked=RevocationReason.AFFILIATION_CHANGED, custody=Custody.AT_OFFICE),
    Lot(share=20, condition=Condition.LOCKED),
    Lot(share=12, condition=Condition.LOST),
    Lot(share=10, condition=Condition.DAMAGED),
    Lot(share=10, custody=Custody.AT_AGENCY),
    Lot(share=20, is_pending=True),
    Lot(share=10, shows_title=True),
    Lot(share=20, has_second=True),
    Lot(share=20, works_elsewhere=True),
    Lot(share=20, has_certificate=False),
)
# Bodies: some have none, some only one that ended.
LOTS_OF_BODIES: tuple[Lot, ...] = (
    Lot(share=480),
    Lot(share=80, storage=Storage.HSM),
    Lot(share=60, days_left=(30, 59)),
    Lot(share=70, days_left=(0, 29)),
    Lot(share=60, days_left=(-400, -1), custody=Custody.TO_BE_RETURNED),
    Lot(share=60, renewals=1, is_successor=True),
    Lot(share=20, is_successor=True, is_installed=False),
    Lot(share=30, revoked=RevocationReason.CESSATION, custody=Custody.BACK_AT_AGENCY),
    Lot(share=30, condition=Condition.LOCKED),
    Lot(share=20, condition=Condition.LOST),
    Lot(share=10, condition=Condition.DAMAGED),
    Lot(share=20, is_pending=True),
    Lot(share=60, has_certificate=False),
)
LOTS_OF_SYSTEMS: tuple[Lot, ...] = (
    Lot(share=700, storage=Storage.SOFT),
    Lot(share=100, storage=Storage.HSM),
    Lot(share=100, storage=Storage.SOFT, days_left=(0, 29)),
    Lot(share=100, storage=Storage.SOFT, days_left=(-400, -1)),
)
SECOND = Lot(share=0, storage=Storage.RSSP)


def draw(lots: tuple[Lot, ...], *, random: Random) -> Lot:
    """Return one of ``lots``, each as often as its share says."""
    return random.choices(lots, cum_weights=_shares(lots))[0]


@cache
def _shares(lots: tuple[Lot, ...]) -> list[int]:
    return list(accumulate(lot.share for lot in lots))


_YEARS = timedelta(days=5 * 365)
_LEDGER = "Số liệu thử quy mô"
# The move that brought a device where it is, and where from.
_WAY: dict[str, tuple[Move, Custody]] = {
    Custody.AT_AGENCY: (Move.RECEIVE, Custody.ON_ITS_WAY),
    Custody.WITH_SUBSCRIBER: (Move.HAND_OVER, Custody.AT_AGENCY),
    Custody.TO_BE_RETURNED: (Move.RECALL, Custody.WITH_SUBSCRIBER),
    Custody.BACK_AT_AGENCY: (Move.TAKE_BACK, Custody.TO_BE_RETURNED),
    Custody.AT_OFFICE: (Move.PASS_TO_OFFICE, Custody.BACK_AT_AGENCY),
    Custody.AT_CA: (Move.RETURN_TO_CA, Custody.AT_OFFICE),
}
_HARM: dict[str, Move] = {
    Condition.LOCKED: Move.LOCK,
    Condition.LOST: Move.REPORT_LOST,
    Condition.DAMAGED: Move.REPORT_DAMAGED,
}


def certify(factory: Factory, place: SeededPlace, holder: Holder, lot: Lot, email: str) -> Issued:
    """Return a certificate of ``holder`` at ``place``, with all that ``lot`` says belongs to it."""
    writer = factory.writer
    public = factory.maker.public_key(factory.number())
    key = writer.put(
        KeyPair,
        uuid=factory.uuid(),
        storage=lot.storage,
        algorithm="ec-p256",
        public_key=public,
        fingerprint=hashlib.sha256(public).hexdigest(),
        made_at=factory.ends(-1500),
    )
    not_after = factory.ends(factory.random.randint(*lot.days_left))
    before = None
    if lot.is_successor:
        replaced = _certificate(
            factory, place, holder, key, public, email=email, not_after=factory.ends(45)
        )
        # What was renewed or changed is revoked once its successor is on the device.
        if lot.is_installed:
            replaced |= _revoked(
                replaced["serial"], RevocationReason.SUPERSEDED, at=factory.ends(-15)
            )
        before = writer.put(Certificate, **replaced)
    made = _certificate(factory, place, holder, key, public, email=email, not_after=not_after)
    made |= {"predecessor_id": before, "renewals": lot.renewals}
    if lot.shows_title:
        made["subject"] += ", T=Chuyên viên"
    if before is not None:
        made["not_before"] = made["issued_at"] = factory.ends(-20)
        made["installed_at"] = factory.ends(-15) if lot.is_installed else None
    if lot.revoked:
        at = min(factory.ends(-factory.random.randint(5, 200)), not_after)
        made |= _revoked(made["serial"], lot.revoked, at=at)
    issued = Issued(writer.put(Certificate, **made), holder, lot.storage)
    if lot.storage in DeviceKind.values:
        number = factory.number()
        is_sim = lot.storage == Storage.SIM
        device = writer.put(
            Device,
            uuid=factory.uuid(),
            kind=lot.storage,
            serial=f"QM-{number:08d}",
            model="Bit4id TokenME EVO v2" if lot.storage == Storage.TOKEN else "",
            carrier="Viettel" if is_sim else "",
            phone=f"09{number % 10**8:08d}" if is_sim else "",
            iccid=f"8984048{number:012d}" if is_sim else "",
            key_id=key,
            custody=lot.custody,
            condition=lot.condition,
            agency_id=place.agency.pk,
            office_id=place.agency.office_id,
            subscriber_id=holder.pk,
            received_at=factory.ends(-1500),
            batch="QUY-MO",
        )
        enter = partial(_enter, factory, place, holder, device=device, came_to=lot.custody)
        move, came_from = _WAY[lot.custody]
        enter(move=move, came_from=came_from)
        if harm := _HARM.get(lot.condition):
            enter(move=harm, came_from=lot.custody, condition=lot.condition)
    return issued


def _certificate(
    factory: Factory,
    place: SeededPlace,
    holder: Holder,
    key: int,
    public_key: bytes,
    *,
    email: str,
    not_after: datetime,
) -> dict[str, Any]:
    """Return the columns of a certificate under ``key``."""
    # Whom it names, as the forms put it together (DOMAIN 5.2).
    levels = place.levels
    if holder.kind == SubscriberKind.ORGANISATION:
        levels = (place.superior,) if place.superior else ()
    elif holder.kind == SubscriberKind.SYSTEM:
        levels = tuple(name for name in (place.superior, place.agency.name) if name)
    subject = SubjectName(
        common_name=holder.name,
        organisation_levels=levels,
        locality=place.agency.province,
        email=email,
        domain=holder.domain_name,
    )
    serial, not_before = factory.serial(), not_after - _YEARS
    der = factory.maker.certificate(
        holder.kind,
        subject,
        public_key,
        serial=serial,
        not_before=not_before,
        not_after=not_after,
    )
    return {
        "uuid": factory.uuid(),
        "serial": serial,
        "kind": holder.kind,
        "subscriber_id": holder.pk,
        "agency_id": place.agency.pk,
        "office_id": place.agency.office_id,
        "key_id": key,
        "common_name": holder.name,
        "search_name": holder.search_name,
        "subject": text_of(subject),
        "email": email,
        "not_before": not_before,
        "not_after": not_after,
        "der": der,
        "thumbprint": hashlib.sha256(der).hexdigest(),
        "request_key": factory.uuid().hex,
        "issued_at": not_before,
    }


def text_of(subject: SubjectName) -> str:
    """Return what ``ca.names.readable`` says of it, without making an X.509 name of it: made-up
    names have nothing to escape."""
    words = ["O", *["OU"] * (len(subject.organisation_levels) - 1)]
    levels = zip(words, subject.organisation_levels, strict=False)
    parts = ["C=VN", f"L={subject.locality}", *(f"{word}={name}" for word, name in levels)]
    return ", ".join([*parts, f"CN={subject.common_name}", f"E={subject.email}"])


def _revoked(serial: str, reason: str, *, at: datetime) -> dict[str, Any]:
    said = RevocationReason(reason)
    entry = crl.entry(serials.number(serial), at=at, reason=said)
    return {"revoked_at": at, "revocation_reason": said, "crl_entry": entry}


def _enter(
    factory: Factory,
    place: SeededPlace,
    holder: Holder,
    *,
    device: int,
    move: Move,
    came_from: str,
    came_to: str,
    condition: str = Condition.OK,
) -> None:
    """Enter a move of a device in the ledger; what it came from was sound."""
    at = factory.ends(-10)
    factory.writer.put(
        CustodyMove,
        device_id=device,
        move=move,
        from_custody=came_from,
        to_custody=came_to,
        from_condition=Condition.OK,
        to_condition=condition,
        agency_id=place.agency.pk,
        subscriber_id=holder.pk,
        document_type="scale",
        document_label=_LEDGER,
        happened_on=at.date(),
        at=at,
    )
