"""The spreadsheets of bodies and of communes: read, and empty ones to fill in."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from io import BytesIO, StringIO
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from openpyxl import Workbook
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from orgmerge.models import BodyList
from portal.core.rules import Refused, refuse
from portal.core.text.vietnamese import nfc, search_key
from portal.core.web.sheets import cell
from requests_app.spreadsheets import MAX_ROWS
from requests_app.spreadsheets.workbook import open_sheet, too_many_rows

# By what a column is called in files made by machines: its Vietnamese header, how it is filled in.
BODIES = {
    "old_agency": (
        gettext_lazy("Đơn vị cũ"),
        gettext_lazy("Bắt buộc. Mã định danh, tên đầy đủ, hoặc tên kèm tỉnh trong ngoặc."),
    ),
    "new_agency": (
        gettext_lazy("Đơn vị mới đã có"),
        gettext_lazy("Chỉ ghi khi chuyển vào đơn vị đang hoạt động: mã định danh hoặc tên."),
    ),
    "new_name": (
        gettext_lazy("Tên mới"),
        gettext_lazy("Tên sau sắp xếp. Để trống cả hai cột: đơn vị chấm dứt, không ai kế thừa."),
    ),
    "extent": (
        gettext_lazy("Phạm vi"),
        gettext_lazy("Toàn bộ (whole) hoặc Một phần (partly); để trống là toàn bộ."),
    ),
    "effective_on": (
        gettext_lazy("Ngày hiệu lực"),
        gettext_lazy("dd/mm/yyyy; để trống hoặc đúng ngày hiệu lực của phương án."),
    ),
    "decision": (
        gettext_lazy("Quyết định"),
        gettext_lazy("Số quyết định, nghị quyết; để trống là quyết định của phương án."),
    ),
}
COMMUNES = {
    "old_code": (gettext_lazy("Mã xã cũ"), gettext_lazy("Giữ số 0 ở đầu.")),
    "old_name": (gettext_lazy("Tên xã cũ"), gettext_lazy("Bắt buộc. Ví dụ: Thị trấn Tân Uyên.")),
    "old_district": (gettext_lazy("Huyện cũ"), gettext_lazy("Để phân biệt các xã trùng tên.")),
    "old_province_code": (gettext_lazy("Mã tỉnh cũ"), ""),
    "old_province": (gettext_lazy("Tỉnh cũ"), gettext_lazy("Bắt buộc.")),
    "extent": BODIES["extent"],
    "new_code": (gettext_lazy("Mã xã mới"), ""),
    "new_name": (gettext_lazy("Tên xã mới"), gettext_lazy("Bắt buộc. Ví dụ: Xã Tân Uyên.")),
    "new_province_code": (gettext_lazy("Mã tỉnh mới"), ""),
    "new_province": (gettext_lazy("Tỉnh mới"), ""),
    "effective_on": BODIES["effective_on"],
}
COLUMNS: Mapping[str, Mapping[str, Any]] = {
    BodyList.Kind.BODIES: BODIES,
    BodyList.Kind.COMMUNES: COMMUNES,
}
# A sheet without these is not of this kind; the others may be left out.
_NEEDED = {
    BodyList.Kind.COMMUNES: {"old_name", "old_province", "new_name", "extent"},
    BodyList.Kind.BODIES: {"old_agency", "new_name"},
}
_ZIP = b"PK\x03\x04"
_OLE = bytes.fromhex("d0cf11e0a1b11ae1")
_MOST_CELL = 350
_DELIMITERS = ",;\t"

Record = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Records:
    """What a sheet says: of which kind, and its rows with their numbers, every cell as text."""

    kind: str
    rows: Sequence[tuple[int, Record]]


def read(content: bytes) -> Records:
    """Return the rows of a file that hold anything; raise Refused for the file as a whole."""
    rows = rows_of(content)
    header = next(rows, None)
    if header is None:
        raise _not_readable()
    kind, columns = _columns(header[1])
    found = []
    for number, record in records(rows, columns):
        found.append((number, record))
        if len(found) > MAX_ROWS:
            raise too_many_rows(number)
    if not found:
        raise refuse(
            "no_rows",
            _("Bảng không có dòng dữ liệu nào."),
            way_out=_("Nhập danh sách từ dòng 2, ngay dưới dòng tiêu đề."),
        )
    return Records(kind, found)


def rows_of(content: bytes) -> Iterator[tuple[int, Sequence[Any]]]:
    """Yield the rows of a workbook or a CSV file with their numbers, none of an empty one; raise
    Refused when it is neither."""
    return _workbook(content) if content.startswith((_ZIP, _OLE)) else _text(content)


def records(
    rows: Iterable[tuple[int, Sequence[Any]]], columns: Mapping[int, str]
) -> Iterator[tuple[int, Record]]:
    """Yield the rows that hold anything, by the names of ``columns``."""
    for number, values in rows:
        record = {
            name: _cell(values[index]) if index < len(values) else ""
            for index, name in columns.items()
        }
        if any(record.values()):
            yield number, record


def columns_of(header: Iterable[Any], kind: str) -> dict[int, str]:
    """Return the name of each known column of a list of this kind by its place."""
    known = {search_key(str(words[0])): name for name, words in COLUMNS[kind].items()}
    known |= {search_key(name): name for name in COLUMNS[kind]}
    titles = (search_key(str(title or "")) for title in header)
    return {index: known[title] for index, title in enumerate(titles) if title in known}


def _workbook(content: bytes) -> Iterator[tuple[int, Sequence[Any]]]:
    sheet = open_sheet(content, headers=list(COMMUNES))
    yield 1, sheet.header
    yield from sheet.rows


def _text(content: bytes) -> Iterator[tuple[int, Sequence[Any]]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _not_readable() from error
    if "\0" in text:
        raise _not_readable()
    if not text.strip():
        return
    first = text.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=first.count)
    try:
        yield from enumerate(csv.reader(StringIO(text), delimiter=delimiter), start=1)
    except csv.Error as error:
        raise _not_readable() from error


def _columns(header: Sequence[Any]) -> tuple[str, dict[int, str]]:
    """Return which list it is, and the name of each known column by its place."""
    for kind, needed in _NEEDED.items():
        columns = columns_of(header, kind)
        if needed <= set(columns.values()):
            if len(set(columns.values())) < len(columns):
                raise _wrong_header(_("Có hai cột cùng tiêu đề."))
            return kind, columns
    raise _wrong_header(_("Dòng 1 không phải dòng tiêu đề của bảng mẫu."))


def _cell(value: Any) -> str:
    """Return a cell as text; days as people write them."""
    if value is None:
        return ""
    if isinstance(value, datetime | date):
        return f"{value:%d/%m/%Y}"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return nfc(str(value))[:_MOST_CELL]


def _wrong_header(message: str) -> Refused:
    return refuse(
        "wrong_header",
        message,
        way_out=_("Tải bảng mẫu, dán dữ liệu vào; không đổi tên cột."),
    )


def _not_readable() -> Refused:
    return refuse(
        "not_readable",
        _("Không đọc được tệp: không phải .xlsx, cũng không phải .csv mã hóa UTF-8."),
        way_out=_("Lưu lại dạng Excel Workbook (.xlsx) hoặc CSV UTF-8 rồi tải lên."),
    )


_SHEET_TITLE = "Danh sach"
_TEXT = "@"
_BOLD = Font(bold=True)
_WIDTH = 28


def blank_sheet(columns: Mapping[str, Any]) -> bytes:
    """Return a sheet with the headers of ``columns``, and a second one that explains them."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(_SHEET_TITLE)
    sheet.freeze_panes = "A2"
    for index in range(1, len(columns) + 1):
        dimension = sheet.column_dimensions[get_column_letter(index)]
        dimension.width, dimension.number_format = _WIDTH, _TEXT
    sheet.append([_bold(sheet, str(header)) for header, _hint in columns.values()])
    guide = book.create_sheet(_("Hướng dẫn"))
    guide.column_dimensions["A"].width, guide.column_dimensions["B"].width = _WIDTH, 90
    guide.append([_bold(guide, _("Tiêu đề")), _bold(guide, _("Cách ghi"))])
    for header, hint in columns.values():
        guide.append([cell(guide, str(header)), cell(guide, str(hint))])
    stream = BytesIO()
    book.save(stream)
    return stream.getvalue()


def _bold(sheet: Any, text: str) -> Any:
    made = cell(sheet, text)
    made.font = _BOLD
    return made
