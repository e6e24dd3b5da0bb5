"""Trust anchors: the CAs whose certificates are believed, beside the portal's own.

They are files in the folder TRUST_ANCHORS: self-signed ones are roots, the others belong to their
chains. Nothing is fetched.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from django.conf import settings

from portal.ca.models import Authority
from portal.ca.pki.names import readable

logger = logging.getLogger(__name__)

MOST_LINKS = 8  # of a chain
_SUFFIXES = {".cer", ".crt", ".der", ".pem", ".p7b", ".p7c"}


@dataclass(frozen=True, slots=True)
class Anchor:
    """A CA that is believed; ``is_own`` marks the portal's own."""

    certificate: x509.Certificate
    is_own: bool

    @property
    def is_root(self) -> bool:
        """Whether it signed itself: a chain ends there."""
        return self.certificate.subject == self.certificate.issuer

    @property
    def name(self) -> str:
        """Return its subject for people."""
        return readable(self.certificate.subject)


class Unreadable(ValueError):
    """A file that holds no certificate that can be read."""


def certificates_in(content: bytes) -> list[x509.Certificate]:
    """Return what a .cer, .pem or .p7b file holds, in its order; raises Unreadable."""
    is_pem = b"-----BEGIN" in content
    readers = (
        (x509.load_pem_x509_certificates, pkcs7.load_pem_pkcs7_certificates)
        if is_pem
        else (lambda der: [x509.load_der_x509_certificate(der)], pkcs7.load_der_pkcs7_certificates)
    )
    for read in readers:
        try:
            with warnings.catch_warnings():
                # openssl and Windows leave a bundle's certificates in any order, which is BER.
                warnings.filterwarnings("ignore", message="PKCS#7 certificates could not be")
                return list(read(content))
        except (ValueError, UnsupportedAlgorithm):
            continue
    raise Unreadable("no certificate")


def anchors() -> tuple[Anchor, ...]:
    """Return all that is believed: the folder's CAs, then the portal's own root and issuing CA.

    A file that can't be read is logged and left out, and so is what is no CA.
    """
    folder = Path(settings.TRUST_ANCHORS)
    files = sorted(
        (path, path.stat().st_mtime_ns)
        for path in (folder.iterdir() if folder.is_dir() else ())
        if path.suffix.lower() in _SUFFIXES
    )
    roles = (Authority.Role.ROOT, Authority.Role.ISSUING, Authority.Role.CROSS)
    own = Authority.objects.filter(role__in=roles)
    ders = own.order_by("pk").values_list("certificate", flat=True)
    mine = tuple(Anchor(x509.load_der_x509_certificate(bytes(der)), is_own=True) for der in ders)
    return _in_files(tuple(files)) + mine


def trusted_certificates() -> list[bytes]:
    """Return every certificate of ``anchors``, DER: roots to start from, and what hangs on them."""
    return [anchor.certificate.public_bytes(Encoding.DER) for anchor in anchors()]


def chain_of(
    certificate: x509.Certificate, believed: Iterable[Anchor], *, at: datetime
) -> list[Anchor] | None:
    """Return the CAs above ``certificate``, its issuer first and a root last; None when unproved.

    Each link: issued by name, signed by the key, a CA that may sign certificates, begun and not
    ended at ``at``. Whether ``certificate`` itself has ended or was revoked is asked elsewhere.
    """
    by_name: dict[x509.Name, list[Anchor]] = {}
    for anchor in believed:
        by_name.setdefault(anchor.certificate.subject, []).append(anchor)
    links: list[Anchor] = []
    lowest = certificate
    while len(links) < MOST_LINKS:
        for anchor in by_name.get(lowest.issuer, ()):
            if _has_signed(anchor.certificate, lowest, below=len(links), at=at):
                break
        else:
            return None
        links.append(anchor)
        if anchor.is_root:
            return links
        lowest = anchor.certificate
    return None


def _has_signed(
    issuer: x509.Certificate, issued: x509.Certificate, *, below: int, at: datetime
) -> bool:
    """Say whether ``issuer``, a CA with ``below`` CAs beneath it, has signed ``issued``."""
    if not issuer.not_valid_before_utc <= at < issuer.not_valid_after_utc:
        return False
    try:
        issued.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return _may_sign(issuer, below=below)


def _may_sign(issuer: x509.Certificate, *, below: int) -> bool:
    """Say whether it is a CA with room for ``below`` CAs beneath it (RFC 5280, 4.2.1.9)."""
    try:
        basic = issuer.extensions.get_extension_for_class(x509.BasicConstraints).value
        if not basic.ca or (basic.path_length is not None and basic.path_length < below):
            return False
        return issuer.extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign
    except x509.ExtensionNotFound as missing:
        return missing.oid == x509.KeyUsage.oid  # without one any use is allowed
    except ValueError:
        return False


@lru_cache(maxsize=4)
def _in_files(files: tuple[tuple[Path, int], ...]) -> tuple[Anchor, ...]:
    found: dict[bytes, Anchor] = {}
    for path, _changed in files:
        try:
            certificates = certificates_in(path.read_bytes())
        except (OSError, Unreadable):
            logger.warning("a trust anchor cannot be read: %s", path)
            continue
        for certificate in certificates:
            if _may_sign(certificate, below=0):
                der = certificate.public_bytes(Encoding.DER)
                found[der] = Anchor(certificate, is_own=False)
            else:
                logger.warning("no CA, so no trust anchor: %s", path)
    return tuple(found.values())
