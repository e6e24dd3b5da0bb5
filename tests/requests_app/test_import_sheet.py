"""Reading and writing the spreadsheets: every defect named, nothing mended unasked."""

from __future__ import annotations

import gc
import json
import re
import zipfile
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.utils import get_column_letter
from openpyxl.utils.datetime import MAC_EPOCH
from openpyxl.xml.constants import REL_NS, SHARED_STRINGS, SHEET_MAIN_NS

from portal.core import archives
from portal.core.rules import Refused, Severity
from requests_app import kinds, spreadsheets
from requests_app.drafts.services import MOST_ROWS
from requests_app.kinds.base import Kind
from tests.builders import person_answers

TODAY = date(2026, 11, 20)
DATA = Path(__file__).parent.parent / "data"
PERSON = kinds.get("mau_01_person")
HEADERS = [column.header for column in PERSON.sheet]
NAME, BIRTH, NUMBER, PLACE, ISSUED, EMAIL = 1, 2, 3, 4, 5, 6
POSITION, PHONE, SERIAL, CARRIER, MARK, STORAGE = 13, 14, 15, 16, 17, 18


def saved(book: Workbook) -> bytes:
    stream = BytesIO()
    book.save(stream)
    return stream.getvalue()


def cells(number: int = 1, **changes: str) -> list[Any]:
    """A right row of the sheet as a list of cells."""
    answers = person_answers(number, **changes)
    return [
        column.text(answers.get(column.field, "")) if column.field else str(number)
        for column in PERSON.sheet
    ]


def workbook(*rows: Sequence[Any], header: Sequence[Any] = HEADERS) -> Workbook:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (header, *rows):
        sheet.append(list(row))
    return book


def changed(column: int, value: Any) -> list[Any]:
    row = cells()
    row[column] = value
    return row


def with_shared_texts(content: bytes) -> bytes:
    """Return the workbook with its texts in a part of their own, as Excel writes them."""
    parts = archives.parts_of(content, most_parts=99, most_bytes=2**26)
    texts: list[str] = []

    def share(cell: re.Match[str]) -> str:
        texts.append(cell[2])
        return f'<c{cell[1]} t="s"><v>{len(texts) - 1}</v></c>'

    inline = r'<c( r="\w+"(?: s="\d+")?) t="inlineStr"><is><t[^>]*>(.*?)</t></is></c>'
    sheet = "xl/worksheets/sheet1.xml"
    parts[sheet] = re.sub(inline, share, parts[sheet].decode()).encode()
    table = "".join(f"<si><t>{text}</t></si>" for text in texts)
    parts["xl/sharedStrings.xml"] = f'<sst xmlns="{SHEET_MAIN_NS}">{table}</sst>'.encode()
    part = f'<Override PartName="/xl/sharedStrings.xml" ContentType="{SHARED_STRINGS}"/></Types>'
    types, relations = "[Content_Types].xml", "xl/_rels/workbook.xml.rels"
    parts[types] = parts[types].replace(b"</Types>", part.encode())
    relation = (
        f'<Relationship Id="texts" Type="{REL_NS}/sharedStrings" Target="sharedStrings.xml"/>'
    )
    parts[relations] = parts[relations].replace(
        b"<Relationship ", relation.encode() + b"<Relationship ", 1
    )
    return archives.stored(parts).getvalue()


def read(content: bytes, accepted: Sequence[str] = ()) -> spreadsheets.SheetReport:
    return spreadsheets.read(PERSON, content, today=TODAY, accepted=accepted)


def found(report: spreadsheets.SheetReport) -> list[tuple[int, int, str]]:
    return [(one.row, one.column, one.finding.code) for one in report.findings]


def refusal(content: bytes) -> list[str]:
    with pytest.raises(Refused) as refused:
        read(content)
    return [violation.code for violation in refused.value.violations]


def test_the_clean_sheet_goes_in_whole() -> None:
    report = read((DATA / "import_19_columns_clean.xlsx").read_bytes())

    assert report.findings == []
    assert len(report.good_rows) == 25
    assert report.rows[0].answers["full_name"] == "Lê Thu Bình"
    assert [row.answers["storage"] for row in report.rows].count("token") == 18
    assert report.rows[8].answers["converts_number"] == "x"


def test_the_damaged_sheet_yields_every_defect_and_no_other() -> None:
    expected = json.loads((DATA / "import_19_columns_damaged.json").read_text())

    report = read((DATA / "import_19_columns_damaged.xlsx").read_bytes())

    by_row = defaultdict(list)
    for one in report.findings:
        by_row[str(one.row)].append(
            {
                "column": one.column,
                "code": one.finding.code,
                "severity": one.finding.severity.value,
            }
        )
    assert by_row == expected


def test_every_finding_says_how_to_mend_it() -> None:
    report = read((DATA / "import_19_columns_damaged.xlsx").read_bytes())

    assert all(one.finding.message.endswith(".") for one in report.findings)
    assert all(one.cell for one in report.findings if one.column)


@pytest.mark.parametrize(
    ("cell", "offered"),
    [
        ("2:4", "012080900151"),
        ("3:4", "012074900152"),
        ("8:6", "01/03/2022"),
        ("9:15", "0925509956"),
    ],
)
def test_what_a_spreadsheet_lost_is_offered_not_assumed(cell: str, offered: str) -> None:
    content = (DATA / "import_19_columns_damaged.xlsx").read_bytes()
    row = int(cell.split(":", maxsplit=1)[0])

    before = next(one for one in read(content).rows if one.number == row)
    after = next(one for one in read(content, [cell]).rows if one.number == row)

    assert before.has_errors
    assert [one.finding.suggestion for one in before.offers] == [offered]
    assert offered not in before.answers.values()
    assert not after.findings
    assert offered in after.answers.values()


def test_faults_of_lists_made_on_paper_or_in_old_fonts_are_found() -> None:
    faults: list[tuple[int, Any, str]] = [
        (NAME, "nt", "ditto_mark"),
        (NAME, "Lò Văn Tím\nVàng A Sử", "many_words_name"),
        (BIRTH, "05/03/2012", "unlikely_age"),
        (BIRTH, "5/III/1984", "not_dd_mm_yyyy"),
        (NUMBER, "'012084900099", "not_12_digits"),
        (PLACE, "như trên", "ditto_mark"),
        (ISSUED, "O5/O3/2024", "not_dd_mm_yyyy"),
        (EMAIL, "an@lachau.gov.vn", "email_misspelt"),
        (EMAIL, "an@dienbien.gov.vn", "email_of_other_province"),
        (EMAIL, "mailto:an@laichau.gov.vn", "not_an_email"),
        (7, "-", "ditto_mark"),
        (8, "ñy ban nh©n d©n x· T©n Uyªn", "legacy_font"),
        (POSITION, "Chñ tÞch", "legacy_font"),
        (POSITION, '"', "ditto_mark"),
    ]
    rows = [cells(number) for number in range(1, len(faults) + 1)]
    for row, (column, value, _code) in zip(rows, faults, strict=True):
        row[column] = value

    report = read(saved(workbook(*rows)))

    told = {(one.row, one.column, one.finding.code) for one in report.findings}
    for number, (column, _value, code) in enumerate(faults, start=2):
        assert (number, column + 1, code) in told


def test_one_old_certificate_is_one_persons() -> None:
    first, second = cells(1), cells(2)
    first[15] = second[15] = "2A05F812673607B0"

    assert found(read(saved(workbook(first, second)))) == [(3, 16, "same_old_serial_as_row_2")]


def test_an_offer_that_was_never_made_changes_nothing() -> None:
    content = (DATA / "import_19_columns_damaged.xlsx").read_bytes()

    assert found(read(content, ["5:7", "999:4", "x:y", "16:2"])) == found(read(content))


@pytest.mark.parametrize(
    ("column", "value", "codes", "answer"),
    [
        (BIRTH, date(1984, 8, 4), ["date_not_text"], "04/08/1984"),
        (BIRTH, date(1984, 8, 24), ["date_not_text"], None),
        (BIRTH, "4/8/1984", ["day_written_in_full"], None),
        (BIRTH, 4081984, ["not_dd_mm_yyyy"], "04/08/1984"),
        (BIRTH, 30917.5, ["spreadsheet_serial_number"], "23/08/1984"),
        (PHONE, 912345678, ["number_not_text", "lost_leading_zero"], "0912345678"),
        (PHONE, "+84 912 345 678", [], None),
        (POSITION, 5, ["number_not_text"], None),
        (POSITION, True, ["number_not_text"], None),
        (POSITION, "#REF!", ["cell_error"], None),
        (POSITION, date(2026, 1, 2), ["date_not_text"], None),
        (SERIAL, 1.234567890123456e15, ["number_not_text", "not_16_hex"], None),
        (CARRIER, "viettel", ["only_for_sim"], None),
        (CARRIER, "Viettel/cs", ["unknown_carrier", "only_for_sim"], None),
        (MARK, "có", ["not_a_mark", "only_for_sim"], None),
        (STORAGE, "token", [], None),
        (STORAGE, "SD", ["not_in_sheet_codes"], None),
        (NAME, "Lò\u00a0Văn\u00a0Ánh", ["normalised_for_comparing"], None),
        (12, "Hà Nội", ["differs_from_first"], None),
        (12, "", [], None),
    ],
)
def test_a_cell_is_read_as_it_is(
    column: int, value: Any, codes: list[str], answer: str | None
) -> None:
    report = read(saved(workbook(changed(column, value))))

    assert [code for _row, at, code in found(report) if at == column + 1] == codes
    offers = [one.finding.suggestion for one in report.rows[0].offers]
    if answer is not None:
        assert offers == [answer]


def test_formulas_and_markup_are_text() -> None:
    evil = '=HYPERLINK("http://example.invalid","x")'
    report = read(saved(workbook(changed(POSITION, evil), changed(POSITION, "<b>Văn thư</b>"))))

    assert report.rows[0].answers["position"] == evil
    assert report.rows[1].answers["position"] == "<b>Văn thư</b>"
    assert (2, 14, "formula_is_text") in found(report)


def test_days_of_a_mac_workbook_are_counted_from_its_own_epoch() -> None:
    book = workbook(changed(ISSUED, 43159))
    book.epoch = MAC_EPOCH

    (offer,) = read(saved(book)).rows[0].offers

    assert offer.finding.suggestion == "01/03/2022"


def test_blank_rows_between_are_told_and_those_below_are_not() -> None:
    report = read(saved(workbook(cells(1), [], ["7"], cells(2), ["8"], [" "])))

    assert found(report) == [(3, 0, "empty_row_ignored"), (4, 0, "empty_row_ignored")]
    assert all(one.finding.severity is Severity.NONE for one in report.notes)


def test_a_cell_beyond_the_last_column_is_told() -> None:
    report = read(saved(workbook([*cells(), "ghi chú riêng"])))

    assert found(report) == [(2, 20, "extra_cell")]


def test_the_same_person_twice_is_told_by_the_rows_of_the_sheet() -> None:
    report = read(saved(workbook(cells(1), cells(2), cells(1))))

    assert found(report) == [(4, 4, "same_person_as_row_2")]


def test_the_list_is_found_on_a_later_sheet() -> None:
    book = Workbook()
    sheet = book.create_sheet("Danh sách")
    for row in (HEADERS, cells()):
        sheet.append(row)

    assert len(read(saved(book)).rows) == 1


def without(column: int) -> list[str]:
    return [header for index, header in enumerate(HEADERS) if index != column]


def swapped(one: int, other: int) -> list[str]:
    header = list(HEADERS)
    header[one], header[other] = header[other], header[one]
    return header


@pytest.mark.parametrize(
    ("header", "codes"),
    [
        (HEADERS[:-1], ["missing_column"]),
        ([*HEADERS, "Ghi chú"], ["unexpected_column"]),
        ([*HEADERS[:7], "Đơn vị", *HEADERS[8:]], ["wrong_header"]),
        (swapped(3, 4), ["column_moved", "column_moved"]),
        (["A", "B", "C"], ["no_header"]),
        ([], ["no_header"]),
    ],
)
def test_headers_must_be_the_templates_own(header: list[str], codes: list[str]) -> None:
    assert refusal(saved(workbook(cells(), header=header))) == codes


def test_a_column_taken_out_is_named() -> None:
    with pytest.raises(Refused) as refused:
        read(saved(workbook(cells(), header=without(10))))

    first = refused.value.violations[0]
    assert first.code == "missing_column"
    assert "K “Tổ chức cấp 4”" in first.message


def test_headers_may_differ_in_case_and_spaces() -> None:
    header = [f" {text.upper()} " for text in HEADERS]

    assert found(read(saved(workbook(cells(), header=header)))) == []


def test_cells_merged_downwards_count_for_each_row_and_are_told() -> None:
    rows = [cells(1), cells(2), cells(3)]
    rows[1][7] = rows[2][7] = None
    book = workbook(*rows)
    assert book.active is not None
    book.active.merge_cells("H2:H4")

    report = read(saved(book))

    assert {row.answers["org1"] for row in report.rows} == {cells(1)[7]}
    assert found(report) == [(number, 8, "merged_cells") for number in (2, 3, 4)]
    assert not report.bad_rows


def test_what_is_merged_below_the_list_stops_nothing() -> None:
    book = workbook(cells(1))
    assert book.active is not None
    book.active.cell(6, 8, "Lai Châu, ngày 20 tháng 11 năm 2026")
    book.active.merge_cells("H6:L6")

    report = read(saved(book))

    assert [row.number for row in report.good_rows] == [2]
    assert (6, 0, "row_about_nobody") in found(report)


def test_more_merged_cells_than_any_list_has_are_refused() -> None:
    book = workbook(cells(1))
    assert book.active is not None
    book.active.merge_cells("H2:H3")
    merged = b"".join(b'<mergeCell ref="%c2:%c9000"/>' % (at, at) for at in b"CDEFGHIJKLMN")

    content = repacked(
        saved(book), lambda xml: xml.replace(b"<mergeCell ", merged + b"<mergeCell ")
    )

    assert refusal(content) == ["merged_cells"]


def test_titles_above_the_header_and_column_numbers_below_it_are_let_pass() -> None:
    book = workbook(
        ["UBND XÃ TÂN UYÊN"],
        ["DANH SÁCH ĐỀ NGHỊ CẤP CHỨNG THƯ"],
        HEADERS,
        [f"({number})" for number in range(1, 20)],
        cells(1),
        header=[],
    )
    assert book.active is not None
    book.active.merge_cells("A2:S2")

    report = read(saved(book))

    assert [row.number for row in report.rows] == [6]
    assert found(report) == [(5, 0, "column_numbers_ignored")]


def test_another_sheet_with_a_list_is_named_and_a_hidden_one_comes_last() -> None:
    book = workbook(cells(1))
    for row in (HEADERS, cells(2)):
        other = book.worksheets[1] if len(book.worksheets) > 1 else book.create_sheet("Đợt 2")
        other.append(row)
    book.worksheets[0].sheet_state = "hidden"

    report = read(saved(book))

    assert (report.title, report.others) == ("Đợt 2", ["Sheet"])
    assert [row.answers["full_name"] for row in report.rows] == [cells(2)[NAME]]


def test_rows_that_stand_in_the_draft_are_compared_and_told_apart() -> None:
    content = saved(workbook(cells(1), cells(2), cells(2)))
    standing = [person_answers(9), person_answers(1), person_answers(2)]

    report = spreadsheets.read(PERSON, content, today=TODAY, standing=standing)

    assert found(report) == [(4, 4, "same_person_as_row_3")]
    assert [[one.finding.code for one in row.afterwards] for row in report.rows] == [
        ["same_person_as_row_2"],
        ["same_person_as_row_3"],
        [],
    ]
    assert report.problem_count == 3


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("5/3/1990", "05/03/1990"),
        ("05031990", "05/03/1990"),
        (5031990, "5031990"),
        (25031990, "25/03/1990"),
        (date(1990, 3, 25), "25/03/1990"),
        (date(1990, 3, 5), "05/03/1990?"),
        (date(1990, 3, 3), "03/03/1990"),
        ("1990-03-05 00:00:00", "05/03/1990"),
        ("\uff10\uff15/\uff10\uff13/1990\u00a0", "05/03/1990"),
        ("5/3/90", "5/3/90"),
        ("31/02/1990", "31/02/1990"),
    ],
)
def test_a_day_comes_in_as_it_will_be_kept(written: Any, kept: str) -> None:
    (row,) = read(saved(workbook(changed(ISSUED, written)))).rows

    assert row.answers["issued_on"] == kept


def test_a_stray_cell_far_below_is_refused_before_anything_is_read() -> None:
    book = workbook(cells())
    assert book.active is not None
    book.active.cell(1_048_576, 1, "x")

    assert refusal(saved(book)) == ["too_many_rows"]


def test_a_sheet_that_lies_about_its_size_is_refused_too() -> None:
    book = workbook(cells())
    assert book.active is not None
    book.active.cell(900_000, 1, "x")
    content = repacked(saved(book), lambda xml: xml.replace(b"A1:S900000", b"A1:S2"))

    assert refusal(content) == ["too_many_rows"]


def test_a_stray_cell_far_to_the_right_is_refused() -> None:
    book = workbook(cells())
    assert book.active is not None
    book.active.cell(2, 16_384, "x")

    assert refusal(saved(book)) == ["too_many_columns"]


def test_more_rows_than_a_letter_takes_are_refused() -> None:
    assert spreadsheets.MAX_ROWS == MOST_ROWS
    rows = [cells(number) for number in range(MOST_ROWS + 1)]

    assert refusal(saved(workbook(*rows))) == ["too_many_rows"]


def test_an_empty_list_is_refused() -> None:
    assert refusal(saved(workbook())) == ["no_rows"]
    assert refusal(spreadsheets.template(PERSON)) == ["no_rows"]


def repacked(content: bytes, change: Callable[[bytes], bytes], **more: bytes) -> bytes:
    """The package again with its first sheet changed and other parts."""
    stream = BytesIO()
    with (
        zipfile.ZipFile(BytesIO(content)) as old,
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        parts = {name: old.read(name) for name in old.namelist()}
        for name, data in (parts | more).items():
            new.writestr(name, change(data) if name.endswith("sheet1.xml") else data)
    return stream.getvalue()


def archive(**parts: bytes) -> bytes:
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
        for name, data in parts.items():
            new.writestr(name, data)
    return stream.getvalue()


def between(xml: bytes, end: bytes, element: bytes) -> bytes:
    """Return a sheet with very many elements before the first ``end``."""
    return xml.replace(end, element * 300_000 + end, 1)


OLE = bytes.fromhex("d0cf11e0a1b11ae1")
RIGHT = saved(workbook(cells()))
BOMB = {"xl/bomb.xml": b"\0" * (65 * 1024 * 1024)}
LAUGHS = b'<!DOCTYPE a [<!ENTITY b "c">]>'
STYLES = {"xl/styles.xml": bytes(at * at // 97 % 251 for at in range(5 * 1024 * 1024))}
TYPES = zipfile.ZipFile(BytesIO(RIGHT)).read("[Content_Types].xml")
MAIN = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
OTHER = b'<Override PartName="/xl/other.xml" ContentType="%s"/></Types>' % MAIN
TWO_BOOKS = {"[Content_Types].xml": TYPES.replace(b"</Types>", OTHER)}


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty_file"),
        (b"STT,Ho ten\n1,An\n", "not_a_workbook"),
        (OLE + b"\0" * 600, "old_excel"),
        (OLE + "EncryptedPackage".encode("utf-16-le"), "encrypted_workbook"),
        (RIGHT[:400], "damaged_workbook"),
        (archive(mimetype=b"application/vnd.oasis.opendocument"), "not_a_workbook"),
        (archive(**{"xl/workbook.xml": b"<x/>"}), "damaged_workbook"),
        (repacked(RIGHT, bytes, **{"xl/vbaProject.bin": b"x"}), "has_macros"),
        (repacked(RIGHT, bytes, **BOMB), "unpacks_too_large"),
        (repacked(RIGHT, bytes, **STYLES), "unpacks_too_large"),
        (repacked(RIGHT, lambda xml: between(xml, b"</row>", b"<c/>")), "unpacks_too_large"),
        (repacked(RIGHT, lambda xml: between(xml, b"</sheetData>", b"<a/>")), "unpacks_too_large"),
        (repacked(RIGHT, bytes, **TWO_BOOKS), "damaged_workbook"),
        (repacked(RIGHT, lambda xml: LAUGHS + xml), "damaged_workbook"),
        (repacked(RIGHT, lambda xml: xml[:-200]), "damaged_workbook"),
    ],
    ids=[
        "empty", "csv", "xls", "encrypted", "cut", "ods", "odd", "macros", "bomb", "styles",
        "cells", "beside", "two-books", "entities", "broken",
    ],
)  # fmt: skip
def test_what_is_no_plain_workbook_is_refused_in_words(content: bytes, code: str) -> None:
    with pytest.raises(Refused) as refused:
        read(content)

    (violation,) = refused.value.violations
    assert violation.code == code
    assert violation.way_out


@pytest.mark.parametrize("kind", list(kinds.KINDS.values()), ids=lambda kind: str(kind.code))
def test_the_template_has_the_headers_and_a_guide(kind: Kind) -> None:
    book = load_workbook(BytesIO(spreadsheets.template(kind)))

    listed, guide = book.worksheets
    assert [cell.value for cell in listed[1]] == [column.header for column in kind.sheet]
    assert guide.title == "Hướng dẫn"
    assert guide.max_row > len(kind.sheet)
    letters = [get_column_letter(number) for number in range(1, len(kind.sheet) + 1)]
    assert {listed.column_dimensions[letter].number_format for letter in letters} == {"@"}


def test_what_is_exported_comes_back_the_same() -> None:
    rows = [
        person_answers(1),
        person_answers(2, storage="sim", carrier="Viettel", converts_number="x"),
        person_answers(3, storage="rssp", old_serial="2A05F812673607B0"),
    ]

    report = read(spreadsheets.export(PERSON, rows))

    assert report.findings == []
    assert [row.answers for row in report.rows] == [dict(row) for row in rows]


@pytest.mark.parametrize("text", ['=cmd|"/c calc"!A1', "+1+1", "-2+3", "@SUM(A1)"])
def test_an_exported_text_never_becomes_a_formula(text: str) -> None:
    content = spreadsheets.export(PERSON, [person_answers(1, position=text)])

    cell = load_workbook(BytesIO(content)).worksheets[0].cell(2, POSITION + 1)
    assert (cell.value, cell.data_type, cell.number_format) == (text, "s", "@")
    assert cell.quotePrefix


def test_cards_of_the_ministry_are_exported_under_the_code_of_its_department() -> None:
    content = spreadsheets.export(PERSON, [person_answers(1, issue_place="Bộ Công an")])

    assert load_workbook(BytesIO(content)).worksheets[0].cell(2, PLACE + 1).value == "CCSQLHCVTTXH"


def test_the_collector_runs_again_after_reading_also_after_a_refusal() -> None:
    assert gc.isenabled()

    read(RIGHT)
    assert gc.isenabled()

    refusal(b"no sheet")
    assert gc.isenabled()


def test_texts_that_excel_keeps_apart_are_read_as_those_in_the_cells() -> None:
    inline = saved(workbook(cells(1), cells(2, email="sai")))
    shared = with_shared_texts(inline)
    assert shared.count(b't="s"') > 2 * shared.count(b"inlineStr")

    read = [spreadsheets.read(PERSON, one, today=TODAY) for one in (inline, shared)]

    first, second = [
        [(row.answers, [found.finding.code for found in row.findings]) for row in one.rows]
        for one in read
    ]
    assert first == second
