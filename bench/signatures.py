"""Signing and verifying a letter against pyHanko alone doing the same, in the same process.

Ours signs with its look drawn by WeasyPrint and asks the portal's own CA for what makes the
signature last (B-LTA: time stamps, OCSP answers); pyHanko has the same look and the same authority,
and is given the answers. Ours verifies in another process, with the structure of the file and the
frozen letter examined; the baseline has pyHanko's own checks.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import common

FEW, BATCH = 20, 200  # rows of a letter, letters


def main() -> None:  # noqa: PLR0915 (imports, after the settings)
    common.boot()
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    from asn1crypto import x509  # noqa: PLC0415
    from django.conf import settings  # noqa: PLC0415
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter  # noqa: PLC0415
    from pyhanko.pdf_utils.reader import PdfFileReader  # noqa: PLC0415
    from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter  # noqa: PLC0415
    from pyhanko.sign.signers import PdfSignatureMetadata  # noqa: PLC0415
    from pyhanko.sign.validation import (  # noqa: PLC0415
        validate_pdf_signature,
        validate_pdf_timestamp,
    )
    from pyhanko.sign.validation.dss import DocumentSecurityStore  # noqa: PLC0415
    from pyhanko_certvalidator import ValidationContext  # noqa: PLC0415

    from portal.ca.authority import ceremony, timestamps  # noqa: PLC0415
    from portal.ca.authority import services as authority  # noqa: PLC0415
    from portal.ca.authority.anchors import trusted_certificates  # noqa: PLC0415
    from portal.ca.register import services as register  # noqa: PLC0415
    from portal.documents import (  # noqa: PLC0415
        appearances,
        lasting,
        letters,
        signing,
        verification,
    )
    from portal.documents.roles import SignatureRole  # noqa: PLC0415
    from tests import builders as rows_of  # noqa: PLC0415
    from tests.documents import builders, small_ca  # noqa: PLC0415
    from tests.documents.test_lasting import holder as certified  # noqa: PLC0415

    now, head = small_ca.NOW, SignatureRole.HEAD
    assert settings.SIMULATION
    authority.open_for_signing()
    ceremony.set_up(now=now)
    timestamps.renew(now=now)
    body = rows_of.agency(office=rows_of.office())
    trust, chain = trusted_certificates(), register.chain()
    roots = [one for one in map(x509.Certificate.load, trust) if one.self_issued]
    _row, holder = certified(body, head)
    own = x509.Certificate.load(holder.der)

    for rows in (FEW, 100):
        letter = letters.render(builders.petition(rows))

        def ours(letter: bytes = letter) -> bytes:
            by = lasting.stamping(now)
            assert by is not None
            pdf = signing.sign_pdf(
                letter,
                key=holder.key,
                certificate_der=holder.der,
                chain=chain,
                role=head,
                signer_name="Lò Văn Thắng",
                reason="Ký thử",
                now=now,
                timestamper=by.timestamper,
            )
            return lasting.with_stamp(pdf, now=now, by=by).pdf

        by = lasting.stamping(now)
        assert by is not None
        evidence = lasting.evidence_of([own, *by.certificates], now=now)

        def context(evidence: lasting.Evidence = evidence) -> ValidationContext:
            return ValidationContext(
                trust_roots=roots,
                other_certs=evidence.certificates,
                ocsps=evidence.answers,
                moment=now,
                allow_fetching=False,
            )

        def bare(letter: bytes = letter) -> bytes:
            by = lasting.stamping(now)
            assert by is not None
            writer = IncrementalPdfFileWriter(BytesIO(letter))
            place = signing.find_place(writer.prev, head)
            assert place is not None
            signer = signing.KeySigner(holder.key, signing_cert=own)
            signer.cert_registry.register_multiple(map(x509.Certificate.load, chain))
            look = appearances.style(head, name="Lò Văn Thắng", number="", now=now, in_corner=False)
            signed: BytesIO = signing._DatedSigner(
                PdfSignatureMetadata(
                    field_name="a",
                    subfilter=SigSeedSubFilter.PADES,
                    embed_validation_info=True,
                    use_pades_lta=True,
                    validation_context=context(),
                ),
                signer,
                now,
                timestamper=by.timestamper,
                stamp_style=look,
                new_field_spec=SigFieldSpec("a", on_page=place.page, box=place.box),
            ).sign_pdf(writer)
            return signed.getvalue()

        common.compare(f"sign_{rows}_rows", ours, bare, target=1.3)
        if rows == FEW:
            common.compare(
                f"sign_batch_of_{BATCH}",
                _batch(ours),
                _batch(bare),
                target=1.3,
                runs=1,
                n=BATCH,
            )
        signed = ours()
        frozen = verification.Frozen(hashlib.sha256(letter).hexdigest(), len(letter))

        def judge(signed: bytes = signed, frozen: verification.Frozen | None = frozen) -> None:
            (report,) = verification.verify(signed, trust=trust, now=now, frozen=frozen)
            assert report.is_valid
            assert report.stamped_at == now

        def judge_bare(signed: bytes = signed) -> None:
            reader = PdfFileReader(BytesIO(signed))
            (one,) = reader.embedded_regular_signatures
            (stamp,) = reader.embedded_timestamp_signatures
            about = {"trust_roots": roots, "moment": now, "allow_fetching": False}
            kept = DocumentSecurityStore.read_dss(reader)
            assert validate_pdf_timestamp(stamp, kept.as_validation_context(about)).trusted
            assert validate_pdf_signature(one, kept.as_validation_context(about)).bottom_line

        judge()  # starts the process
        common.compare(f"verify_{rows}_rows", lambda: judge(frozen=None), judge_bare, target=1.3)
        common.compare(f"verify_frozen_{rows}_rows", judge, judge_bare, target=1.3)


def _batch(sign: Callable[[], bytes]) -> Callable[[], object]:
    return lambda: [sign() for _letter in range(BATCH)]


if __name__ == "__main__":
    main()
