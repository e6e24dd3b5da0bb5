"""The few words of DER (X.690) that lists and OCSP answers are put together from, and one of use
with what asn1crypto puts together."""

from __future__ import annotations

from datetime import UTC, datetime

from asn1crypto import core, parser
from cryptography.hazmat.primitives.asymmetric import rsa

from portal.ca.pki.profiles import PrivateKey
from portal.ca.pki.signing import hash_for

INTEGER, BIT_STRING, OCTET_STRING, OID, ENUMERATED = 0x02, 0x03, 0x04, 0x06, 0x0A
UTC_TIME, GENERALIZED_TIME = 0x17, 0x18
SEQUENCE, EXPLICIT_0, EXPLICIT_1, EXPLICIT_2 = 0x30, 0xA0, 0xA1, 0xA2
_SHORT_LENGTH = 0x80

_SHA256_WITH_RSA = bytes.fromhex("300d06092a864886f70d01010b0500")
_ECDSA_WITH = {
    "sha256": bytes.fromhex("300a06082a8648ce3d040302"),
    "sha384": bytes.fromhex("300a06082a8648ce3d040303"),
}


def der(tag: int, *parts: bytes) -> bytes:
    """Return the encoding of one value: tag, length and what it is made of."""
    body = b"".join(parts)
    size = len(body)
    if size < _SHORT_LENGTH:
        return bytes((tag, size)) + body
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, _SHORT_LENGTH | len(length))) + length + body


def integer(number: int) -> bytes:
    """Return a number that is not negative."""
    return der(INTEGER, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def extension(oid: bytes, value: bytes) -> bytes:
    """Return an extension that is not critical; ``oid`` is the body of its encoding."""
    return der(SEQUENCE, der(OID, oid), der(OCTET_STRING, value))


def generalized_time(moment: datetime) -> bytes:
    return der(GENERALIZED_TIME, moment.astimezone(UTC).strftime("%Y%m%d%H%M%SZ").encode())


def signature_algorithm(key: PrivateKey) -> bytes:
    """Return the AlgorithmIdentifier of what ``signing.sign`` makes with ``key``."""
    if isinstance(key, rsa.RSAPrivateKey):
        return _SHA256_WITH_RSA
    return _ECDSA_WITH[hash_for(key).name]


def encoded(value: core.Sequence | core.SequenceOf) -> bytes:
    """Return the encoding of what was put together, each part encoded once; ``value`` is used up.

    asn1crypto itself encodes what was put together, or read and looked into, each time it is asked,
    and each level asks the one below twice. And it takes a length that ends in the byte 80 for an
    indefinite one, and writes anew all that lies below, three times a level: now and then a
    time-stamped signature took 45 seconds.
    """
    for at, part in enumerate(value.children or ()):
        if isinstance(part, core.Sequence | core.SequenceOf):
            value.children[at] = parser.parse(encoded(part), strict=True)
    value._header = None
    return bytes(value.dump())
