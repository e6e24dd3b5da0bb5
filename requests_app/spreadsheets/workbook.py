"""Opening a workbook somebody sent: refuse what is no plain .xlsx before any of it is parsed."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import lru_cache
from itertools import islice
from string import digits
from typing import IO, Any
from xml.etree.ElementTree import Element, XMLPullParser, fromstring

from django.utils.translation import gettext as _
from openpyxl import load_workbook
from openpyxl.utils import column_index_from_string, range_boundaries
from openpyxl.utils.datetime import MAC_EPOCH
from openpyxl.worksheet._reader import INLINE_STRING, ROW_TAG, VALUE_TAG, WorkSheetParser
from openpyxl.xml.constants import (
    ARC_CONTENT_TYPES,
    ARC_CORE,
    ARC_CUSTOM,
    ARC_STYLE,
    ARC_THEME,
    ARC_WORKBOOK,
    SHEET_MAIN_NS,
)

from portal.core import archives
from portal.core.rules import Refused, refuse
from portal.core.text.numbers import with_dots
from portal.core.text.vietnamese import search_key

_PLAIN_TEXT = f"{{{SHEET_MAIN_NS}}}t"
_PIECE = 64 * 1024
Values = Sequence[Any]


class RowsOutOfOrder(ValueError):
    """The rows of the sheet do not follow one another: the file is damaged."""


class _Parser(WorkSheetParser):
    """Reads a cell that is blank, one plain text or one of the shared texts, as Excel writes them,
    by its column alone, without building openpyxl's rich-text objects.

    That is half the time of reading a sheet of text (bench/importing.py).
    """

    def parse_cell(self, element: Element) -> dict[str, Any]:
        coordinate, sort, size = element.get("r"), element.get("t"), len(element)
        child = element[0] if size == 1 else None
        value = None
        if child is None:
            is_easy = not size
        elif sort == "s" and child.tag == VALUE_TAG and child.text:
            is_easy, value = True, self.shared_strings[int(child.text)]
        elif sort == "inlineStr" and child.tag == INLINE_STRING and len(child) == 1:
            is_easy, value = child[0].tag == _PLAIN_TEXT, child[0].text
        else:
            is_easy = False
        if not (is_easy and coordinate):
            cell: dict[str, Any] = super().parse_cell(element)
            return cell
        self.col_counter = _column(coordinate.rstrip(digits))
        return {"column": self.col_counter, "value": value}


@lru_cache(maxsize=512)
def _column(letters: str) -> int:
    return column_index_from_string(letters)


def rows_of(
    sheet: Any, *, width: int, hidden: set[int] | None = None
) -> Iterator[tuple[int, Values]]:
    """Yield the number and the first ``width`` values of each row; absent rows are empty.

    Formulas come as their text. ``sheet`` is a read-only worksheet. ``hidden`` is given the numbers
    of the rows a spreadsheet does not show. Raises RowsOutOfOrder.
    """
    book = sheet.parent
    with sheet._get_source() as source:
        parser = _Parser(
            source,
            sheet._shared_strings,
            epoch=book.epoch,
            date_formats=book._date_formats,
            timedelta_formats=book._timedelta_formats,
        )
        last = 0
        for number, cells in map(parser.parse_row, _elements(source, ROW_TAG)):
            if number <= last:
                raise RowsOutOfOrder(f"row {number} after row {last}")
            yield from ((absent, ()) for absent in range(last + 1, number))
            values: list[Any] = [None] * width
            for cell in cells:
                if cell["column"] <= width:
                    values[cell["column"] - 1] = cell["value"]
            yield number, values
            last = number
        if hidden is not None:
            rows = parser.row_dimensions.items()
            hidden.update(int(number) for number, row in rows if row.get("hidden") in _TRUE)


def _elements(source: IO[bytes], tag: str) -> Iterator[Any]:
    """Yield the elements called ``tag`` one after the other, each emptied behind it.

    openpyxl's own loop looks at each element there is, and reads what lies beside the rows too.
    Raises Refused for a row, or what lies beside them, that would fill the memory.
    """
    parser: XMLPullParser[Any] = XMLPullParser(["end"])
    count = 0
    while piece := source.read(_PIECE):
        parser.feed(piece)
        events: Iterator[Any] = parser.read_events()
        for _end, element in events:
            count += 1
            if element.tag == tag:
                yield element
                element.clear()
                count = 0
        if count > _MAX_ELEMENTS:
            raise _unpacks_too_large()
    parser.close()


_TRUE = ("1", "true")
MAX_ROWS = 5000  # of data in one sheet; as many as one letter takes
_MAX_SHEET_ROWS = 2 * MAX_ROWS  # of cells merged downwards
_MAX_SHEET_COLUMNS = 100
_MAX_UNPACKED_BYTES = 64 * 1024 * 1024
# What openpyxl reads whole, into an object for each element: 6 MB of styles took 7 seconds and 360
# MB. Rows and shared texts are read one after the other.
_MAX_READ_WHOLE = 4 * 1024 * 1024
_READ_WHOLE = {ARC_CONTENT_TYPES, ARC_CORE, ARC_CUSTOM, ARC_STYLE, ARC_THEME, ARC_WORKBOOK}
_MAX_ELEMENTS = 200_000  # of one row, or between two: Excel has 16,384 columns
_MAX_PARTS = 500
_MAX_SHEETS = 20
_MAX_MERGED = 100_000  # cells
_TITLE_ROWS = 15  # the header is looked for so far down: titles stand above it
_EXTRA_COLUMNS = 8  # looked at beyond the known ones, so that nothing there is lost unseen

_OLE = bytes.fromhex("d0cf11e0a1b11ae1")
_ENCRYPTED_PACKAGE = "EncryptedPackage".encode("utf-16-le")
_ZIP = b"PK\x03\x04"
# UTF-16 with its mark or without, which the parser reads and a search for plain bytes does not.
_UTF16 = (b"\xff\xfe", b"\xfe\xff", b"<\0", b"\0<")
_DTD = re.compile(rb"<!(?:DOCTYPE|ENTITY)")
_MERGED = re.compile(rb"<(?:\w+:)?mergeCell\s[^>]*?ref=\"([A-Z]{1,3}[0-9]+:[A-Z]{1,3}[0-9]+)\"")
_ROW = re.compile(rb"<(?:\w+:)?row\s[^>]*?\br=\"(\d+)\"")
# Where a Mac workbook counts days from, seen from the usual epoch.
_MAC_OFFSET = timedelta(days=1462)


@dataclass(frozen=True, slots=True)
class Sheet:
    """One worksheet: its header, the rows below with their numbers, how it counts days.

    ``hidden`` are the rows a spreadsheet does not show; ``merged`` the merged cells among the
    others, each with what it is a part of; ``others`` the sheets that hold such a list as well.
    """

    title: str
    header: Sequence[str]
    rows: Iterable[tuple[int, Values]]
    day_offset: timedelta
    hidden: Set[int] = frozenset()
    merged: Mapping[tuple[int, int], str] = field(default_factory=dict)
    others: Sequence[str] = ()


def open_sheet(
    content: bytes,
    *,
    headers: Sequence[str],
    takes_merged: bool = False,
    most_rows: int = MAX_ROWS,
    fits: Callable[[Sequence[str]], bool] | None = None,
    is_streamed: bool = False,
) -> Sheet:
    """Return the sheet with these headers (else the first); raise Refused for the file.

    ``takes_merged``: cells merged downwards count for each row; without it none may be merged.
    ``fits`` says of a row whether it is such a header, where headers have no one wording.
    ``most_rows``: of data; blank ones below are let pass up to twice as many. ``is_streamed``: the
    rows are parsed while they are asked for, once, unless cells are merged; what is hidden is known
    after the last, and a damaged sheet is refused on the way.
    """
    parts = _unpack(content)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # openpyxl warns of extensions it leaves out
        try:
            sheet = _read(parts, headers, takes_merged=takes_merged, most_rows=most_rows, fits=fits)
            if not (is_streamed or isinstance(sheet.rows, list)):
                return replace(sheet, rows=list(sheet.rows))
            return sheet
        except Refused:
            raise
        except Exception as error:  # a damaged file makes openpyxl raise anything
            raise _damaged() from error


def _read(
    parts: dict[str, bytes],
    headers: Sequence[str],
    *,
    takes_merged: bool,
    most_rows: int,
    fits: Callable[[Sequence[str]], bool] | None,
) -> Sheet:
    # No part of a real workbook declares a document type, or is anything but UTF-8. Each is looked
    # at, whatever it is called: the package says itself which of them it takes for a sheet.
    if any(part.startswith(_UTF16) or _DTD.search(part) is not None for part in parts.values()):
        raise _damaged()
    if any(
        len(part) > _MAX_READ_WHOLE and (name in _READ_WHOLE or name.endswith(".rels"))
        for name, part in parts.items()
    ):
        raise _unpacks_too_large()
    books = {
        one.get("PartName")
        for one in fromstring(parts[ARC_CONTENT_TYPES])  # noqa: S314 (no document type: above)
        if one.get("ContentType", "").endswith("main+xml")
    }
    if books - {None, f"/{ARC_WORKBOOK}"}:  # some writers say so of all parts
        raise _damaged()
    # Read is what was looked at: not the file again, whose headers may say something else.
    book = load_workbook(archives.stored(parts), read_only=True, keep_links=False)
    sheets = book.worksheets[:_MAX_SHEETS]
    width = len(headers) + _EXTRA_COLUMNS
    found = [_header_of(sheet, headers, width=width, fits=fits) for sheet in sheets]
    # Of those that fit as well, the first that is not hidden.
    best = max(
        range(len(sheets)),
        key=lambda at: (found[at].fit, sheets[at].sheet_state == "visible", -at),
    )
    chosen: Any = sheets[best]
    header_row = found[best].row
    # Check how far the sheet reaches and that no cells are merged, before any row is parsed.
    xml = parts.get(chosen._worksheet_path, b"")
    after_data = max(0, xml.rfind(b"sheetData>"))
    refs = [ref.decode() for ref in _MERGED.findall(xml, after_data)]
    if refs and not takes_merged:
        raise _merged_cells(refs)
    # The number of the last row that is really there, whatever the sheet declares.
    numbers = _ROW.findall(xml, max(0, xml.rfind(b"<row ")))
    last_row = max(chosen.max_row or 0, max(map(int, numbers), default=0))
    if last_row > 2 * most_rows:
        raise too_many_rows(last_row, most=most_rows)
    if (chosen.max_column or 0) > _MAX_SHEET_COLUMNS:
        raise refuse(
            "too_many_columns",
            _("Trang tính kéo dài tới cột thứ %(column)d.") % {"column": chosen.max_column},
            way_out=_("Xóa hẳn các cột thừa bên phải danh sách rồi tải lên lại."),
        )
    hidden: set[int] = set()
    rows: Iterable[tuple[int, Values]] = _rows_below(
        header_row, rows_of(chosen, width=width, hidden=hidden), most_rows=most_rows
    )
    if refs:
        rows = list(rows)
    return Sheet(
        title=chosen.title,
        header=found[best].texts,
        rows=rows,
        day_offset=_MAC_OFFSET if book.epoch == MAC_EPOCH else timedelta(),
        hidden=hidden,
        merged=_spread(refs, rows) if isinstance(rows, list) else {},
        others=[
            sheet.title
            for at, sheet in enumerate(sheets)
            if at != best
            and (found[at].fit == _WHOLE or found[at].texts == found[best].texts)
            and found[at].has_rows
        ],
    )


def _rows_below(
    header: int, rows: Iterator[tuple[int, Values]], *, most_rows: int
) -> Iterator[tuple[int, Values]]:
    """Yield the rows below a header; raise Refused on the way for one too far down or damaged."""
    while True:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found = next(rows, None)
        except Exception as error:  # as where the file is opened
            raise _damaged() from error
        if found is None:
            return
        if found[0] > 2 * most_rows:
            raise too_many_rows(found[0], most=most_rows)
        if found[0] > header:
            yield found


_WHOLE, _HALF = 2, 1


@dataclass(frozen=True, slots=True)
class _Header:
    """Where a sheet's header stands, what it says, how well it fits, whether rows follow it."""

    row: int
    texts: Sequence[str]
    fit: int = 0
    has_rows: bool = False


def _header_of(
    sheet: Any,
    headers: Sequence[str],
    *,
    width: int,
    fits: Callable[[Sequence[str]], bool] | None,
) -> _Header:
    """Return the row with these headers, else the first with half of them, else row 1."""
    wanted = [search_key(header) for header in headers]
    rows = list(islice(rows_of(sheet, width=width), _TITLE_ROWS))
    follows = any(any(map(_is_said, row)) for _number, row in rows[1:])
    found = _Header(1, _texts(rows[0][1]) if rows else [], has_rows=follows)
    for number, values in rows:
        texts = _texts(values)
        keys = [search_key(text) for text in texts]
        if keys[: len(wanted)] == wanted or (fits is not None and fits(texts)):
            has_rows = any(any(map(_is_said, row[1:])) for at, row in rows if at > number)
            return _Header(number, texts, _WHOLE, has_rows)
        if found.fit < _HALF and 2 * len(set(wanted) & set(keys)) >= len(wanted):
            found = _Header(number, texts, _HALF, follows)
    return found


def _texts(values: Values) -> list[str]:
    return ["" if value is None else str(value) for value in values]


def _spread(refs: Sequence[str], rows: Sequence[tuple[int, Values]]) -> dict[tuple[int, int], str]:
    """Return (row, column) → the range it is a part of; what is merged downwards fills each row
    that holds anything besides."""
    by_number = dict(rows)
    merged: dict[tuple[int, int], str] = {}
    count = 0
    for ref in refs:
        left, top, right, bottom = (edge or 1 for edge in range_boundaries(ref))
        numbers = range(top, min(bottom, _MAX_SHEET_ROWS) + 1)
        count += len(numbers)
        if count > _MAX_MERGED:
            raise _merged_cells(refs)
        first = by_number.get(top, ())
        value = first[left - 1] if left <= len(first) else None
        for number in numbers:
            values = by_number.get(number)
            if not values or not any(map(_is_said, values[1:])):
                continue
            merged[number, left] = ref
            if left == right <= len(values) and isinstance(values, list):
                values[left - 1] = value
    return merged


def _is_said(value: Any) -> bool:
    return value is not None and bool(str(value).strip())


def _merged_cells(refs: Sequence[str]) -> Refused:
    return refuse(
        "merged_cells",
        _("Bảng có ô gộp: %(cells)s.") % {"cells": ", ".join(refs[:5])},
        way_out=_("Bỏ gộp ô (Unmerge Cells), mỗi người một dòng, rồi tải lên lại."),
    )


def _unpack(content: bytes) -> dict[str, bytes]:
    """Return the parts of the package; raise Refused for anything that is no plain .xlsx."""
    if not content:
        raise refuse("empty_file", _("Tệp rỗng."), way_out=_save_as_xlsx())
    if content.startswith(_OLE):
        if _ENCRYPTED_PACKAGE in content:
            raise _encrypted()
        raise refuse(
            "old_excel",
            _("Đây là tệp .xls của Excel đời cũ. Hệ thống chỉ nhận .xlsx."),
            way_out=_save_as_xlsx(),
        )
    if not content.startswith(_ZIP):
        raise refuse(
            "not_a_workbook",
            _("Đây không phải bảng tính .xlsx (có thể là .csv hoặc tệp khác đổi tên)."),
            way_out=_save_as_xlsx(),
        )
    try:
        parts = archives.parts_of(content, most_parts=_MAX_PARTS, most_bytes=_MAX_UNPACKED_BYTES)
    except archives.Encrypted as error:
        raise _encrypted() from error
    except archives.Unreadable as error:
        raise _damaged() from error
    except archives.TooLarge as error:
        raise _unpacks_too_large() from error
    if "xl/workbook.xml" not in parts:
        raise refuse(
            "not_a_workbook",
            _("Đây không phải bảng tính .xlsx (có thể là .ods, .xlsb hoặc .docx)."),
            way_out=_save_as_xlsx(),
        )
    if archives.has_macros(parts):
        raise refuse(
            "has_macros",
            _("Tệp có chứa macro nên không được nhận."),
            way_out=_save_as_xlsx(),
        )
    return parts


def too_many_rows(last_row: int, *, most: int = MAX_ROWS) -> Refused:
    """Return the refusal of a sheet that reaches down to ``last_row``."""
    return refuse(
        "too_many_rows",
        _("Trang tính kéo dài tới dòng %(row)d; mỗi lần chỉ nhập được %(most)s dòng.")
        % {"row": last_row, "most": with_dots(most)},
        way_out=_("Xóa hẳn các dòng trống phía dưới danh sách, hoặc chia thành nhiều tệp."),
    )


def _unpacks_too_large() -> Refused:
    return refuse(
        "unpacks_too_large",
        _("Tệp bung ra quá lớn so với một danh sách."),
        way_out=_("Sao chép riêng danh sách sang bảng mẫu mới rồi tải lên."),
    )


def _damaged() -> Refused:
    return refuse(
        "damaged_workbook",
        _("Không đọc được bảng tính này: tệp hỏng hoặc có nội dung lạ."),
        way_out=_("Mở tệp bằng Excel hoặc LibreOffice, lưu lại dạng .xlsx rồi tải lên."),
    )


def _encrypted() -> Refused:
    return refuse(
        "encrypted_workbook",
        _("Tệp được đặt mật khẩu nên không đọc được."),
        way_out=_("Bỏ mật khẩu của tệp rồi tải lên lại."),
    )


def _save_as_xlsx() -> str:
    return _("Dùng bảng mẫu của hệ thống, hoặc lưu lại dạng Excel Workbook (.xlsx).")
