"""Signing and verifying a letter against pyHanko alone doing the same, in the same process.

Ours signs with its look drawn by WeasyPrint and verifies in another process, with the structure of
the file and the frozen letter examined; the baseline has the same look, and pyHanko's own checks.
"""

from __future__ import annotations

import hashlib
import sys
from io import BytesIO
from pathlib import Path

import common


def main() -> None:
    common.boot()
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    from asn1crypto import x509  # noqa: PLC0415
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter  # noqa: PLC0415
    from pyhanko.pdf_utils.reader import PdfFileReader  # noqa: PLC0415
    from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter  # noqa: PLC0415
    from pyhanko.sign.signers import PdfSignatureMetadata  # noqa: PLC0415
    from pyhanko.sign.validation import validate_pdf_signature  # noqa: PLC0415
    from pyhanko_certvalidator import ValidationContext  # noqa: PLC0415

    from portal.documents import appearances, letters, signing, verification  # noqa: PLC0415
    from portal.documents.roles import SignatureRole  # noqa: PLC0415
    from tests.documents import builders, small_ca  # noqa: PLC0415

    trust = [small_ca.root().der]
    for rows in (20, 500):
        letter = letters.render(builders.petition(rows))
        holder = small_ca.holder("Lò Văn Thắng")

        def ours(letter: bytes = letter, holder: small_ca.Holder = holder) -> bytes:
            return signing.sign_pdf(
                letter,
                key=holder.key,
                certificate_der=holder.der,
                chain=[small_ca.root().der],
                role=SignatureRole.HEAD,
                signer_name="Lò Văn Thắng",
                reason="Ký thử",
                now=small_ca.NOW,
            )

        def bare(letter: bytes = letter, holder: small_ca.Holder = holder) -> bytes:
            writer = IncrementalPdfFileWriter(BytesIO(letter))
            place = signing.find_place(writer.prev, SignatureRole.HEAD)
            assert place is not None
            signer = signing._KeySigner(holder.key, signing_cert=x509.Certificate.load(holder.der))
            signer.cert_registry.register(x509.Certificate.load(small_ca.root().der))
            look = appearances.style(
                SignatureRole.HEAD,
                name="Lò Văn Thắng",
                number="",
                now=small_ca.NOW,
                in_corner=False,
            )
            signed: BytesIO = signing._DatedSigner(
                PdfSignatureMetadata(field_name="a", subfilter=SigSeedSubFilter.PADES),
                signer,
                small_ca.NOW,
                stamp_style=look,
                new_field_spec=SigFieldSpec("a", on_page=place.page, box=place.box),
            ).sign_pdf(writer)
            return signed.getvalue()

        common.compare(f"sign_{rows}_rows", ours, bare, target=1.3)
        signed = ours()
        frozen = verification.Frozen(hashlib.sha256(letter).hexdigest(), len(letter))

        def judge(signed: bytes = signed, frozen: verification.Frozen | None = frozen) -> None:
            (report,) = verification.verify(signed, trust=trust, now=small_ca.NOW, frozen=frozen)
            assert report.is_valid

        def judge_bare(signed: bytes = signed) -> None:
            (one,) = PdfFileReader(BytesIO(signed)).embedded_regular_signatures
            context = ValidationContext(
                trust_roots=[x509.Certificate.load(small_ca.root().der)],
                moment=small_ca.NOW,
                allow_fetching=False,
            )
            assert validate_pdf_signature(one, context).bottom_line

        judge()  # starts the process
        common.compare(f"verify_{rows}_rows", lambda: judge(frozen=None), judge_bare, target=1.3)
        common.compare(f"verify_frozen_{rows}_rows", judge, judge_bare, target=1.3)


if __name__ == "__main__":
    main()
