"""Signing as other software does: with any field, place, time and format."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from io import BytesIO
from typing import Any

from asn1crypto import x509
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata

from portal.documents import signing
from tests.documents import small_ca
from tests.documents.small_ca import NOW, Holder

Box = tuple[int, int, int, int]


def sign(
    pdf: bytes,
    holder: Holder,
    *,
    field: str = "Signature1",
    now: datetime = NOW,
    page: int = 0,
    box: Box | None = None,
    is_new: bool = True,
    chain: tuple[Holder, ...] = (),
    timestamper: Any = None,
    **metadata: Any,
) -> bytes:
    """Return ``pdf`` with one more signature in ``field``; without ``box`` it is not shown."""
    signer = signing.KeySigner(holder.key, signing_cert=x509.Certificate.load(holder.der))
    signer.cert_registry.register_multiple(
        [x509.Certificate.load(one.der) for one in (small_ca.root(), *chain)]
    )
    options: dict[str, Any] = {
        "subfilter": SigSeedSubFilter.PADES,
        "md_algorithm": "sha256",
    } | metadata
    made = signing._DatedSigner(
        PdfSignatureMetadata(field_name=field, **options),
        signer,
        now,
        timestamper=timestamper,
        new_field_spec=SigFieldSpec(field, on_page=page, box=box) if is_new else None,
    )
    signed: BytesIO = made.sign_pdf(IncrementalPdfFileWriter(BytesIO(pdf)))
    return signed.getvalue()


def update(pdf: bytes, change: Callable[[IncrementalPdfFileWriter], object]) -> bytes:
    """Return ``pdf`` with an incremental update that makes ``change``."""
    writer = IncrementalPdfFileWriter(BytesIO(pdf), strict=False)
    change(writer)
    changed = BytesIO()
    writer.write(changed)  # type: ignore[no-untyped-call]
    return changed.getvalue()
