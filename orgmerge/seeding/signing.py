"""Keys and X.509 certificates of a made-up population: really signed, or openly none at all."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings

from portal.ca.authority import services as authority
from portal.ca.models import FIRST_ISSUING
from portal.ca.pki import serials
from portal.ca.pki.names import SubjectName
from portal.ca.pki.profiles import Addresses
from portal.ca.pki.signing import SubscriberSigner, load_public_key

# What stands in place of a certificate that was not made: nobody can take it for one.
NOT_A_CERTIFICATE = "MÔ PHỎNG: KHÔNG CÓ CHỨNG THƯ X.509".encode()


class CertificateMaker(Protocol):
    """Whoever makes keys and certificates."""

    def public_key(self, number: int) -> bytes:
        """Return the public half of the ``number``-th key."""
        ...

    def certificate(
        self,
        kind: str,
        subject: SubjectName,
        public_key: bytes,
        *,
        serial: str,
        not_before: datetime,
        not_after: datetime,
    ) -> bytes:
        """Return the certificate, DER."""
        ...


class Signing:
    """Signs with the simulated CA, under keys whose private half nobody keeps."""

    def __init__(self) -> None:
        issuer = authority.current_issuer()
        addresses = Addresses(settings.PUBLIC_URL, FIRST_ISSUING)
        self._signer = SubscriberSigner(issuer, addresses=addresses)

    def public_key(self, number: int) -> bytes:
        """Return a new key each time."""
        key = ec.generate_private_key(ec.SECP256R1()).public_key()
        return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def certificate(
        self,
        kind: str,
        subject: SubjectName,
        public_key: bytes,
        *,
        serial: str,
        not_before: datetime,
        not_after: datetime,
    ) -> bytes:
        """Return a certificate as the CA issues them."""
        made = self._signer.sign(
            kind,
            subject=subject,
            public_key=load_public_key(public_key),
            serial=serials.number(serial),
            not_before=not_before,
            not_after=not_after,
        )
        return made.public_bytes(Encoding.DER)


class WithoutX509:
    """Makes neither keys nor certificates: what stands in their place says so itself."""

    def public_key(self, number: int) -> bytes:
        """Return a text that says it is no key, another for each."""
        return f"MÔ PHỎNG: KHÔNG CÓ KHÓA {number}".encode()

    def certificate(
        self,
        kind: str,
        subject: SubjectName,
        public_key: bytes,
        *,
        serial: str,
        not_before: datetime,
        not_after: datetime,
    ) -> bytes:
        """Return a text that says it is no certificate."""
        return NOT_A_CERTIFICATE
