"""Setting the simulated CA up, and keeping its OCSP responder certified."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from django.conf import settings
from django.db import transaction

from portal.audit.services import Act, record
from portal.ca import authority, keystore, publication, serials
from portal.ca.keystore import NotConfigured
from portal.ca.models import Authority
from portal.ca.names import readable
from portal.ca.profiles import ALGORITHMS, Addresses, Algorithms, PrivateKey, PublicKey
from portal.ca.signing import Issuer, sign_issuing_ca, sign_responder, sign_root

Role = Authority.Role

# Nobody may take these for the real ones: see DOMAIN 5.1 for what those are called.
_ORGANISATION = "MÔ PHỎNG - KHÔNG CÓ GIÁ TRỊ PHÁP LÝ"
_NAMES = {
    Role.ROOT: "RootCA MÔ PHỎNG",
    Role.ISSUING: "CA MÔ PHỎNG các cơ quan Nhà nước",
    Role.OCSP: "OCSP MÔ PHỎNG",
}

ROOT_LIFETIME = timedelta(days=30 * 365)
ISSUING_LIFETIME = timedelta(days=20 * 365)  # Điều 9 Nghị định 68/2024/NĐ-CP: 20 years
# Demo data reach into the past; what they hold lies within the life of its CA.
BACKDATED = timedelta(days=5 * 365)
RESPONDER_LIFETIME = timedelta(days=4)
RESPONDER_RENEWED_BEFORE = timedelta(days=2)
RESPONDER_BACKDATED = timedelta(hours=1)  # verifiers' clocks lag


def set_up(*, now: datetime) -> list[str]:
    """Make what is missing of the CA and return the names of what was entered; repeatable.

    Raises NotConfigured when simulation is off, when this process may not sign, or when the
    database knows a CA whose keys are not here.
    """
    if not settings.SIMULATION:
        raise NotConfigured("simulation is off: SIMULATION=1 allows a simulated CA")
    _check_keys_are_here()
    algorithms = ALGORITHMS[settings.CA_ALGORITHM]
    root = _root(algorithms, begins=now - BACKDATED)
    issuing = _issuing(root, algorithms, begins=now - BACKDATED)
    if not keystore.has_key(keystore.RECOVERY):
        keystore.save_recovery_key(X25519PrivateKey.generate())
    made = _enter(root.certificate, issuing.certificate, now=now)
    if _certify_new_responder(issuing, algorithms, now=now):
        made.append(_NAMES[Role.OCSP])
    publication.publish(issuing, now=now)
    return made


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
        _certify(issuer, certificate.public_key(), now=now)  # type: ignore[arg-type]
    return True


def _check_keys_are_here() -> None:
    for known in Authority.objects.filter(is_current=True).exclude(role=Role.OCSP):
        certificate = keystore.load_certificate(known.role)
        if certificate is None or serials.text(certificate.serial_number) != known.serial_number:
            raise NotConfigured(f"the database names {known.subject}; CA_KEY_DIR holds another")


def _root(algorithms: Algorithms, *, begins: datetime) -> Issuer:
    def sign(key: PrivateKey) -> x509.Certificate:
        return sign_root(
            key,
            name=_name(Role.ROOT),
            serial=serials.number(serials.new_serial()),
            not_before=begins,
            not_after=begins + ROOT_LIFETIME,
        )

    return _issuer(Role.ROOT, algorithms.make_ca_key, sign)


def _issuing(root: Issuer, algorithms: Algorithms, *, begins: datetime) -> Issuer:
    def sign(key: PrivateKey) -> x509.Certificate:
        return sign_issuing_ca(
            root,
            public_key=key.public_key(),
            name=_name(Role.ISSUING),
            serial=serials.number(serials.new_serial()),
            not_before=begins,
            not_after=begins + ISSUING_LIFETIME,
            addresses=Addresses(settings.PUBLIC_URL),
        )

    return _issuer(Role.ISSUING, algorithms.make_ca_key, sign)


def _issuer(
    role: str, make_key: Callable[[], PrivateKey], sign: Callable[[PrivateKey], x509.Certificate]
) -> Issuer:
    """Return the CA of ``role`` from its folder, made there first when it is missing."""
    if not keystore.has_key(role):
        keystore.save_key(role, make_key())
    key = keystore.load_key(role)
    certificate = keystore.load_certificate(role)
    if certificate is None:
        certificate = sign(key)
        keystore.save_certificate(role, certificate)
    return Issuer(certificate, key)


@transaction.atomic
def _enter(root: x509.Certificate, issuing: x509.Certificate, *, now: datetime) -> list[str]:
    known = set(Authority.objects.filter(is_current=True).values_list("role", flat=True))
    pairs = ((Role.ROOT, root), (Role.ISSUING, issuing))
    new = [_row(role, certificate) for role, certificate in pairs if role not in known]
    if not new:
        return []
    Authority.objects.bulk_create(new)
    names = [_NAMES[Role(row.role)] for row in new]
    _record("ca.set_up", names, now=now)
    return names


@transaction.atomic
def _certify_new_responder(issuer: Issuer, algorithms: Algorithms, *, now: datetime) -> bool:
    """Make the responder's key if it is missing, and a certificate unless one stands for it."""
    if not keystore.has_responder_key():
        keystore.save_responder_key(algorithms.make_responder_key())
    key = keystore.load_responder_key().public_key()
    standing = _standing_responder()
    if standing is not None and standing.not_after - now > RESPONDER_RENEWED_BEFORE:
        certificate = x509.load_der_x509_certificate(bytes(standing.certificate))
        if certificate.public_key() == key:
            return False
    _certify(issuer, key, now=now)
    return True


def _certify(issuer: Issuer, public_key: PublicKey, *, now: datetime) -> None:
    certificate = sign_responder(
        issuer,
        public_key=public_key,
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
    return Authority.objects.select_for_update().filter(role=Role.OCSP, is_current=True).first()


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
