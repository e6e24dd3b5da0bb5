"""OCSP answers (RFC 6960, 4.2.1) about one certificate or several, with an archive cutoff.

cryptography's builder takes one certificate and no extensions of a single response.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from portal.ca.pki.crl import REASONS
from portal.ca.pki.der import (
    BIT_STRING,
    ENUMERATED,
    EXPLICIT_0,
    EXPLICIT_1,
    EXPLICIT_2,
    OCTET_STRING,
    OID,
    SEQUENCE,
    der,
    extension,
    generalized_time,
    integer,
    signature_algorithm,
)
from portal.ca.pki.profiles import PrivateKey
from portal.ca.pki.signing import sign

_OCSP = b"\x2b\x06\x01\x05\x05\x07\x30\x01"  # the body of id-pkix-ocsp, 1.3.6.1.5.5.7.48.1
_BASIC, _NONCE, _ARCHIVE_CUTOFF = _OCSP + b"\x01", _OCSP + b"\x02", _OCSP + b"\x06"
_HASHES = {
    "sha1": bytes.fromhex("300906052b0e03021a0500"),
    "sha224": bytes.fromhex("300d06096086480165030402040500"),
    "sha256": bytes.fromhex("300d06096086480165030402010500"),
    "sha384": bytes.fromhex("300d06096086480165030402020500"),
    "sha512": bytes.fromhex("300d06096086480165030402030500"),
}
GOOD, UNKNOWN = b"\x80\x00", b"\x82\x00"  # [0] and [2] IMPLICIT NULL


def revoked(at: datetime, reason: str) -> bytes:
    """Return the status of what was revoked; no reason stands for "unspecified"."""
    if reason not in REASONS:
        return der(EXPLICIT_1, generalized_time(at))
    code = x509.CRLReason(REASONS[reason]).public_bytes()
    return der(EXPLICIT_1, generalized_time(at), der(EXPLICIT_0, code))


def single(
    asked: ocsp.OCSPRequest,
    status: bytes,
    *,
    this_update: datetime,
    next_update: datetime,
    kept_since: datetime,
) -> bytes:
    """Return what is said of one certificate.

    ``kept_since`` is the archive cutoff (4.4.4): what ended after it is still answered for.
    Raises KeyError for a hash that is not one of SHA-1 and SHA-2.
    """
    certificate_id = der(
        SEQUENCE,
        _HASHES[asked.hash_algorithm.name],
        der(OCTET_STRING, asked.issuer_name_hash),
        der(OCTET_STRING, asked.issuer_key_hash),
        integer(asked.serial_number),
    )
    cutoff = extension(_ARCHIVE_CUTOFF, generalized_time(kept_since))
    return der(
        SEQUENCE,
        certificate_id,
        status,
        generalized_time(this_update),
        der(EXPLICIT_0, generalized_time(next_update)),
        der(EXPLICIT_1, der(SEQUENCE, cutoff)),
    )


def build(
    key: PrivateKey,
    certificate: x509.Certificate,
    *,
    key_hash: bytes,
    produced_at: datetime,
    singles: Iterable[bytes],
    nonce: x509.OCSPNonce | None,
) -> bytes:
    """Return the signed answer; ``key_hash`` is the SHA-1 by which ``certificate`` is named."""
    data = der(
        SEQUENCE,
        der(EXPLICIT_2, der(OCTET_STRING, key_hash)),
        generalized_time(produced_at),
        der(SEQUENCE, *singles),
        der(EXPLICIT_1, der(SEQUENCE, extension(_NONCE, nonce.public_bytes()))) if nonce else b"",
    )
    basic = der(
        SEQUENCE,
        data,
        signature_algorithm(key),
        der(BIT_STRING, b"\x00", sign(key, data)),
        der(EXPLICIT_0, der(SEQUENCE, certificate.public_bytes(Encoding.DER))),
    )
    whole = der(SEQUENCE, der(OID, _BASIC), der(OCTET_STRING, basic))
    return der(SEQUENCE, der(ENUMERATED, b"\x00"), der(EXPLICIT_0, whole))
