"""Answering OCSP (RFC 6960, 9654) from the register, with the delegated responder's key.

A revocation is known as soon as its transaction is: no answer is kept.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from asn1crypto import ocsp as asn1
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import ocsp
from django.db.models import QuerySet

from portal.ca.authority import keystore
from portal.ca.authority.faults import KeyFault
from portal.ca.models import Authority, Certificate
from portal.ca.pki import ocsp_answers, serials
from portal.ca.pki.profiles import PrivateKey

logger = logging.getLogger(__name__)

VALIDITY = timedelta(hours=1)
MAX_REQUEST_BYTES = 4096
MAX_NONCE_BYTES = 128
_SERIALS_END = 2**159  # positive and of 20 octets at most (RFC 5280, 4.1.2.2)
_TRUE = b"\x01\x01\xff"  # DER's BOOLEAN
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
    ca: str  # its slug
    is_root: bool
    not_before: datetime
    not_after: datetime

    def is_valid(self, now: datetime) -> bool:
        return self.not_before <= now < self.not_after


class _Loaded:
    """What this process answers for, read anew each minute: the worker renews certificates."""

    responders: tuple[Responder, ...] = ()
    at: datetime | None = None


def answer(request: bytes, *, now: datetime) -> bytes:
    """Return the response to ``request``, both DER.

    Several certificates in one request must be one CA's: an answer has one signer, whom a CA has
    certified.
    """
    try:
        asked, nonce = _read(request)
    except (ValueError, TypeError, KeyError, NotImplementedError, x509.DuplicateExtension):
        return MALFORMED
    try:
        responders = _responders(now)
        if not responders:
            return TRY_LATER
        about = [(one.issuer_name_hash, one.issuer_key_hash) for one in asked]
        algorithms = [one.hash_algorithm.name for one in asked]
        responder = next(
            responder
            for responder in responders
            if about == [issuer_hashes(responder.issuer, one) for one in algorithms]
        )
        if not responder.is_valid(now):
            return TRY_LATER
        return _signed(responder, asked, nonce, now=now)
    except (UnsupportedAlgorithm, StopIteration):
        return UNAUTHORIZED
    except KeyFault:
        logger.exception("OCSP cannot answer")
        return TRY_LATER


def _signed(
    responder: Responder,
    asked: list[ocsp.OCSPRequest],
    nonce: x509.OCSPNonce | None,
    *,
    now: datetime,
) -> bytes:
    known = _known(responder, [serials.text(one.serial_number) for one in asked])
    this_update = now.replace(microsecond=0)
    singles = []
    for one in asked:
        # What the register does not hold is unknown, though the CA signed it.
        status = ocsp_answers.UNKNOWN
        if found := known.get(serials.text(one.serial_number)):
            ended_at, why = found
            status = ocsp_answers.revoked(ended_at, why) if ended_at else ocsp_answers.GOOD
        singles.append(
            ocsp_answers.single(
                one,
                status,
                this_update=this_update,
                next_update=this_update + VALIDITY,
                kept_since=responder.issuer.not_valid_before_utc,  # the register forgets nothing
            )
        )
    return ocsp_answers.build(
        responder.key,
        responder.certificate,
        key_hash=issuer_hashes(responder.certificate, "sha1")[1],
        produced_at=this_update,
        singles=singles,
        nonce=nonce,
    )


def _known(responder: Responder, asked: list[str]) -> dict[str, tuple[datetime | None, str]]:
    """Return what the CA's register says of serial numbers: when revoked, if ever, and why."""
    known: dict[str, tuple[datetime | None, str]] = {}
    if not responder.is_root:
        found = _register().filter(serial__in=asked, ca=responder.ca)
        known = {serial: (ended_at, why) for serial, ended_at, why in found}
    if len(known) < len(set(asked)):
        # The CAs under a root; under an issuing CA the certificates of its time-stamp authority.
        cas = Authority.objects.filter(serial_number__in=asked, signed_by=responder.ca)
        rows = cas.values_list("serial_number", "revoked_at", "revocation_reason")
        known |= {serial: (ended_at, why) for serial, ended_at, why in rows}
    return known


@lru_cache(maxsize=1)
def _register() -> QuerySet[Certificate, tuple[str, datetime | None, str]]:
    """The question put to the register, prepared once: it is a quarter of an answer's cost."""
    kept = Certificate.objects.kept_here().order_by()
    return kept.values_list("serial", "revoked_at", "revocation_reason")


def _read(request: bytes) -> tuple[list[ocsp.OCSPRequest], x509.OCSPNonce | None]:
    """Return what is asked, a certificate each, and the nonce; raises what reading DER raises."""
    if len(request) > MAX_REQUEST_BYTES:
        raise ValueError("too long")
    try:
        asked = [ocsp.load_der_ocsp_request(request)]
    except NotImplementedError:  # several: cryptography reads them one by one
        asked = _one_by_one(request)
    if _TRUE in request:  # something may be critical, also where cryptography does not look
        asked = _one_by_one(request)
    if not all(1 <= one.serial_number < _SERIALS_END for one in asked):
        raise ValueError("no certificate has such a serial number")
    extensions = asked[0].extensions
    if any(one.critical and one.oid != x509.OCSPNonce.oid for one in extensions):
        raise ValueError("an extension that must be understood is not")
    try:
        nonce = extensions.get_extension_for_class(x509.OCSPNonce).value
    except x509.ExtensionNotFound:
        return asked, None
    if not 1 <= len(nonce.nonce) <= MAX_NONCE_BYTES:  # RFC 9654
        raise ValueError("a nonce has 1 to 128 bytes")
    return asked, nonce


def _one_by_one(request: bytes) -> list[ocsp.OCSPRequest]:
    """Return a request for each certificate of one; raises ValueError and its like."""
    whole = asn1.OCSPRequest.load(request, strict=True)["tbs_request"]
    questions = list(whole["request_list"])
    if not questions:
        raise ValueError("nothing is asked")
    for one in questions:
        if any(about["critical"].native for about in one["single_request_extensions"]):
            raise ValueError("an extension that must be understood is not")
    return [
        ocsp.load_der_ocsp_request(
            asn1.OCSPRequest(
                {
                    "tbs_request": {
                        "request_list": [one],
                        "request_extensions": whole["request_extensions"],
                    }
                }
            ).dump()
        )
        for one in questions
    ]


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
        is_valid = all(one.is_valid(now) for one in _responders(now))
    except KeyFault as fault:
        return fault.summary
    return "" if is_valid else "its certificate is not valid now"


def _responders(now: datetime) -> tuple[Responder, ...]:
    """Return what is answered for at ``now``: every CA that lives and has certified the key.

    Raises KeyFault when the key is not the one of a certificate.
    """
    before = _Loaded.responders
    is_recent = _Loaded.at is not None and abs(now - _Loaded.at) < _LOADED_FOR
    if before and is_recent and all(one.is_valid(now) for one in before):
        return before
    _Loaded.responders = ()
    roles = (Authority.Role.ROOT, Authority.Role.ISSUING, Authority.Role.OCSP)
    rows = list(Authority.objects.filter(is_current=True, role__in=roles).order_by("pk"))
    living = {
        row.slug: row
        for row in rows
        if row.role != Authority.Role.OCSP and row.not_before <= now < row.not_after
    }
    found: list[Responder] = []
    for row in rows:
        if row.role != Authority.Role.OCSP or row.signed_by not in living:
            continue
        certificate = x509.load_der_x509_certificate(bytes(row.certificate))
        # Opening the file costs time; certificates are renewed, the key stays.
        opened = (one.key for one in (*found, *before))
        public = certificate.public_key()
        key = next((one for one in opened if one.public_key() == public), None)
        found.append(
            Responder(
                certificate,
                key or keystore.load_key(Authority.Role.OCSP, certificate=certificate),
                x509.load_der_x509_certificate(bytes(living[row.signed_by].certificate)),
                row.signed_by,
                living[row.signed_by].role == Authority.Role.ROOT,
                row.not_before,
                row.not_after,
            )
        )
    _Loaded.responders, _Loaded.at = tuple(found), now
    return _Loaded.responders
