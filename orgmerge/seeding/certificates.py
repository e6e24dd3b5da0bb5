"""Made-up certificates with their keys and devices, of every age and state."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from devices.lifecycle import Condition, Custody, Move
from devices.models import CustodyMove, Device, DeviceKind
from orgmerge.seeding.context import Factory, SeededPlace
from portal.agencies.models import Subscriber, SubscriberKind
from portal.ca.models import Certificate, KeyPair, RevocationReason, Storage
from portal.ca.pki import crl, serials
from portal.ca.pki.names import SubjectName
from portal.core.text.vietnamese import search_key


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
    return random.choices(lots, weights=[lot.share for lot in lots])[0]


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


def certify(
    factory: Factory, place: SeededPlace, holder: Subscriber, lot: Lot, email: str
) -> Certificate:
    """Return a certificate of ``holder`` at ``place``, with all that ``lot`` says belongs to it."""
    public = factory.maker.public_key(factory.number())
    key = factory.writer.add(
        KeyPair(
            uuid=factory.uuid(),
            storage=lot.storage,
            algorithm="ec-p256",
            public_key=public,
            fingerprint=hashlib.sha256(public).hexdigest(),
            made_at=factory.ends(-1500),
        )
    )
    not_after = factory.ends(factory.random.randint(*lot.days_left))
    title = ", T=Chuyên viên" if lot.shows_title else ""
    before = None
    if lot.is_successor:
        before = _certificate(factory, place, holder, key, email, not_after=factory.ends(45))
        # What was renewed or changed is revoked once its successor is on the device.
        if lot.is_installed:
            _revoke(before, RevocationReason.SUPERSEDED, at=factory.ends(-15))
        factory.writer.add(before)
    made = _certificate(factory, place, holder, key, email, not_after=not_after, title=title)
    made.predecessor = before
    made.renewals = lot.renewals
    if before is not None:
        made.not_before = made.issued_at = factory.ends(-20)
        made.installed_at = factory.ends(-15) if lot.is_installed else None
    if lot.revoked:
        _revoke(made, lot.revoked, at=min(factory.ends(-factory.random.randint(5, 200)), not_after))
    made = factory.writer.add(made)
    if lot.storage in DeviceKind.values:
        number = factory.number()
        is_sim = lot.storage == Storage.SIM
        device = factory.writer.add(
            Device(
                uuid=factory.uuid(),
                kind=lot.storage,
                serial=f"QM-{number:08d}",
                model="Bit4id TokenME EVO v2" if lot.storage == Storage.TOKEN else "",
                carrier="Viettel" if is_sim else "",
                phone=f"09{number % 10**8:08d}" if is_sim else "",
                iccid=f"8984048{number:012d}" if is_sim else "",
                key=key,
                custody=lot.custody,
                condition=lot.condition,
                agency=place.agency,
                office=place.agency.office,
                subscriber=holder,
                received_at=factory.ends(-1500),
                batch="QUY-MO",
            )
        )
        move, came_from = _WAY[lot.custody]
        _enter(factory, device, move, came_from=came_from, was=Condition.OK, condition=Condition.OK)
        if lot.condition in _HARM:
            harm = _HARM[lot.condition]
            _enter(
                factory,
                device,
                harm,
                came_from=lot.custody,
                was=Condition.OK,
                condition=lot.condition,
            )
    return made


def _certificate(
    factory: Factory,
    place: SeededPlace,
    holder: Subscriber,
    key: KeyPair,
    email: str,
    *,
    not_after: datetime,
    title: str = "",
) -> Certificate:
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
        bytes(key.public_key),
        serial=serial,
        not_before=not_before,
        not_after=not_after,
    )
    return Certificate(
        uuid=factory.uuid(),
        serial=serial,
        kind=holder.kind,
        subscriber=holder,
        agency=place.agency,
        office=place.agency.office,
        key=key,
        common_name=subject.common_name,
        search_name=search_key(subject.common_name),
        subject=text_of(subject) + title,
        email=email,
        not_before=not_before,
        not_after=not_after,
        der=der,
        thumbprint=hashlib.sha256(der).hexdigest(),
        request_key=factory.uuid().hex,
        issued_at=not_before,
    )


def text_of(subject: SubjectName) -> str:
    """Return what ``ca.names.readable`` says of it, without making an X.509 name of it: made-up
    names have nothing to escape."""
    words = ["O", *["OU"] * (len(subject.organisation_levels) - 1)]
    levels = zip(words, subject.organisation_levels, strict=False)
    parts = ["C=VN", f"L={subject.locality}", *(f"{word}={name}" for word, name in levels)]
    return ", ".join([*parts, f"CN={subject.common_name}", f"E={subject.email}"])


def _revoke(certificate: Certificate, reason: str, *, at: datetime) -> None:
    certificate.revoked_at, certificate.revocation_reason = at, RevocationReason(reason)
    certificate.crl_entry = crl.entry(
        serials.number(certificate.serial), at=at, reason=certificate.revocation_reason
    )


def _enter(
    factory: Factory, device: Device, move: Move, *, came_from: str, was: str, condition: str
) -> None:
    at = factory.ends(-10)
    factory.writer.add(
        CustodyMove(
            device=device,
            move=move,
            from_custody=came_from,
            to_custody=device.custody,
            from_condition=was,
            to_condition=condition,
            agency=device.agency,
            subscriber=device.subscriber,
            document_type="scale",
            document_label=_LEDGER,
            happened_on=at.date(),
            at=at,
        )
    )
