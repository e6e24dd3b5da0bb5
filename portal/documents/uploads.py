"""What people may upload: four kinds of file, known by their bytes and not by their name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePath

from portal.core import archives
from portal.core.rules import Refused, refuse
from portal.core.text.vietnamese import nfc
from portal.documents import examiner

MOST_UNPACKED_BYTES = 100 * 1024 * 1024
MOST_ARCHIVE_PARTS = 2000
MOST_NAME_LETTERS = 120
_WORKBOOK = "xl/workbook.xml"
# Not letters: control and direction characters, and what file systems keep for themselves.
_UNSAFE = re.compile(r'[\x00-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069/\\:*?"<>|]+')


@dataclass(frozen=True, slots=True)
class FileKind:
    """A kind of file: its media type, the name endings it may have, the first being the usual."""

    media_type: str
    endings: tuple[str, ...]


PDF = FileKind("application/pdf", (".pdf",))
PNG = FileKind("image/png", (".png",))
JPEG = FileKind("image/jpeg", (".jpg", ".jpeg"))
XLSX = FileKind("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", (".xlsx",))


def check(content: bytes) -> FileKind:
    """Return what kind of file ``content`` is; raise Refused when it is none that is allowed."""
    if content.startswith(b"%PDF-"):
        _check_pdf(content)
        return PDF
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if content.startswith(b"\xff\xd8\xff"):
        return JPEG
    if not content.startswith(b"PK\x03\x04"):
        raise _unknown()
    try:
        parts = archives.parts_of(
            content, most_parts=MOST_ARCHIVE_PARTS, most_bytes=MOST_UNPACKED_BYTES
        )
    except archives.Unreadable as error:
        raise _unknown() from error
    except archives.TooLarge as error:
        message = "Bảng tính quá lớn sau khi giải nén."
        raise refuse("upload_too_large", message) from error
    if _WORKBOOK not in parts:
        raise _unknown()
    if archives.has_macros(parts) or any(name.lower().endswith((".exe", ".dll")) for name in parts):
        raise refuse(
            "upload_has_macros",
            "Bảng tính có macro.",
            way_out="Lưu lại bảng tính ở dạng .xlsx không có macro.",
        )
    return XLSX


def claims_signature(content: bytes) -> bool:
    """Say whether a PDF that ``check`` let pass bears electronic signatures, good or bad."""
    return bool(examiner.ask(content, {"mode": "upload"})["is_signed"])


def safe_name(name: str, kind: FileKind) -> str:
    """Return ``name`` without folders and odd characters, ending as its kind does."""
    base = _UNSAFE.sub(" ", name.replace("\\", "/").rpartition("/")[2])
    base = nfc(base).lstrip(". ")
    path = PurePath(base)
    stem, ending = path.stem, path.suffix.lower()
    if ending not in kind.endings:
        ending = kind.endings[0]
    return (stem[:MOST_NAME_LETTERS].rstrip(". ") or "tep") + ending


def _unknown() -> Refused:
    return refuse(
        "upload_type_unknown",
        "Tệp không phải PDF, PNG, JPEG hoặc XLSX.",
        way_out="Quét hoặc xuất lại tệp ở một trong các định dạng này.",
    )


def _check_pdf(content: bytes) -> None:
    try:
        found = examiner.ask(content, {"mode": "upload"})
    except examiner.TooHeavy as error:
        raise refuse(
            "upload_too_heavy",
            "Tệp PDF quá nặng để kiểm tra: bung ra quá lớn hoặc quá phức tạp.",
            way_out="In tệp thành PDF thường hoặc quét ở độ phân giải thấp hơn rồi tải lên.",
        ) from error
    except examiner.Encrypted as error:
        raise refuse(
            "upload_is_encrypted",
            "Tệp PDF được đặt mật khẩu.",
            way_out="Bỏ mật khẩu rồi tải lên lại.",
        ) from error
    except examiner.Unreadable as error:
        raise refuse(
            "upload_unreadable",
            "Không đọc được tệp PDF.",
            way_out="Mở tệp, in lại thành PDF rồi tải lên.",
        ) from error
    if "active" in found["file"]:
        raise refuse(
            "upload_is_active",
            "Tệp PDF chứa mã lệnh, biểu mẫu động hoặc tệp nhúng.",
            way_out="In tệp thành PDF thường rồi tải lên.",
        )
