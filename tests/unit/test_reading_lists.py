"""Lists of bodies and communes are read by one reader, whatever a clerk's program saved."""

from __future__ import annotations

import unicodedata
from io import BytesIO
from pathlib import Path

import pytest
from openpyxl import Workbook

from orgmerge.body_lists import findings, sheets
from orgmerge.body_lists.findings import Finding
from orgmerge.models import BodyList
from portal.core.rules import Refused

COMMUNES = Path(__file__).parent.parent / "data" / "communes_lai_chau.csv"
LINES = [line.split(",") for line in COMMUNES.read_text(encoding="utf-8-sig").splitlines()]
EXPECTED = [dict(zip(LINES[0], line, strict=True)) for line in LINES[1:]]
HEADERS = [str(header) for header, _hint in sheets.COMMUNES.values()]
_TONES = "\u0300\u0301\u0303\u0309\u0323"


def text(delimiter: str = ",", *, header: list[str] | None = None) -> str:
    return "".join(f"{delimiter.join(line)}\r\n" for line in [header or LINES[0], *LINES[1:]])


def in_cp1258(value: str) -> bytes:
    """As a Vietnamese Windows writes it: the tone follows its letter."""
    made = []
    for letter in unicodedata.normalize("NFC", value):
        apart = unicodedata.normalize("NFD", letter)
        tone = "".join(mark for mark in apart if mark in _TONES)
        base = unicodedata.normalize("NFC", "".join(mark for mark in apart if mark not in _TONES))
        made.append(base + tone)
    return "".join(made).encode("cp1258")


def workbook() -> bytes:
    book = Workbook()
    for line in LINES:
        book.active.append(line)  # type: ignore[union-attr]
    stream = BytesIO()
    book.save(stream)
    return stream.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        text().encode(),
        text(";").encode("utf-8-sig"),
        text("\t").encode("utf-16"),
        b"\xfe\xff" + text(";").encode("utf-16-be"),
        in_cp1258(text(";")),
        in_cp1258(text(header=HEADERS)),
        unicodedata.normalize("NFD", text(header=HEADERS)).encode(),
        workbook(),
        text(header=HEADERS).encode("utf-16-le"),
        text(";").encode("utf-16-be"),
        text().replace("\r\n", "\r").encode(),
        (text() + ",,,,,,,,,,\r\n\r\n").encode(),
    ],
    ids=[
        "utf-8",
        "bom ;",
        "utf-16 tab",
        "utf-16 be ;",
        "cp1258 ;",
        "cp1258 headers",
        "nfd",
        "xlsx",
        "utf-16 without mark",
        "utf-16 be without mark",
        "old Mac",
        "empty last rows",
    ],
)
def test_what_a_clerks_program_saves_is_read_alike(content: bytes) -> None:
    records = sheets.read(content, kind=BodyList.Kind.COMMUNES)

    assert [record for _number, record in records.rows] == EXPECTED
    assert records.rows[0][0] == 2


def typed(line: str) -> bytes:
    """A line typed with a font of before Unicode."""
    return f"{','.join(LINES[0])}\n{line}".encode("cp1252")


@pytest.mark.parametrize(
    ("content", "code", "said"),
    [
        (b"", "wrong_header", "Tên xã cũ (old_name), Tỉnh cũ (old_province)"),
        (text().replace("old_name", "ten").encode(), "wrong_header", "cột: Tên xã cũ (old_name)."),
        (",".join(LINES[0]).encode(), "no_rows", "không có dòng"),
        (text().replace("Xã", "X\0").encode(), "not_readable", "UTF-8, UTF-16"),
        (typed("1,X\xb7 T\xa9n Uy\xaan,,1,TØnh,whole,1,Ph\xad\xeang,1,,"), "legacy_font", "TCVN3"),
        (typed("1,Xaõ Taân Uyeân,Huyeän,12,Tænh,whole,1,Phöôøng,12,Tænh,"), "legacy_font", "VNI"),
    ],
)  # fmt: skip
def test_a_list_that_cannot_be_used_is_named_once(content: bytes, code: str, said: str) -> None:
    with pytest.raises(Refused) as refusal:
        sheets.read(content, kind=BodyList.Kind.COMMUNES)

    (violation,) = refusal.value.violations
    assert violation.code == code
    assert said in violation.message


def test_too_many_rows_say_how_many_there_may_be() -> None:
    with pytest.raises(Refused) as refusal:
        sheets.read(text().encode(), kind=BodyList.Kind.COMMUNES, most_rows=20)

    assert refusal.value.violations[0].code == "too_many_rows"
    assert "20 dòng" in refusal.value.violations[0].message


def test_twenty_findings_are_shown_the_refused_rows_first_and_all_are_kept(tmp_path: Path) -> None:
    found = [Finding(row, "to_look_at", "xem", is_fault=False) for row in range(2, 12)]
    found += [Finding(row, "bad_day", "ngày", commune=f"{row:05d}") for row in range(12, 42)]
    said: list[str] = []

    findings.show(found, said.append)
    findings.save(found, str(tmp_path / "report.csv"))

    assert said[0] == "Dòng 12: bad_day: 00012: ngày"
    assert len([line for line in said if line.startswith("Dòng")]) == findings.SHOWN
    assert said[findings.SHOWN] == "… và 20 điều nữa: bad_day 10, to_look_at 10."
    kept = (tmp_path / "report.csv").read_text(encoding="utf-8-sig").splitlines()
    assert len(kept) == 1 + len(found)
    assert kept[11] == "12,bad_day,00012,,ngày,yes"
