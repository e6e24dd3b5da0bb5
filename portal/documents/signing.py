"""Signing a PDF: PAdES (B-B, or B-T), the place and look as Nghị định 30/2020/NĐ-CP asks.

The signing time is the portal's own; what makes the signature last is added by ``lasting``.

The letter's template sets two marks around each place for a signature; WeasyPrint writes them into
the PDF as named destinations. So they are frozen with the letter and need no record beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from io import BytesIO
from typing import Any, NamedTuple, TypeAlias

from asn1crypto import cms, x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from django.utils import timezone
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import BasePdfFileWriter
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, Signer
from pyhanko.sign.signers.pdf_signer import PdfSigningSession
from pyhanko.sign.timestamps import TimeStamper
from pyhanko.sign.timestamps.common_utils import TimestampRequestError

from portal.ca.pki.der import encoded
from portal.documents import appearances
from portal.documents.roles import SignatureRole

MARKS = {
    SignatureRole.HEAD: ("ky-lanh-dao-tren", "ky-lanh-dao-duoi"),
    SignatureRole.ORGANISATION: ("ky-co-quan-tren", "ky-co-quan-duoi"),
}
# Where a separate file is signed by the organisation: Phụ lục I, top right of its first page.
CORNER_WIDTH, CORNER_HEIGHT, CORNER_MARGIN = 198, 34, 28  # points
_MOST_DEPTH = 32


class Place(NamedTuple):
    """A rectangle on a page: left, bottom, right, top in points."""

    page: int
    box: tuple[int, int, int, int]

    @property
    def width(self) -> int:
        """Its width in points."""
        return self.box[2] - self.box[0]

    @property
    def height(self) -> int:
        """Its height in points."""
        return self.box[3] - self.box[1]


def find_place(reader: PdfFileReader, role: SignatureRole) -> Place | None:
    """Return the place the letter keeps for ``role``; None in a file that is no letter of ours."""
    names = reader.root.get("/Names")
    tree = names.get("/Dests") if names else None
    destinations = dict(_leaves(tree, depth=0)) if tree else {}
    upper, lower = (destinations.get(mark) for mark in MARKS[role])
    if upper is None or lower is None:
        return None
    wanted = upper.raw_get(0).reference
    for page in range(int(reader.root["/Pages"]["/Count"])):
        found, _resources = reader.find_page_for_modification(page)  # type: ignore[no-untyped-call]
        if found.reference == wanted:
            break
    else:
        return None
    left, top = round(float(upper[2])), round(float(upper[3]))
    right, bottom = round(float(lower[2])), round(float(lower[3]))
    if left >= right or bottom >= top:
        return None
    return Place(page, (left, bottom, right, top))


def corner(reader: PdfFileReader) -> Place:
    """Return the top right corner of the first page."""
    # The first page has its size from itself or from a branch of the tree above it.
    node = reader.root["/Pages"]
    media_box = node.get("/MediaBox", None)
    for _depth in range(_MOST_DEPTH):
        children = node.get("/Kids", None)
        if not children:
            break
        node = children[0].get_object()
        media_box = node.get("/MediaBox", media_box)
    right, top = round(float(media_box[2])), round(float(media_box[3]))
    x, y = right - CORNER_MARGIN - CORNER_WIDTH, top - CORNER_MARGIN // 2 - CORNER_HEIGHT
    return Place(0, (x, y, x + CORNER_WIDTH, y + CORNER_HEIGHT))


def _leaves(node: Any, *, depth: int) -> Iterator[tuple[str, Any]]:
    pairs = node.get("/Names", ())
    for index in range(0, len(pairs) - 1, 2):
        yield str(pairs[index]), pairs[index + 1]
    if depth < _MOST_DEPTH:
        for child in node.get("/Kids", ()):
            yield from _leaves(child.get_object(), depth=depth + 1)


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
    timestamper: TimeStamper | None = None,
) -> bytes:
    """Return ``pdf`` with one more signature, as an incremental update: earlier ones stay valid.

    A letter is signed at the place it keeps for the role. In any other file the head's signature
    is invisible and the organisation's stands in the top right corner with ``number`` and time.
    ``timestamper``: whose time stamp goes into the signature.
    Raises CannotSign when the key is not the certificate's or the role has signed already.
    """
    certificate = x509.Certificate.load(certificate_der)
    public_key = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    if public_key != certificate.public_key.dump():
        raise CannotSign("the key is not the certificate's")
    signer = KeySigner(key, signing_cert=certificate)
    signer.cert_registry.register_multiple([x509.Certificate.load(der) for der in chain])
    try:
        writer = IncrementalPdfFileWriter(BytesIO(pdf))
        place = find_place(writer.prev, role)
        in_corner = place is None and role is SignatureRole.ORGANISATION
        if in_corner:
            place = corner(writer.prev)
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
        signing = _DatedSigner(
            metadata,
            signer,
            now,
            timestamper=timestamper,
            stamp_style=stamp,
            new_field_spec=field,
        )
        signed: BytesIO = signing.sign_pdf(writer)
    except (SigningError, PdfError, TimestampRequestError) as error:
        raise CannotSign(str(error)) from error
    return signed.getvalue()


class KeySigner(Signer):
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

    async def async_sign_prescribed_attributes(self, *args: Any, **options: Any) -> cms.ContentInfo:
        signed = await super().async_sign_prescribed_attributes(*args, **options)
        found = cms.ContentInfo.load(encoded(signed))
        found._header = None  # nor is its own length to be taken for another
        return found


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
