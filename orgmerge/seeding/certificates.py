"""Made-up certificates with their keys and devices, of the sort a lot says."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from devices.lifecycle import Condition, Custody, Move
from devices.models import CustodyMove, Device, DeviceKind
from orgmerge.seeding.lots import Lot
from orgmerge.seeding.places import Mint, Place
from portal.agencies.models import Subscriber, SubscriberKind
from portal.ca import crl, serials
from portal.ca.models import Certificate, KeyPair, RevocationReason, Storage
from portal.ca.names import SubjectName
from portal.core.text import search_key

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


def certify(mint: Mint, place: Place, holder: Subscriber, lot: Lot, email: str) -> Certificate:
    """Return a certificate of ``holder`` at ``place``, with all that ``lot`` says belongs to it."""
    key = _key(mint, lot.storage)
    not_after = mint.ends(mint.random.randint(*lot.days_left))
    title = ", T=Chuyên viên" if lot.shows_title else ""
    before = None
    if lot.is_successor:
        before = _certificate(mint, place, holder, key, email, not_after=mint.ends(45))
        _supersede(mint, before, lot)
    made = _certificate(mint, place, holder, key, email, not_after=not_after, title=title)
    made.predecessor = before
    made.renewals = lot.renewals
    if before is not None:
        made.not_before = made.issued_at = mint.ends(-20)
        made.installed_at = mint.ends(-15) if lot.is_installed else None
    if lot.revoked:
        _revoke(made, lot.revoked, at=min(mint.ends(-mint.random.randint(5, 200)), not_after))
    made = mint.writer.add(made)
    if lot.storage in DeviceKind.values:
        _device(mint, place, holder, key, lot)
    return made


def _key(mint: Mint, storage: str) -> KeyPair:
    public = mint.notary.public_key(mint.number())
    return mint.writer.add(
        KeyPair(
            uuid=mint.uuid(),
            storage=storage,
            algorithm="ec-p256",
            public_key=public,
            fingerprint=hashlib.sha256(public).hexdigest(),
            made_at=mint.ends(-1500),
        )
    )


def _supersede(mint: Mint, before: Certificate, lot: Lot) -> None:
    """What was renewed or changed is revoked once its successor is on the device."""
    if lot.is_installed:
        _revoke(before, RevocationReason.SUPERSEDED, at=mint.ends(-15))
    mint.writer.add(before)


def _certificate(
    mint: Mint,
    place: Place,
    holder: Subscriber,
    key: KeyPair,
    email: str,
    *,
    not_after: datetime,
    title: str = "",
) -> Certificate:
    subject = _subject(place, holder, email)
    serial, not_before = mint.serial(), not_after - _YEARS
    der = mint.notary.certificate(
        holder.kind,
        subject,
        bytes(key.public_key),
        serial=serial,
        not_before=not_before,
        not_after=not_after,
    )
    return Certificate(
        uuid=mint.uuid(),
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
        request_key=mint.uuid().hex,
        issued_at=not_before,
    )


def _subject(place: Place, holder: Subscriber, email: str) -> SubjectName:
    """Return whom it names, as the forms put it together (DOMAIN 5.2)."""
    levels = place.levels
    if holder.kind == SubscriberKind.ORGANISATION:
        levels = (place.superior,) if place.superior else ()
    elif holder.kind == SubscriberKind.SYSTEM:
        levels = tuple(name for name in (place.superior, place.agency.name) if name)
    return SubjectName(
        common_name=holder.name,
        organisation_levels=levels,
        locality=place.agency.province,
        email=email,
        domain=holder.domain_name,
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


def _device(mint: Mint, place: Place, holder: Subscriber, key: KeyPair, lot: Lot) -> None:
    number = mint.number()
    is_sim = lot.storage == Storage.SIM
    device = mint.writer.add(
        Device(
            uuid=mint.uuid(),
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
            received_at=mint.ends(-1500),
            batch="QUY-MO",
        )
    )
    move, came_from = _WAY[lot.custody]
    _enter(mint, device, move, came_from=came_from, was=Condition.OK, condition=Condition.OK)
    if lot.condition in _HARM:
        harm = _HARM[lot.condition]
        _enter(mint, device, harm, came_from=lot.custody, was=Condition.OK, condition=lot.condition)


def _enter(
    mint: Mint, device: Device, move: Move, *, came_from: str, was: str, condition: str
) -> None:
    at = mint.ends(-10)
    mint.writer.add(
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
