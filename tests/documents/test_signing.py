"""Signing letters: PAdES, one after the other, at the place the letter keeps."""

from __future__ import annotations

import shutil
import subprocess
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader
from pypdf import PdfReader, PdfWriter
from pypdf.generic import NameObject

from portal.documents import appearances, signing
from portal.documents.roles import SignatureRole
from tests.documents import small_ca
from tests.documents.conftest import AGENCY, HEAD, signed
from tests.documents.small_ca import NOW

needs_poppler = pytest.mark.skipif(not shutil.which("pdfsig"), reason="no poppler at hand")


@needs_poppler
def test_pdfsig_finds_both_signatures_valid_and_the_whole_document_signed(
    signed_by_both: bytes, tmp_path: Path
) -> None:
    (tmp_path / "signed.pdf").write_bytes(signed_by_both)

    command = ["pdfsig", "-nocert", str(tmp_path / "signed.pdf")]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout

    assert told.count("Signature is Valid.") == 2
    assert told.count("ETSI.CAdES.detached") == 2
    assert told.count("  - Total document signed") == 1
    assert told.rindex("Total document signed") > told.index("Signature #2")


def test_signing_only_adds_to_the_file(
    recovery: bytes, signed_by_head: bytes, signed_by_both: bytes
) -> None:
    assert signed_by_head.startswith(recovery)
    assert signed_by_both.startswith(signed_by_head)


def test_the_seal_covers_a_third_of_the_heads_signature(recovery: bytes) -> None:
    reader = PdfFileReader(BytesIO(recovery))

    head = signing.find_place(reader, SignatureRole.HEAD)
    seal = signing.find_place(reader, SignatureRole.ORGANISATION)

    assert head is not None
    assert seal is not None
    assert head.page == seal.page == len(PdfReader(BytesIO(recovery)).pages) - 1
    assert seal.width == seal.height == round(36 * 72 / 25.4)
    left, _bottom, _right, _top = head.box
    assert (seal.box[2] - left) / head.width == pytest.approx(1 / 3, abs=0.03)


def test_the_signatures_can_be_read_on_the_page(signed_by_both: bytes) -> None:
    fields = _widgets(signed_by_both)

    assert fields["Chu-ky-nguoi-co-tham-quyen"]["/V"]["/Name"] == HEAD
    look = _look(fields["Chu-ky-nguoi-co-tham-quyen"])
    assert "20/11/2026 09:00:00 +07:00" in look
    assert HEAD in look
    assert fields["Chu-ky-co-quan"]["/V"]["/Reason"] == "Ký thử"


def _widgets(pdf: bytes) -> dict[str, Any]:
    pages = PdfReader(BytesIO(pdf)).pages
    widgets = [one.get_object() for page in pages for one in page.get("/Annots", [])]
    return {str(widget["/T"]): widget for widget in widgets}


def _look(widget: Any) -> str:
    """Return the text that a signature shows: its appearance printed on a page of its own."""
    drawn = widget["/AP"]["/N"]["/Resources"]["/XObject"]["/Look"]
    writer = PdfWriter()
    page = writer.add_blank_page(200, 200)
    page[NameObject("/Contents")] = drawn.clone(writer).indirect_reference
    page[NameObject("/Resources")] = drawn["/Resources"].clone(writer)
    return " ".join(page.extract_text().split())


@pytest.mark.parametrize("rsa_key", [True, False])
def test_keys_of_both_algorithms_sign(recovery: bytes, rsa_key: bool) -> None:
    holder = small_ca.holder("Lò Văn Khóa", rsa_key=rsa_key)

    pdf = signed(recovery, SignatureRole.HEAD, by=holder)

    assert PdfFileReader(BytesIO(pdf)).embedded_signatures[0].signer_cert.dump() == holder.der


def test_a_key_that_is_not_the_certificates_does_not_sign(recovery: bytes) -> None:
    mixed = small_ca.Holder(small_ca.holder("Một").certificate, small_ca.holder("Hai").key)

    with pytest.raises(signing.CannotSign):
        signed(recovery, SignatureRole.HEAD, by=mixed)


def test_a_role_signs_once(signed_by_head: bytes) -> None:
    with pytest.raises(signing.CannotSign):
        signed(signed_by_head, SignatureRole.HEAD)


def test_what_is_no_pdf_is_not_signed() -> None:
    with pytest.raises(signing.CannotSign):
        signed(b"not a pdf", SignatureRole.HEAD)


def test_a_separate_file_is_signed_in_the_top_right_corner_of_its_first_page() -> None:
    writer = PdfWriter()
    writer.add_blank_page(595, 842)
    other = BytesIO()
    writer.write(other)

    pdf = signed(other.getvalue(), SignatureRole.ORGANISATION)

    left, bottom, right, top = map(float, _widgets(pdf)["Chu-ky-co-quan"]["/Rect"])
    assert left > 595 / 2
    assert bottom > 842 * 0.9
    assert right < 595
    assert top < 842


def test_the_head_signs_a_separate_file_unseen() -> None:
    writer = PdfWriter()
    writer.add_blank_page(595, 842)
    other = BytesIO()
    writer.write(other)

    pdf = signed(other.getvalue(), SignatureRole.HEAD)

    signature = PdfFileReader(BytesIO(pdf)).embedded_signatures[0]
    left, bottom, right, top = map(float, signature.sig_field["/Rect"])
    assert (right - left, top - bottom) == (0, 0)


def test_a_long_name_fits_the_ring_of_the_seal() -> None:
    usual, letters = appearances.ring(AGENCY)
    small, many = appearances.ring("TRƯỜNG PHỔ THÔNG DÂN TỘC BÁN TRÚ TRUNG HỌC CƠ SỞ NẬM CẦN " * 2)

    assert small < usual
    assert len(letters) == len(AGENCY)
    assert many[-1].turn - many[0].turn < 300
    assert letters[0].turn < 0 < letters[-1].turn


def test_the_time_is_written_with_its_zone() -> None:
    assert appearances.time_line(NOW) == "20/11/2026 09:00:00 +07:00"
