"""Serials out of a file of a reader or a spreadsheet: bounded, its column found by its name."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from openpyxl import load_workbook

from devices.serials import MOST_AT_ONCE, normalise
from portal.core import archives
from portal.core.rules import Refused, refuse
from portal.core.text.vietnamese import search_key

_MOST_BYTES = 2 * 1024 * 1024
_MOST_INSIDE = 4 * 1024 * 1024  # unpacked: a list of serials has less
_MOST_PARTS = 300
_MOST_ROWS = MOST_AT_ONCE + 50  # some lines of title above the list
_MOST_COLUMNS = 50
_NAMES = ("so hieu", "serial")
_HEADER_WITHIN = 20  # rows


def serials_of(sheet: UploadedFile[Any]) -> list[str]:
    """Return the serials of a file, as they are kept; raise Refused for one that can't be read."""
    content = sheet.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise refuse("upload_too_large", _("Tệp lớn hơn 2 MB."), way_out=_("Chia nhỏ tệp."))
    rows = list(_workbook(content) if content.startswith(b"PK") else _text(content))
    if len(rows) > _MOST_ROWS:
        text = _("Mỗi lần nhiều nhất %(most)d số hiệu; chia thành nhiều lần.")
        raise refuse("too_many", text % {"most": MOST_AT_ONCE})
    column, first = _column_of(rows)
    return [
        serial for row in rows[first:] if column < len(row) and (serial := normalise(row[column]))
    ]


def _column_of(rows: list[list[str]]) -> tuple[int, int]:
    """Return the column of serials and the first row below its name."""
    for number, row in enumerate(rows[:_HEADER_WITHIN]):
        for place, cell in enumerate(row):
            if any(name in search_key(cell) for name in _NAMES):
                return place, number + 1
    if all(len([cell for cell in row if cell.strip()]) <= 1 for row in rows):
        return 0, 0
    raise refuse(
        "no_serial_column",
        _("Tệp có nhiều cột mà không cột nào tên “Số hiệu”."),
        way_out=_("Đặt tên cột là “Số hiệu”, hoặc dán riêng cột đó vào ô trên."),
    )


def _text(content: bytes) -> Iterator[list[str]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _unreadable() from error
    if "\0" in text:
        raise _unreadable()
    head = text[:2000]
    delimiter = max(",;\t", key=head.count)
    try:
        yield from csv.reader(io.StringIO(text), delimiter=delimiter)
    except csv.Error as error:
        raise _unreadable() from error


def _workbook(content: bytes) -> Iterator[list[str]]:
    """Yield the rows of the first sheet; formulas are read as what they last showed."""
    try:
        archives.parts_of(content, most_parts=_MOST_PARTS, most_bytes=_MOST_INSIDE)
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        found = book.worksheets[0].iter_rows(
            max_row=_MOST_ROWS + 1, max_col=_MOST_COLUMNS, values_only=True
        )
        rows = [["" if cell is None else str(cell) for cell in row] for row in found]
    except Refused:
        raise
    except Exception as error:  # openpyxl raises whatever its parsers do
        raise _unreadable() from error
    yield from rows


def _unreadable() -> Refused:
    return refuse(
        "upload_unreadable",
        _("Không đọc được tệp."),
        way_out=_("Ghi lại thành .xlsx, hoặc .csv mã UTF-8, rồi chọn lại."),
    )
