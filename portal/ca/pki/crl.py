"""Revocation lists put together from entries encoded when each was revoked (RFC 5280, section 5).

cryptography's builder takes objects one by one and encodes every entry anew for each list; here a
list of 10,000 is one join of stored bytes and one signature.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from cryptography import x509

from portal.ca.pki.der import (
    BIT_STRING,
    EXPLICIT_0,
    SEQUENCE,
    UTC_TIME,
    der,
    extension,
    generalized_time,
    integer,
    signature_algorithm,
)
from portal.ca.pki.signing import Issuer

REASONS = {
    "key_compromise": x509.ReasonFlags.key_compromise,
    "affiliation_changed": x509.ReasonFlags.affiliation_changed,
    "superseded": x509.ReasonFlags.superseded,
    "cessation": x509.ReasonFlags.cessation_of_operation,
    # "unspecified" stands for itself by standing nowhere: RFC 5280, 5.3.1.
}

_VERSION_2 = b"\x02\x01\x01"
_CRL_NUMBER, _AUTHORITY_KEY_ID, _REASON_CODE = b"\x55\x1d\x14", b"\x55\x1d\x23", b"\x55\x1d\x15"
_FIRST_GENERALIZED_YEAR = 2050


def entry(serial: int, *, at: datetime, reason: str) -> bytes:
    """Return the DER of one revoked certificate: serial, moment and, but for "unspecified", why."""
    number = integer(serial)
    if reason not in REASONS:
        return der(SEQUENCE, number, _time(at))
    code = extension(_REASON_CODE, x509.CRLReason(REASONS[reason]).public_bytes())
    return der(SEQUENCE, number, _time(at), der(SEQUENCE, code))


def build(
    issuer: Issuer,
    *,
    number: int,
    this_update: datetime,
    next_update: datetime,
    entries: Iterable[bytes],
) -> bytes:
    """Return a signed version 2 list with its number."""
    algorithm = signature_algorithm(issuer.key)
    own = issuer.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    key_id = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own.value)
    extensions = der(
        SEQUENCE,
        extension(_AUTHORITY_KEY_ID, key_id.public_bytes()),
        extension(_CRL_NUMBER, x509.CRLNumber(number).public_bytes()),
    )
    revoked = b"".join(entries)
    to_be_signed = der(
        SEQUENCE,
        _VERSION_2,
        algorithm,
        issuer.certificate.subject.public_bytes(),
        _time(this_update),
        _time(next_update),
        der(SEQUENCE, revoked) if revoked else b"",  # an empty list is left out altogether
        der(EXPLICIT_0, extensions),
    )
    signature = der(BIT_STRING, b"\x00", issuer.sign(to_be_signed))
    return der(SEQUENCE, to_be_signed, algorithm, signature)


def _time(moment: datetime) -> bytes:
    moment = moment.astimezone(UTC)
    if moment.year >= _FIRST_GENERALIZED_YEAR:
        return generalized_time(moment)
    return der(UTC_TIME, moment.strftime("%y%m%d%H%M%SZ").encode())
