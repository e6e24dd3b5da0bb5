"""Revocation lists put together from entries encoded when each was revoked (RFC 5280, section 5).

cryptography's builder takes objects one by one and encodes every entry anew for each list; here a
list of 10,000 is one join of stored bytes and one signature.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from portal.ca.pki.signing import Issuer

REASONS = {
    "key_compromise": x509.ReasonFlags.key_compromise,
    "affiliation_changed": x509.ReasonFlags.affiliation_changed,
    "superseded": x509.ReasonFlags.superseded,
    "cessation": x509.ReasonFlags.cessation_of_operation,
    # "unspecified" stands for itself by standing nowhere: RFC 5280, 5.3.1.
}

_INTEGER, _BIT_STRING, _OCTET_STRING, _OID = 0x02, 0x03, 0x04, 0x06
_UTC_TIME, _GENERALIZED_TIME = 0x17, 0x18
_SEQUENCE, _EXPLICIT_0 = 0x30, 0xA0
_VERSION_2 = b"\x02\x01\x01"
_CRL_NUMBER, _AUTHORITY_KEY_ID, _REASON_CODE = b"\x55\x1d\x14", b"\x55\x1d\x23", b"\x55\x1d\x15"
_FIRST_GENERALIZED_YEAR = 2050
_SHORT_LENGTH = 0x80

_SHA256_WITH_RSA = bytes.fromhex("300d06092a864886f70d01010b0500")
_ECDSA_WITH = {
    "sha256": bytes.fromhex("300a06082a8648ce3d040302"),
    "sha384": bytes.fromhex("300a06082a8648ce3d040303"),
}


def entry(serial: int, *, at: datetime, reason: str) -> bytes:
    """Return the DER of one revoked certificate: serial, moment and, but for "unspecified", why."""
    number = _der(_INTEGER, serial.to_bytes(serial.bit_length() // 8 + 1, "big"))
    if reason not in REASONS:
        return _der(_SEQUENCE, number, _time(at))
    code = _extension(_REASON_CODE, x509.CRLReason(REASONS[reason]).public_bytes())
    return _der(_SEQUENCE, number, _time(at), _der(_SEQUENCE, code))


def build(
    issuer: Issuer,
    *,
    number: int,
    this_update: datetime,
    next_update: datetime,
    entries: Iterable[bytes],
) -> bytes:
    """Return a signed version 2 list with its number."""
    if isinstance(issuer.key, rsa.RSAPrivateKey):
        algorithm = _SHA256_WITH_RSA
    else:
        algorithm = _ECDSA_WITH[issuer.hash.name]
    own = issuer.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    key_id = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own.value)
    extensions = _der(
        _SEQUENCE,
        _extension(_AUTHORITY_KEY_ID, key_id.public_bytes()),
        _extension(_CRL_NUMBER, x509.CRLNumber(number).public_bytes()),
    )
    revoked = b"".join(entries)
    to_be_signed = _der(
        _SEQUENCE,
        _VERSION_2,
        algorithm,
        issuer.certificate.subject.public_bytes(),
        _time(this_update),
        _time(next_update),
        _der(_SEQUENCE, revoked) if revoked else b"",  # an empty list is left out altogether
        _der(_EXPLICIT_0, extensions),
    )
    signature = _der(_BIT_STRING, b"\x00", issuer.sign(to_be_signed))
    return _der(_SEQUENCE, to_be_signed, algorithm, signature)


def _extension(oid: bytes, value: bytes) -> bytes:
    return _der(_SEQUENCE, _der(_OID, oid), _der(_OCTET_STRING, value))


def _time(moment: datetime) -> bytes:
    moment = moment.astimezone(UTC)
    if moment.year >= _FIRST_GENERALIZED_YEAR:
        return _der(_GENERALIZED_TIME, moment.strftime("%Y%m%d%H%M%SZ").encode())
    return _der(_UTC_TIME, moment.strftime("%y%m%d%H%M%SZ").encode())


def _der(tag: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    size = len(body)
    if size < _SHORT_LENGTH:
        return bytes((tag, size)) + body
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, _SHORT_LENGTH | len(length))) + length + body
