"""Signing a PDF: PAdES (B-B), the place and look as Nghị định 30/2020/NĐ-CP asks.

There is no time stamp (B-T): it would need the CA's TSA. The signing time is the portal's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from io import BytesIO
from typing import Any, TypeAlias

from asn1crypto import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from django.utils import timezone
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.writer import BasePdfFileWriter
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, Signer
from pyhanko.sign.signers.pdf_signer import PdfSigningSession

from portal.documents import appearances, places
from portal.documents.roles import SignatureRole

Key: TypeAlias = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

FIELD_NAMES = {
    SignatureRole.HEAD: "Chu-ky-nguoi-co-tham-quyen",
    SignatureRole.ORGANISATION: "Chu-ky-co-quan",
}
_HASHES = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}


class CannotSign(Exception):
    """The file or the key does not allow the signature; nothing was changed."""


def sign_pdf(
    pdf: bytes,
    *,
    key: Any,
    certificate_der: bytes,
    chain: Sequence[bytes],
    role: SignatureRole,
    signer_name: str,
    reason: str,
    now: datetime,
    number: str = "",
) -> bytes:
    """Return ``pdf`` with one more signature, as an incremental update: earlier ones stay valid.

    A letter is signed at the place it keeps for the role. In any other file the head's signature
    is invisible and the organisation's stands in the top right corner with ``number`` and time.
    Raises CannotSign when the key is not the certificate's or the role has signed already.
    """
    certificate = x509.Certificate.load(certificate_der)
    public_key = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    if public_key != certificate.public_key.dump():
        raise CannotSign("the key is not the certificate's")
    signer = _KeySigner(key, signing_cert=certificate)
    signer.cert_registry.register_multiple([x509.Certificate.load(der) for der in chain])
    try:
        writer = IncrementalPdfFileWriter(BytesIO(pdf))
        place = places.find(writer.prev, role)
        in_corner = place is None and role is SignatureRole.ORGANISATION
        if in_corner:
            place = places.corner(writer.prev)
        stamp = (
            appearances.style(role, name=signer_name, number=number, now=now, in_corner=in_corner)
            if place
            else None
        )
        field = SigFieldSpec(
            FIELD_NAMES[role],
            on_page=place.page if place else 0,
            box=place.box if place else None,
            readable_field_name=str(role.label),
        )
        metadata = PdfSignatureMetadata(
            field_name=field.sig_field_name,
            name=signer_name,
            reason=reason,
            subfilter=SigSeedSubFilter.PADES,
        )
        signing = _DatedSigner(metadata, signer, now, stamp_style=stamp, new_field_spec=field)
        signed: BytesIO = signing.sign_pdf(writer)
    except (SigningError, PdfError) as error:
        raise CannotSign(str(error)) from error
    return signed.getvalue()


class _KeySigner(Signer):
    """Signs with a key in memory that ``cryptography`` holds; the key itself is never exported."""

    def __init__(self, key: Key, **options: Any) -> None:
        super().__init__(**options)
        self._key = key

    async def async_sign_raw(
        self, data: bytes, digest_algorithm: str, dry_run: bool = False
    ) -> bytes:
        digest = _HASHES[digest_algorithm]
        if isinstance(self._key, rsa.RSAPrivateKey):
            if dry_run:
                return bytes(self._key.key_size // 8)
            return self._key.sign(data, padding.PKCS1v15(), digest)
        if dry_run:
            return bytes(2 * (self._key.key_size // 8) + 16)
        return self._key.sign(data, ec.ECDSA(digest))


class _DatedSigner(PdfSigner):
    """Signs at the time it is told."""

    def __init__(
        self, metadata: PdfSignatureMetadata, signer: Signer, now: datetime, **options: Any
    ) -> None:
        super().__init__(metadata, signer, **options)
        self._now = now

    def init_signing_session(
        self, pdf_out: BasePdfFileWriter, existing_fields_only: bool = False
    ) -> PdfSigningSession:
        session = super().init_signing_session(pdf_out, existing_fields_only)
        session.system_time = timezone.localtime(self._now)
        return session
