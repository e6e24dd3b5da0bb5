"""What the decree says, told once more in plain words for the test of any sequence of acts.

The portal's own rules are not asked here: a rule that is wrong must not prove itself right.
``objections`` judges a dossier at the moment it leaves; ``broken_promises`` what must hold always.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import ocsp
from django.db.models import Q
from django.utils import timezone

from devices import services as devices
from devices.models import CustodyMove, Device, RecallPutOff
from portal.audit.chain import first_flaw
from portal.audit.models import AuditEntry, AuditHead
from portal.ca.authority import publication, responder
from portal.ca.models import Authority, Certificate, Crl
from portal.deadlines.models import Deadline
from requests_app.models import Dossier, DossierItem
from tests.flows.population import GIVE_BACK, LOSS, RECOVER, RENEW_CHANGE, REVOKE

_ENDED = ("completed", "partly_completed", "rejected", "withdrawn")
_GIVEN_BACK = ("to_be_returned", "back_at_agency", "at_office", "at_ca", "retired")
_AT_AGENCY = ("at_agency", "with_subscriber", "to_be_returned", "back_at_agency")


# A dossier that leaves


def objections(dossier: Dossier, *, now: datetime) -> list[str]:
    """Return why ``dossier`` may not leave at ``now``; empty when it may."""
    judge = {
        RENEW_CHANGE: _against_renewal,
        REVOKE: _against_revocation,
        RECOVER: _against_recovery,
        GIVE_BACK: _against_return,
        LOSS: _against_loss,
    }[dossier.kind]
    items = dossier.items.select_related("certificate", "device")
    return [f"{item.position}: {why}" for item in items for why in judge(dossier, item, now)]


def _against_renewal(dossier: Dossier, item: DossierItem, now: datetime) -> Iterator[str]:
    old, device = item.certificate, item.device
    if old is None:
        yield "no certificate"
        return
    renews = bool(item.answers["renews"])
    is_own = old.agency_id == dossier.agency_id
    moved = old.kind == "person" and bool(item.answers.get("new_org1"))
    left = (timezone.localdate(old.not_after) - timezone.localdate(now)).days
    if not is_own and not moved:
        yield "another body's"
    if old.revoked_at or left < 30 or old.successors.exists():
        yield f"it ended, is replaced or has {left} days left"
    if renews and old.renewals:
        yield "renewed before"
    if device and (device.condition in ("lost", "damaged") or device.custody in _GIVEN_BACK):
        yield f"its device is {device.custody}, {device.condition}"
    if _others(item, RENEW_CHANGE, REVOKE):
        yield "asked for elsewhere"


def _against_revocation(dossier: Dossier, item: DossierItem, now: datetime) -> Iterator[str]:
    old = item.certificate
    if old is None or old.agency_id != dossier.agency_id:
        yield "no certificate of the sender's"
    elif old.revoked_at or old.not_after <= now:
        yield "it has ended"
    elif _others(item, REVOKE):
        yield "asked for elsewhere"


def _against_recovery(dossier: Dossier, item: DossierItem, now: datetime) -> Iterator[str]:
    device = item.device
    if device is None or device.agency_id != dossier.agency_id:
        yield "no device of the sender's"
        return
    newest = _newest(device)
    if (device.custody, device.condition) != ("with_subscriber", "locked"):
        yield f"it is {device.custody}, {device.condition}"
    if newest.revoked_at or newest.not_after <= now:
        yield "its certificate has ended"
    if _others(item, RECOVER, REVOKE):
        yield "asked for elsewhere"


def _against_return(dossier: Dossier, item: DossierItem, now: datetime) -> Iterator[str]:
    device = item.device
    if device is None or device.agency_id != dossier.agency_id:
        yield "no device of the sender's"
        return
    newest = _newest(device)
    if device.custody != "back_at_agency" or device.condition == "lost":
        yield f"it is {device.custody}, {device.condition}"
    if newest.serial != item.answers["certificate_serial"]:
        yield "another certificate is on it"
    holds = {"revoked": newest.revoked_at is not None, "expired": newest.not_after <= now}
    if not holds.get(item.answers["reason"], True):
        yield "its reason does not hold"
    if _others(item, GIVE_BACK):
        yield "asked for elsewhere"


def _against_loss(dossier: Dossier, item: DossierItem, now: datetime) -> Iterator[str]:
    device = item.device
    if device is None or device.agency_id != dossier.agency_id:
        yield "no device of the sender's"
        return
    if device.custody not in _AT_AGENCY:
        yield f"it is {device.custody}"
    if _others(item, LOSS):
        yield "told elsewhere"
    told = Dossier.objects.filter(kind=LOSS, state="completed", items__device=device)
    reports = CustodyMove.objects.filter(device=device, move="report_lost").order_by("-pk")
    since = reports.values_list("at", flat=True).first()
    if device.condition == "lost" and since and told.filter(ended_at__gte=since).exists():
        yield "told already"


def _others(item: DossierItem, *kinds: str) -> bool:
    """Say whether another dossier under way asks for the same: for its key, whatever is on it."""
    thing = item.device or item.certificate
    assert thing is not None
    rows = DossierItem.objects.filter(dossier__kind__in=kinds, outcome="")
    rows = rows.exclude(dossier=item.dossier_id).exclude(dossier__state__in=[*_ENDED, "draft"])
    on_key = Q(device__key=thing.key_id) | Q(certificate__key=thing.key_id)
    return rows.filter(on_key).exists()


def _newest(device: Device) -> Certificate:
    return Certificate.objects.filter(key=device.key_id).order_by("-issued_at", "-pk")[0]


# What holds always


def broken_promises(*, now: datetime) -> list[str]:
    """Return what does not hold though it must, after whatever act."""
    certificates = list(Certificate.objects.order_by("issued_at", "pk"))
    return [
        *_of_histories(certificates),
        *_of_keys(certificates, now=now),
        *_of_status(certificates, now=now),
        *_of_devices(),
        *_of_clocks(now=now),
        *_of_effects(),
        *_of_the_audit(),
    ]


def _of_histories(certificates: list[Certificate]) -> Iterator[str]:
    """One line from a first certificate to the newest, on one key, renewed once at most."""
    by_pk = {one.pk: one for one in certificates}
    successors = Counter(one.predecessor_id for one in certificates if one.predecessor_id)
    yield from (f"{by_pk[pk].serial} has {n} successors" for pk, n in successors.items() if n > 1)
    for one in certificates:
        yield from _of_itself(one)
        if one.predecessor_id is not None:
            yield from _of_succession(by_pk[one.predecessor_id], one)


def _of_itself(one: Certificate) -> Iterator[str]:
    parsed = x509.load_der_x509_certificate(bytes(one.der))
    spki = parsed.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if spki != bytes(one.key.public_key):
        yield f"{one.serial} is not on its key"
    if parsed.not_valid_after_utc != one.not_after.replace(microsecond=0):
        yield f"{one.serial} says another end than the register"
    if one.renewals > 1:
        yield f"{one.serial} was renewed {one.renewals} times"


def _of_succession(old: Certificate, one: Certificate) -> Iterator[str]:
    if old.key_id != one.key_id or old.issued_at > one.issued_at or old.pk == one.pk:
        yield f"{one.serial} does not follow {old.serial}"
    if one.renewals == old.renewals and one.not_after != old.not_after.replace(microsecond=0):
        yield f"{one.serial} was changed and ends otherwise"
    if one.renewals != old.renewals and one.not_after <= old.not_after:
        yield f"{one.serial} was renewed and ends no later"


def _of_keys(certificates: list[Certificate], *, now: datetime) -> Iterator[str]:
    """One certificate of a key is signed with; beside it stands only what it replaces."""
    valid: dict[int, list[Certificate]] = defaultdict(list)
    for one in certificates:
        if one.is_valid(now):
            valid[one.key_id].append(one)
    usable = Certificate.objects.usable_at(now).values_list("key", flat=True)
    for key in set(usable):
        if list(usable).count(key) > 1:
            yield f"{len(valid[key])} certificates of one key are in use"
    for found in valid.values():
        replaced = {one.predecessor_id for one in found if one.installed_at is None}
        if len([one for one in found if one.pk not in replaced]) > 1:
            yield f"valid side by side: {[one.serial for one in found]}"


def _of_status(certificates: list[Certificate], *, now: datetime) -> Iterator[str]:
    """What the responder says is what the register says, and the list says no other."""
    last = publication.latest()
    assert last is not None
    der = bytes(Crl.objects.get(pk=last.pk).der)
    listed = {f"{entry.serial_number:016X}" for entry in x509.load_der_x509_crl(der)}
    issuing = Authority.objects.get(role="issuing", is_current=True)
    issuer = x509.load_der_x509_certificate(bytes(issuing.certificate))
    for one in certificates:
        subject = x509.load_der_x509_certificate(bytes(one.der))
        asked = ocsp.OCSPRequestBuilder().add_certificate(subject, issuer, hashes.SHA256())
        request = asked.build().public_bytes(Encoding.DER)
        said = ocsp.load_der_ocsp_response(responder.answer(request, now=now))
        if said.response_status != ocsp.OCSPResponseStatus.SUCCESSFUL:
            yield f"{one.serial}: no answer ({said.response_status})"
            continue
        is_revoked = said.certificate_status == ocsp.OCSPCertStatus.REVOKED
        if is_revoked != (one.revoked_at is not None):
            yield f"{one.serial}: {said.certificate_status} though revoked at {one.revoked_at}"
        if one.serial in listed and not is_revoked:
            yield f"{one.serial} is good and on the list"
        if is_revoked and one.not_after > now and one.serial not in listed:
            yield f"{one.serial} is revoked and not on the list"


def _of_devices() -> Iterator[str]:
    everything = Device.objects.all()
    if devices.sums(everything) != devices.sums_in_ledger(everything):
        yield "the sums are not the ledger's"
    yield from (f"ledger of {one}" for one in everything if not devices.ledger_agrees(one))


def _of_clocks(*, now: datetime) -> Iterator[str]:
    """A return is owed of what has ended and is not received yet, and of nothing else."""
    running = Deadline.objects.open().filter(kind="device_return")
    owed = {clock.target_uuid: clock for clock in running}
    # A recall that waits for the answer to a renewal asked in time is noted (decision 17).
    waiting = Device.objects.awaiting_renewal().values_list("pk", flat=True)
    put_off = set(RecallPutOff.objects.filter(device__in=waiting).values_list("device", flat=True))
    for device in Device.objects.exclude(key__isnull=True):
        on_it = Certificate.objects.filter(key=device.key_id)
        stands = any(one.revoked_at is None and one.not_after > now for one in on_it)
        is_there = device.custody in ("to_be_returned", "back_at_agency")
        clock = owed.get(device.uuid)
        if clock and (stands or not is_there or clock.agency_id != device.agency_id):
            yield f"{device}, {device.custody}: a return is owed that is not due"
        has_ended = on_it.exists() and not stands
        if not clock and has_ended and is_there and device.condition != "lost":
            yield f"{device}, {device.custody}: its return is owed by nobody"
        if device.custody != "with_subscriber" or device.condition == "lost":
            continue
        if has_ended and device.pk not in put_off:
            yield f"{device} is spent and was not recalled"


def _of_effects() -> Iterator[str]:
    """Whatever was carried out was lawful on the day it was received."""
    done = DossierItem.objects.filter(dossier__kind=RENEW_CHANGE, outcome="done")
    for item in done.select_related("certificate", "result", "dossier"):
        old, new, day = item.certificate, item.result, item.dossier.received_on
        assert old is not None
        assert day is not None
        if new is None or new.predecessor_id != old.pk:
            yield f"{old.serial}: a row that is done made nothing"
        if old.days_left(day) < 30 or (item.answers["renews"] and old.renewals):
            yield f"{old.serial}: renewed against the decree"
    undone = Certificate.objects.filter(predecessor__isnull=False, result_of__isnull=True)
    yield from (f"{one.serial} comes from no row" for one in undone)


def _of_the_audit() -> Iterator[str]:
    """The chain is whole. (Checkpoints are written with a commit, and here nothing commits.)"""
    head = AuditHead.objects.get(id=1)
    entries = AuditEntry.objects.order_by("sequence")
    flaw = first_flaw(entries.iterator(), head=(head.sequence, head.entry_hash), marks=[])
    if flaw:
        yield f"audit: {flaw}"
