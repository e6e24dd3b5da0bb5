"""Answering OCSP (RFC 6960, 9654) from the register, with the delegated responder's key.

A request may ask about one certificate, as signing programs do; a longer one is answered
"malformed". A revocation is known as soon as its transaction is.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import ocsp
from django.db.models import QuerySet

from portal.ca.authority import keystore
from portal.ca.models import Authority, Certificate
from portal.ca.pki import crl, serials
from portal.ca.pki.profiles import PrivateKey
from portal.ca.pki.signing import hash_for

logger = logging.getLogger(__name__)

VALIDITY = timedelta(hours=1)
MAX_REQUEST_BYTES = 4096
MAX_NONCE_BYTES = 128
_SERIALS_END = 2**159  # positive and of 20 octets at most (RFC 5280, 4.1.2.2)
_LOADED_FOR = timedelta(minutes=1)
_Status = ocsp.OCSPResponseStatus


def _refusal(status: ocsp.OCSPResponseStatus) -> bytes:
    return ocsp.OCSPResponseBuilder.build_unsuccessful(status).public_bytes(Encoding.DER)


MALFORMED = _refusal(_Status.MALFORMED_REQUEST)
TRY_LATER = _refusal(_Status.TRY_LATER)
UNAUTHORIZED = _refusal(_Status.UNAUTHORIZED)


@dataclass(frozen=True, slots=True)
class Responder:
    """The key that signs answers, its certificate, and the CA it answers for."""

    certificate: x509.Certificate
    key: PrivateKey
    issuer: x509.Certificate
    loaded_at: datetime

    def is_fresh(self, now: datetime) -> bool:
        """Say whether it can go on serving without a look at the database."""
        return (
            abs(now - self.loaded_at) < _LOADED_FOR
            and self.certificate.not_valid_before_utc <= now < self.certificate.not_valid_after_utc
        )


class _Loaded:
    """The responder of this process, read anew each minute: the worker renews its certificate."""

    responder: Responder | None = None


def answer(request: bytes, *, now: datetime) -> bytes:
    """Return the response to ``request``, both DER."""
    try:
        asked, nonce = _read(request)
    except (ValueError, NotImplementedError, x509.DuplicateExtension):
        return MALFORMED
    try:
        responder = _responder(now)
    except keystore.KeyFault:
        logger.exception("OCSP cannot answer")
        return TRY_LATER
    if responder is None:
        return TRY_LATER
    try:
        about = issuer_hashes(responder.issuer, asked.hash_algorithm.name)
    except UnsupportedAlgorithm:
        return UNAUTHORIZED
    if (asked.issuer_name_hash, asked.issuer_key_hash) != about:
        return UNAUTHORIZED
    # What the register does not hold is unknown, though the CA signed it.
    status, revoked_at, reason = ocsp.OCSPCertStatus.UNKNOWN, None, None
    for ended_at, why in _register().filter(serial=serials.text(asked.serial_number)):
        status = ocsp.OCSPCertStatus.GOOD
        if ended_at is not None:
            status = ocsp.OCSPCertStatus.REVOKED
            revoked_at, reason = ended_at.replace(microsecond=0), crl.REASONS.get(why)
    this_update = now.replace(microsecond=0)
    builder = (
        ocsp.OCSPResponseBuilder()
        .add_response_by_hash(
            asked.issuer_name_hash,
            asked.issuer_key_hash,
            asked.serial_number,
            asked.hash_algorithm,
            status,
            this_update,
            this_update + VALIDITY,
            revoked_at,
            reason,
        )
        .responder_id(ocsp.OCSPResponderEncoding.HASH, responder.certificate)
    )
    builder = builder.certificates([responder.certificate])
    if nonce is not None:
        builder = builder.add_extension(nonce, critical=False)
    return builder.sign(responder.key, hash_for(responder.key)).public_bytes(Encoding.DER)


@lru_cache(maxsize=1)
def _register() -> QuerySet[Certificate, tuple[datetime | None, str]]:
    """The question put to the register, prepared once: it is a quarter of an answer's cost."""
    kept = Certificate.objects.kept_here().order_by()
    return kept.values_list("revoked_at", "revocation_reason")


def _read(request: bytes) -> tuple[ocsp.OCSPRequest, x509.OCSPNonce | None]:
    """Return a request for one certificate and its nonce; raises what reading DER raises."""
    if len(request) > MAX_REQUEST_BYTES:
        raise ValueError("too long")
    asked = ocsp.load_der_ocsp_request(request)
    if not 1 <= asked.serial_number < _SERIALS_END:
        raise ValueError("no certificate has such a serial number")
    if any(one.critical and one.oid != x509.OCSPNonce.oid for one in asked.extensions):
        raise ValueError("an extension that must be understood is not")
    try:
        nonce = asked.extensions.get_extension_for_class(x509.OCSPNonce).value
    except x509.ExtensionNotFound:
        return asked, None
    if not 1 <= len(nonce.nonce) <= MAX_NONCE_BYTES:  # RFC 9654
        raise ValueError("a nonce has 1 to 128 bytes")
    return asked, nonce


@lru_cache(maxsize=16)
def issuer_hashes(issuer: x509.Certificate, algorithm: str) -> tuple[bytes, bytes]:
    """Return the hashes of name and key by which requests name the CA."""
    key = issuer.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        bits = key.public_bytes(Encoding.DER, PublicFormat.PKCS1)
    else:
        bits = key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return (
        hashlib.new(algorithm, issuer.subject.public_bytes(), usedforsecurity=False).digest(),
        hashlib.new(algorithm, bits, usedforsecurity=False).digest(),
    )


def state(*, now: datetime) -> str:
    """Return what keeps the responder from answering, in a few words; "" when nothing does."""
    try:
        responder = _responder(now)
    except keystore.KeyFault as fault:
        return fault.summary
    certified = Authority.objects.filter(role=Authority.Role.OCSP, is_current=True)
    if responder is None and certified.exists():
        return "its certificate is not valid now"
    return ""


def _responder(now: datetime) -> Responder | None:
    """Return the responder with a certificate valid at ``now``, or None when there is none.

    Raises KeyFault when its key is not the one of its certificate.
    """
    before = _Loaded.responder
    if before is not None and before.is_fresh(now):
        return before
    _Loaded.responder = None
    standing = dict(
        Authority.objects.filter(
            is_current=True, not_before__lte=now, not_after__gt=now
        ).values_list("role", "certificate")
    )
    if {Authority.Role.OCSP, Authority.Role.ISSUING} <= standing.keys():
        certificate = x509.load_der_x509_certificate(bytes(standing[Authority.Role.OCSP]))
        issuer = x509.load_der_x509_certificate(bytes(standing[Authority.Role.ISSUING]))
        if before is not None and before.key.public_key() == certificate.public_key():
            key = before.key  # opening the file costs time; its certificate is renewed, it stays
        else:
            key = keystore.load_key(Authority.Role.OCSP, certificate=certificate)
        _Loaded.responder = Responder(certificate, key, issuer, now)
    return _Loaded.responder
