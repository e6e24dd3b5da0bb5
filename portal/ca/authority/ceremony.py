"""Setting the simulated CA up, and keeping its OCSP responder certified."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from django.conf import settings
from django.db import transaction

from portal.audit.services import Act, record
from portal.ca.authority import keystore, publication
from portal.ca.authority import services as authority
from portal.ca.authority.faults import KeyFault, NotConfigured
from portal.ca.models import Authority
from portal.ca.pki import serials
from portal.ca.pki.names import readable
from portal.ca.pki.profiles import ALGORITHMS, Addresses, Algorithms, KeyKind, PrivateKey, PublicKey
from portal.ca.pki.signing import Issuer, sign_root

Role = Authority.Role

# Nobody may take these for the real ones: see DOMAIN 5.1 for what those are called.
_ORGANISATION = "MÔ PHỎNG - KHÔNG CÓ GIÁ TRỊ PHÁP LÝ"
_NAMES = {
    Role.ROOT: "RootCA MÔ PHỎNG",
    Role.ISSUING: "CA MÔ PHỎNG các cơ quan Nhà nước",
    Role.RECOVERY: "Khôi phục thiết bị MÔ PHỎNG",
    Role.OCSP: "OCSP MÔ PHỎNG",
}
_ABOVE = {Role.ROOT: "root", Role.ISSUING: "root", Role.RECOVERY: "issuing"}  # who signed it
RESPONDER_NAME = _NAMES[Role.OCSP]
_OF_THE_CA = (Role.ROOT, Role.ISSUING, Role.RECOVERY)  # in CA_KEY_DIR, made in this order
_PUT_BACK = "is missing: put it back from its backup"

ROOT_LIFETIME = timedelta(days=30 * 365)
ISSUING_LIFETIME = timedelta(days=20 * 365)  # Điều 9 Nghị định 68/2024/NĐ-CP: 20 years
# Demo data reach into the past; what they hold lies within the life of its CA.
BACKDATED = timedelta(days=8 * 365)
RESPONDER_LIFETIME = timedelta(days=4)
RESPONDER_RENEWED_BEFORE = timedelta(days=2)
RESPONDER_BACKDATED = timedelta(hours=1)  # verifiers' clocks lag


def set_up(*, now: datetime, new_responder: bool = False) -> list[str]:
    """Make what is missing of the CA and return the names of what was entered; repeatable.

    One that was killed half-way goes on where it stopped. ``new_responder`` puts another key in
    the place of the OCSP responder's. Raises NotConfigured when simulation is off or this process
    may not sign, KeyFault when a file is missing or another's: nothing is made then.
    """
    if not settings.SIMULATION:
        raise NotConfigured("simulation is off: SIMULATION=1 allows a simulated CA")
    algorithms = ALGORITHMS[settings.CA_ALGORITHM]
    made: list[str] = []
    if not Authority.objects.filter(slug=Role.ROOT, is_offline=True).exists():
        made = _set_up_the_first(algorithms, new_responder=new_responder, now=now)
    if new_responder:
        keystore.set_aside(Role.OCSP)
        Authority.objects.filter(role=Role.OCSP, is_current=True).update(is_current=False)
    if not keystore.has_key(Role.OCSP):
        keystore.make_key(Role.OCSP, algorithms.responder_key)
    if renew_responder(now=now):
        made.append(_NAMES[Role.OCSP])
    keystore.strengthen(Role.OCSP)
    authority.own().publish_crl(now=now)
    return made


def _set_up_the_first(algorithms: Algorithms, *, new_responder: bool, now: datetime) -> list[str]:
    """Make what is missing of the first root, issuing CA and recovery key; return their names."""
    known = standing()
    _expect_no_gap(known, new_responder=new_responder)
    keystore.make_passphrase()
    begins = now - BACKDATED
    root = _issuer(
        Role.ROOT,
        algorithms.ca_key,
        lambda key: sign_root(
            key,
            name=_name(Role.ROOT),
            serial=serials.number(serials.new_serial()),
            not_before=begins,
            not_after=begins + ROOT_LIFETIME,
        ),
        known=known.get(Role.ROOT),
    )
    issuing = _issuer(
        Role.ISSUING,
        algorithms.ca_key,
        lambda key: root.certify_ca(
            key.public_key(),
            name=_name(Role.ISSUING),
            serial=serials.number(serials.new_serial()),
            not_before=begins,
            not_after=begins + ISSUING_LIFETIME,
            addresses=Addresses(settings.PUBLIC_URL, Role.ROOT),
        ),
        known=known.get(Role.ISSUING),
    )
    _expect_signed(Role.ISSUING, issuing.certificate, by=root)
    recovery = _recovery(issuing, begins=begins, known=known.get(Role.RECOVERY))
    for role in _OF_THE_CA:
        keystore.strengthen(role)

    certificates = dict(
        zip(_OF_THE_CA, (root.certificate, issuing.certificate, recovery), strict=True)
    )
    with transaction.atomic():
        entered = set(Authority.objects.values_list("slug", flat=True))
        new = [
            row_of(role, certificate, slug=role, signed_by=_ABOVE[role])
            for role, certificate in certificates.items()
            if role not in entered
        ]
        made = [_NAMES[Role(row.role)] for row in new]
        if new:
            Authority.objects.bulk_create(new)
            record_act("ca.set_up", made, now=now)
    return made


def standing() -> dict[str, x509.Certificate]:
    """Return the certificates of the keys that are here, by slug."""
    rows = Authority.objects.filter(is_current=True, is_offline=False).order_by("-pk")
    ders = rows.exclude(role=Role.CROSS).values_list("slug", "certificate")
    return {slug: x509.load_der_x509_certificate(bytes(der)) for slug, der in ders}


def key_faults() -> list[KeyFault]:
    """Open every key of the CA and compare it with its certificate; return what is wrong."""
    found = []
    for slug, certificate in standing().items():
        try:
            if slug == Role.RECOVERY:
                keystore.load_recovery_key(certificate=certificate)
            else:
                keystore.load_key(slug, certificate=certificate)
        except KeyFault as fault:
            found.append(fault)
    return found


def renew_responder(*, now: datetime) -> bool:
    """Certify the OCSP responder's key under each CA where its certificate is missing or nears
    its end; say whether any was.

    Raises NotConfigured. Two at once: the second finds nothing to do.
    """
    authority.own()  # refuses where nothing may be signed
    renewed = False
    for ca in Authority.objects.authorities().alive_at(now).order_by("pk"):
        is_root = ca.role == Role.ROOT
        if is_root and not keystore.has_key(ca.slug):
            continue  # an offline root certifies the responder where its key is
        with transaction.atomic():
            before = _standing_responder(ca)
            ahead = publication.ROOT_CRL_OVERLAP if is_root else RESPONDER_RENEWED_BEFORE
            certificate = None
            if before is not None:
                certificate = x509.load_der_x509_certificate(bytes(before.certificate))
            key = keystore.load_key(Role.OCSP, certificate=certificate)
            if before is not None and (
                before.not_after - now > ahead or before.not_after >= ca.not_after
            ):
                continue
            _certify(ca, key.public_key(), now=now)
            renewed = True
    return renewed


def _expect_no_gap(known: dict[str, x509.Certificate], *, new_responder: bool) -> None:
    """Raise KeyFault for a file that was there once: a later one is there, or a row about it.

    Files are written in this order, so a set-up that was killed leaves no gap.
    """
    files: list[tuple[str, Path | str, bool]] = []
    for role in _OF_THE_CA:
        certificate = keystore.certificate_path(role)
        files.append((role, keystore.place_of(role), keystore.has_key(role)))
        files.append((role, certificate, certificate.exists()))
    written = max((number for number, (*_, is_there) in enumerate(files) if is_there), default=0)
    for number, (of, place, is_there) in enumerate(files):
        if not is_there and (of in known or number < written):
            raise KeyFault("missing", place, _PUT_BACK)
    if Role.OCSP in known and not new_responder and not keystore.has_key(Role.OCSP):
        why = f"{_PUT_BACK}, or run setup_ca --new-responder"
        raise KeyFault("missing", keystore.place_of(Role.OCSP), why)


def _issuer(
    role: str,
    kind: KeyKind,
    sign: Callable[[PrivateKey], x509.Certificate],
    *,
    known: x509.Certificate | None,
) -> Issuer:
    """Return the CA of ``role`` from its folder, made there when there was none."""
    if not keystore.has_key(role):
        keystore.make_key(role, kind)
    if not keystore.certificate_path(role).exists():
        keystore.save_certificate(role, sign(keystore.load_key(role, certificate=None)))
    certificate = known or keystore.load_certificate(role)
    return Issuer(certificate, keystore.load_key(role, certificate=certificate))


def _recovery(
    issuer: Issuer, *, begins: datetime, known: x509.Certificate | None
) -> x509.Certificate:
    """Return the certificate of the recovery key, both made when nothing speaks of earlier ones."""
    if not keystore.has_key(Role.RECOVERY):
        keystore.save_key(Role.RECOVERY, X25519PrivateKey.generate())
    if not keystore.certificate_path(Role.RECOVERY).exists():
        made = issuer.certify_recovery(
            keystore.load_recovery_key(certificate=None).public_key(),
            name=_name(Role.RECOVERY),
            serial=serials.number(serials.new_serial()),
            not_before=begins,
            not_after=begins + ISSUING_LIFETIME,
        )
        keystore.save_certificate(Role.RECOVERY, made)
    certificate = known or keystore.load_certificate(Role.RECOVERY)
    keystore.load_recovery_key(certificate=certificate)
    _expect_signed(Role.RECOVERY, certificate, by=issuer)
    return certificate


def _expect_signed(role: str, certificate: x509.Certificate, *, by: Issuer) -> None:
    try:
        certificate.verify_directly_issued_by(by.certificate)
    except (ValueError, InvalidSignature) as error:
        why = f"was not signed by {readable(by.certificate.subject)}: it is another CA's"
        raise KeyFault("foreign", keystore.certificate_path(role), why) from error


def _certify(ca: Authority, public_key: PublicKey, *, now: datetime) -> None:
    issuer = authority.issuer_of(ca)
    is_root = ca.role == Role.ROOT
    lifetime = publication.ROOT_CRL_LIFETIME if is_root else RESPONDER_LIFETIME
    certificate = issuer.certify_service(
        public_key,
        ExtendedKeyUsageOID.OCSP_SIGNING,
        name=_name(Role.OCSP),
        serial=serials.number(serials.new_serial()),
        not_before=max(now - RESPONDER_BACKDATED, ca.not_before),
        not_after=min(now + lifetime, ca.not_after),
        addresses=Addresses(settings.PUBLIC_URL, ca.slug),
    )
    replaced = Authority.objects.filter(role=Role.OCSP, signed_by=ca.slug, is_current=True)
    replaced.update(is_current=False)
    row = row_of(Role.OCSP, certificate, slug=Role.OCSP, signed_by=ca.slug)
    row.save(force_insert=True)
    record_act("ca.certify_responder", [row.serial_number], now=now)


def _standing_responder(ca: Authority) -> Authority | None:
    return (
        Authority.objects.select_for_update(no_key=True)
        .filter(role=Role.OCSP, signed_by=ca.slug, is_current=True)
        .first()
    )


def row_of(role: str, certificate: x509.Certificate, *, slug: str, signed_by: str) -> Authority:
    """Return what the database keeps of a certificate of the CA, unsaved."""
    return Authority(
        role=role,
        slug=slug,
        signed_by=signed_by,
        subject=readable(certificate.subject),
        certificate=certificate.public_bytes(Encoding.DER),
        serial_number=serials.text(certificate.serial_number),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        issues_from=certificate.not_valid_before_utc if role == Role.ISSUING else None,
        is_on_token=keystore.token_of(slug) is not None,
    )


def next_of(role: Role) -> tuple[str, str]:
    """Return slug and common name of the next root or issuing CA; raises NotConfigured."""
    if not settings.SIMULATION:
        raise NotConfigured("simulation is off: SIMULATION=1 allows a simulated CA")
    generation = Authority.objects.filter(role=role).count() + 1
    if generation == 1:
        raise NotConfigured("no CA is set up: run manage.py setup_ca")
    return f"{role}-{generation}", f"{_NAMES[role]} G{generation}"


def _name(role: Role) -> x509.Name:
    return name_of(_NAMES[role])


def name_of(common_name: str) -> x509.Name:
    """Return the subject of something of the CA's."""
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, _ORGANISATION),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def record_act(action: str, made: list[str], *, now: datetime) -> None:
    """Write into the audit what was made of the CA."""
    act = Act(action=action, target_type="authority", target_uuid=None, data={"made": made})
    record(act, actor=None, now=now)
