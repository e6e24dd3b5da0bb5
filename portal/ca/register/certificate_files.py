"""Certificates that come as files: .cer, .pem, .p7b, or a ZIP of them; what can't be read is named.

Nothing is believed here: what a certificate says of itself is read, whether a CA that is believed
has signed it is asked of ``portal.ca.authority.anchors``.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from portal.ca.authority.anchors import Unreadable, certificates_in
from portal.ca.pki import serials
from portal.ca.pki.names import SubjectName, readable, subject_of
from portal.ca.pki.profiles import algorithm_name
from portal.core import archives

MOST_CERTIFICATES = 20_000  # of one file
MOST_BYTES = 200 * 1024 * 1024  # of a ZIP, inflated
_ZIP = b"PK"
_MOST_SERIAL = 40  # hex digits: 20 octets (RFC 5280, 4.1.2.2)


@dataclass(frozen=True, slots=True)
class FoundCertificate:
    """What one certificate says of itself. ``file`` is the name it came under."""

    file: str
    der: bytes
    serial: str
    subject: SubjectName
    subject_text: str
    issuer_text: str
    not_before: datetime
    not_after: datetime
    algorithm: str
    public_key: bytes  # DER SubjectPublicKeyInfo

    @property
    def fingerprint(self) -> str:
        """SHA-256 of its public key, hex."""
        return hashlib.sha256(self.public_key).hexdigest()

    @property
    def thumbprint(self) -> str:
        """SHA-256 of the certificate, hex."""
        return hashlib.sha256(self.der).hexdigest()


@dataclass(slots=True)
class ReadFiles:
    """The certificates of a file in its order, those of CAs apart; (name, code) of what is not
    one: "not_a_certificate", "cannot_be_read", "damaged_archive", "archive_too_large",
    "encrypted_archive", "too_many_certificates"."""

    certificates: list[FoundCertificate] = field(default_factory=list)
    of_cas: list[FoundCertificate] = field(default_factory=list)
    problems: list[tuple[str, str]] = field(default_factory=list)


def read_certificates(content: bytes, name: str) -> ReadFiles:
    """Return what a .cer, .pem, .p7b or a ZIP of them holds; nothing is raised.

    A certificate that stands in it twice is read once.
    """
    read = ReadFiles()
    seen: set[bytes] = set()
    for file, data in _files(content, name, read.problems):
        try:
            found = certificates_in(data)
        except Unreadable:
            read.problems.append((file, "not_a_certificate"))
            continue
        if len(read.certificates) + len(found) > MOST_CERTIFICATES:
            read.problems.append((file, "too_many_certificates"))
            break
        for certificate in found:
            try:
                one, is_ca = _described(certificate, file)
            except (ValueError, UnsupportedAlgorithm, TypeError):
                read.problems.append((file, "cannot_be_read"))
                continue
            if one.der not in seen:
                seen.add(one.der)
                (read.of_cas if is_ca else read.certificates).append(one)
    return read


def _files(
    content: bytes, name: str, problems: list[tuple[str, str]]
) -> Iterator[tuple[str, bytes]]:
    if not content.startswith(_ZIP):
        yield name, content
        return
    try:
        parts = archives.parts_of(content, most_parts=MOST_CERTIFICATES, most_bytes=MOST_BYTES)
    except archives.Encrypted:
        problems.append((name, "encrypted_archive"))
    except archives.Unreadable:
        problems.append((name, "damaged_archive"))
    except archives.TooLarge:
        problems.append((name, "archive_too_large"))
    else:
        yield from parts.items()


def _described(certificate: x509.Certificate, file: str) -> tuple[FoundCertificate, bool]:
    """Return what it says, and whether it is a CA's; raises ValueError for what can't be kept."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # long Vietnamese names, counted in bytes
        key = certificate.public_key()
        serial = serials.text(certificate.serial_number)
        if certificate.serial_number <= 0 or len(serial) > _MOST_SERIAL:
            raise ValueError("serial")
        if not isinstance(key, (rsa.RSAPublicKey, ec.EllipticCurvePublicKey)):
            raise UnsupportedAlgorithm("key")
        if certificate.not_valid_after_utc <= certificate.not_valid_before_utc:
            raise ValueError("days")
        der = certificate.public_bytes(Encoding.DER)
        try:
            basic = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
            is_ca = basic.value.ca
        except x509.ExtensionNotFound:
            is_ca = False
        found = FoundCertificate(
            file=file,
            der=der,
            serial=serial,
            subject=subject_of(der),
            subject_text=readable(certificate.subject),
            issuer_text=readable(certificate.issuer),
            not_before=certificate.not_valid_before_utc,
            not_after=certificate.not_valid_after_utc,
            algorithm=algorithm_name(key),
            public_key=key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        )
    return found, is_ca
