"""Setting the simulated CA up, and keeping its OCSP responder certified."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from django.conf import settings
from django.db import transaction

from portal.audit.services import Act, record
from portal.ca.authority import keystore, publication
from portal.ca.authority import services as authority
from portal.ca.authority.keystore import KeyFault, NotConfigured
from portal.ca.models import Authority
from portal.ca.pki import serials
from portal.ca.pki.names import readable
from portal.ca.pki.profiles import ALGORITHMS, Addresses, Algorithms, PrivateKey, PublicKey
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
    known = standing()
    _expect_no_gap(known, new_responder=new_responder)
    keystore.make_passphrase()
    algorithms = ALGORITHMS[settings.CA_ALGORITHM]
    begins = now - BACKDATED
    root = _issuer(
        Role.ROOT,
        algorithms.make_ca_key,
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
        algorithms.make_ca_key,
        lambda key: root.certify_ca(
            key.public_key(),
            name=_name(Role.ISSUING),
            serial=serials.number(serials.new_serial()),
            not_before=begins,
            not_after=begins + ISSUING_LIFETIME,
            addresses=Addresses(settings.PUBLIC_URL),
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
        entered = set(Authority.objects.filter(is_current=True).values_list("role", flat=True))
        new = [_row(role, made) for role, made in certificates.items() if role not in entered]
        made = [_NAMES[Role(row.role)] for row in new]
        if new:
            Authority.objects.bulk_create(new)
            _record("ca.set_up", made, now=now)
    if new_responder:
        keystore.set_aside(Role.OCSP)
    if _certify_new_responder(issuing, algorithms, is_new=new_responder, now=now):
        made.append(_NAMES[Role.OCSP])
    keystore.strengthen(Role.OCSP)
    publication.publish(issuing, now=now)
    return made


def standing() -> dict[str, x509.Certificate]:
    """Return the certificates of the CA that the database knows, by role."""
    rows = Authority.objects.filter(is_current=True).values_list("role", "certificate")
    return {role: x509.load_der_x509_certificate(bytes(der)) for role, der in rows}


def key_faults() -> list[KeyFault]:
    """Open every key of the CA and compare it with its certificate; return what is wrong."""
    found = []
    for role, certificate in standing().items():
        try:
            if role == Role.RECOVERY:
                keystore.load_recovery_key(certificate=certificate)
            else:
                keystore.load_key(role, certificate=certificate)
        except KeyFault as fault:
            found.append(fault)
    return found


def renew_responder(*, now: datetime) -> bool:
    """Give the OCSP responder a new certificate for its key when the old one nears its end.

    Raises NotConfigured. Two at once: the second finds nothing to do.
    """
    issuer = authority.current_issuer()
    with transaction.atomic():
        standing = _standing_responder()
        if standing is None or standing.not_after - now > RESPONDER_RENEWED_BEFORE:
            return False
        certificate = x509.load_der_x509_certificate(bytes(standing.certificate))
        key = keystore.load_key(Role.OCSP, certificate=certificate)
        _certify(issuer, key.public_key(), now=now)
    return True


def _expect_no_gap(known: dict[str, x509.Certificate], *, new_responder: bool) -> None:
    """Raise KeyFault for a file that was there once: a later one is there, or a row about it.

    Files are written in this order, so a set-up that was killed leaves no gap.
    """
    files = [
        (role, path)
        for role in _OF_THE_CA
        for path in (keystore.key_path(role), keystore.certificate_path(role))
    ]
    responder = keystore.key_path(Role.OCSP)
    written = max((number for number, (_, path) in enumerate(files) if path.exists()), default=0)
    for number, (role, path) in enumerate(files):
        if not path.exists() and (role in known or number < written):
            raise KeyFault("missing", path, _PUT_BACK)
    if Role.OCSP in known and not responder.exists() and not new_responder:
        raise KeyFault("missing", responder, f"{_PUT_BACK}, or run setup_ca --new-responder")


def _issuer(
    role: str,
    make_key: Callable[[], PrivateKey],
    sign: Callable[[PrivateKey], x509.Certificate],
    *,
    known: x509.Certificate | None,
) -> Issuer:
    """Return the CA of ``role`` from its folder, made there when there was none."""
    if not keystore.key_path(role).exists():
        keystore.save_key(role, make_key())
    if not keystore.certificate_path(role).exists():
        keystore.save_certificate(role, sign(keystore.load_key(role, certificate=None)))
    certificate = known or keystore.load_certificate(role)
    return Issuer(certificate, keystore.load_key(role, certificate=certificate))


def _recovery(
    issuer: Issuer, *, begins: datetime, known: x509.Certificate | None
) -> x509.Certificate:
    """Return the certificate of the recovery key, both made when nothing speaks of earlier ones."""
    if not keystore.key_path(Role.RECOVERY).exists():
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


@transaction.atomic
def _certify_new_responder(
    issuer: Issuer, algorithms: Algorithms, *, is_new: bool, now: datetime
) -> bool:
    """Make the responder's key if it is missing, and a certificate unless one stands for it."""
    standing = None if is_new else _standing_responder()
    certificate = None
    if standing is not None:
        certificate = x509.load_der_x509_certificate(bytes(standing.certificate))
    if not keystore.key_path(Role.OCSP).exists():
        keystore.save_key(Role.OCSP, algorithms.make_responder_key())
    key = keystore.load_key(Role.OCSP, certificate=certificate).public_key()
    if standing is not None and standing.not_after - now > RESPONDER_RENEWED_BEFORE:
        return False
    _certify(issuer, key, now=now)
    return True


def _certify(issuer: Issuer, public_key: PublicKey, *, now: datetime) -> None:
    certificate = issuer.certify_responder(
        public_key,
        name=_name(Role.OCSP),
        serial=serials.number(serials.new_serial()),
        not_before=now - RESPONDER_BACKDATED,
        not_after=now + RESPONDER_LIFETIME,
        addresses=Addresses(settings.PUBLIC_URL),
    )
    Authority.objects.filter(role=Role.OCSP, is_current=True).update(is_current=False)
    row = _row(Role.OCSP, certificate)
    row.save(force_insert=True)
    _record("ca.certify_responder", [row.serial_number], now=now)


def _standing_responder() -> Authority | None:
    return (
        Authority.objects.select_for_update(no_key=True)
        .filter(role=Role.OCSP, is_current=True)
        .first()
    )


def _row(role: str, certificate: x509.Certificate) -> Authority:
    return Authority(
        role=role,
        subject=readable(certificate.subject),
        certificate=certificate.public_bytes(Encoding.DER),
        serial_number=serials.text(certificate.serial_number),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
    )


def _name(role: Role) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, _ORGANISATION),
            x509.NameAttribute(NameOID.COMMON_NAME, _NAMES[role]),
        ]
    )


def _record(action: str, made: list[str], *, now: datetime) -> None:
    act = Act(action=action, target_type="authority", target_uuid=None, data={"made": made})
    record(act, actor=None, now=now)
