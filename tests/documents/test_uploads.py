"""What may be uploaded, and under which name it is kept."""

from __future__ import annotations

import zipfile
from io import BytesIO

import openpyxl
import pytest
from pypdf import PdfWriter
from pypdf.generic import DictionaryObject, NameObject, TextStringObject

from portal.core.rules import Refused
from portal.documents import uploads
from portal.documents.uploads import JPEG, PDF, PNG, XLSX, FileKind

ACTIONS = {
    "script": {"/S": NameObject("/JavaScript"), "/JS": TextStringObject("app.alert(1)")},
    "launch": {"/S": NameObject("/Launch"), "/F": TextStringObject("calc.exe")},
}


def workbook() -> bytes:
    content = BytesIO()
    openpyxl.Workbook().save(content)
    return content.getvalue()


def pdf_with(change: str = "") -> bytes:
    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    if change in ACTIONS:
        action = {NameObject(key): value for key, value in ACTIONS[change].items()}
        writer.root_object[NameObject("/OpenAction")] = DictionaryObject(action)
    elif change == "file":
        writer.add_attachment("virus.exe", b"MZ")
    elif change == "password":
        writer.encrypt("bí mật", algorithm="AES-256")
    content = BytesIO()
    writer.write(content)
    return content.getvalue()


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (pdf_with(), PDF),
        (b"\x89PNG\r\n\x1a\n...", PNG),
        (b"\xff\xd8\xff\xe0...", JPEG),
        (workbook(), XLSX),
    ],
)
def test_four_kinds_are_known_by_their_bytes(content: bytes, kind: FileKind) -> None:
    assert uploads.check(content) is kind


def archive(**files: bytes) -> bytes:
    content = BytesIO()
    with zipfile.ZipFile(content, "w") as made:
        for name, data in files.items():
            made.writestr(name, data)
    return content.getvalue()


def with_macros() -> bytes:
    return archive(**{"xl/workbook.xml": b"<x/>", "xl/vbaProject.bin": b"x"})


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"<html><script>alert(1)</script></html>", "upload_type_unknown"),
        (b"MZ\x90\x00", "upload_type_unknown"),
        (b"", "upload_type_unknown"),
        (archive(readme=b"x"), "upload_type_unknown"),
        (b"PK\x03\x04 cut off", "upload_type_unknown"),
        (with_macros(), "upload_has_macros"),
        (b"%PDF-1.7 and nothing else", "upload_unreadable"),
        (pdf_with("script"), "upload_is_active"),
        (pdf_with("file"), "upload_is_active"),
        (pdf_with("launch"), "upload_is_active"),
        (pdf_with("password"), "upload_is_encrypted"),
    ],
)
def test_everything_else_is_refused(content: bytes, code: str) -> None:
    with pytest.raises(Refused) as refusal:
        uploads.check(content)

    assert [violation.code for violation in refusal.value.violations] == [code]


def test_a_letter_of_ours_can_be_uploaded_signed(signed_by_both: bytes) -> None:
    assert uploads.check(signed_by_both) is PDF


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("Công văn 12.pdf", "Công văn 12.pdf"),
        ("../../etc/passwd", "passwd.pdf"),
        ("C:\\Users\\a\\quét.PDF", "quét.pdf"),
        ("hóa\u0301 đơn.exe", "hóá đơn.pdf"),
        ("a\r\nSet-Cookie: x.pdf", "a Set-Cookie x.pdf"),
        ("tên\u202efdp.exe.pdf", "tên fdp.exe.pdf"),
        ("...pdf", "pdf.pdf"),
        ("", "tep.pdf"),
        ("x" * 300 + ".pdf", "x" * 120 + ".pdf"),
    ],
)
def test_names_lose_folders_and_odd_characters(name: str, kept: str) -> None:
    assert uploads.safe_name(name, PDF) == kept


def test_both_endings_of_jpeg_are_kept() -> None:
    assert uploads.safe_name("a.jpeg", JPEG) == "a.jpeg"
    assert uploads.safe_name("a.png", JPEG) == "a.jpg"
