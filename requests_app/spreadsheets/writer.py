"""Writing a kind's spreadsheet: text cells only, so that nothing in them is ever computed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from io import BytesIO
from typing import Any

from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from portal.core.text.numbers import with_dots
from portal.core.web.sheets import cell as safe_cell
from requests_app.kinds.base import Answers, Kind, SheetColumn
from requests_app.spreadsheets.report import REASONS, SheetRow
from requests_app.spreadsheets.workbook import MAX_ROWS

TEXT = "@"
LIST_TITLE = "Danh sach"
_GUIDE_TITLE = "Hướng dẫn"
_HEADER_FILL = PatternFill("solid", fgColor="E7ECF3")
_HEADER_FONT = Font(bold=True)
_HEADER_ALIGNMENT = Alignment(wrap_text=True, vertical="top")
_REASON_WIDTH = 80
_GUIDE_WIDTHS = (8, 50, 14, 70)


def template(kind: Kind) -> bytes:
    """Return an empty sheet to fill in, with a second sheet that says the rule of each column."""
    book = Workbook(write_only=True)
    sheet = _list_sheet(book, kind)
    # Offer the values of closed columns as drop-down lists.
    for index, column in enumerate(kind.sheet, start=1):
        if not column.field or not (choices := kind.field_named(column.field).choices):
            continue
        values = ",".join(column.text(key) for key, _label in choices)
        validation = DataValidation(type="list", formula1=f'"{values}"', allow_blank=True)
        letter = get_column_letter(index)
        validation.add(f"{letter}2:{letter}{MAX_ROWS + 1}")
        sheet.data_validations.append(validation)
    guide = book.create_sheet(_GUIDE_TITLE)
    for letter, width in zip("ABCD", _GUIDE_WIDTHS, strict=True):
        guide.column_dimensions[letter].width = width
    titles = [_("Cột"), _("Tiêu đề"), _("Bắt buộc"), _("Cách ghi")]
    guide.append([_header(guide, title) for title in titles])
    for index, column in enumerate(kind.sheet, start=1):
        texts = [get_column_letter(index), column.header, *_rule(kind, column)]
        cells = [_cell(guide, text) for text in texts]
        for cell in cells:
            cell.alignment = _HEADER_ALIGNMENT
        guide.append(cells)
    for text in (
        _("Mọi ô để dạng văn bản (Text) để không mất số 0 ở đầu và không bị đổi ngày."),
        _("Không đổi tên, không đổi thứ tự, không xóa cột, không gộp ô, không dùng công thức."),
        _("Mỗi lần nhập tối đa %(most)s dòng.") % {"most": with_dots(MAX_ROWS)},
        *([] if kind.is_sheet_of_ca else [_("Bảng tính này do hệ thống tự thiết kế.")]),
        *([kind.layout_note] if kind.layout_note else []),
    ):
        guide.append([_cell(guide, ""), _cell(guide, text)])
    return _saved(book)


def export(kind: Kind, rows: Iterable[Answers]) -> bytes:
    """Return the rows as the kind's sheet. A text that looks like a formula stays a text."""
    book = Workbook(write_only=True)
    sheet = _list_sheet(book, kind)
    for number, answers in enumerate(rows, start=1):
        texts = [
            column.text(answers.get(column.field, "")) if column.field else str(number)
            for column in kind.sheet
        ]
        sheet.append([_cell(sheet, text) for text in texts])
    return _saved(book)


def rejects(kind: Kind, rows: Iterable[SheetRow]) -> bytes:
    """Return the rows as they stood in a sheet, in the same columns, with one more: the reasons.

    It can be mended and uploaded again as it is.
    """
    book = Workbook(write_only=True)
    sheet = _list_sheet(book, kind, more=[str(REASONS)])
    for row in rows:
        reasons = [_("Dòng %(row)d của tệp đã tải lên") % {"row": row.number}]
        reasons += [f"{one.header}: {one.finding.message}" for one in row.told]
        sheet.append([_cell(sheet, text) for text in (*row.texts, "\n".join(reasons))])
    return _saved(book)


def _list_sheet(book: Workbook, kind: Kind, *, more: Sequence[str] = ()) -> Any:
    sheet = book.create_sheet(LIST_TITLE)
    sheet.freeze_panes = "C2"
    for index, column in enumerate(kind.sheet, start=1):
        dimension = sheet.column_dimensions[get_column_letter(index)]
        dimension.width = column.width
        dimension.number_format = TEXT
    for at in range(len(more)):
        letter = get_column_letter(len(kind.sheet) + 1 + at)
        sheet.column_dimensions[letter].width = _REASON_WIDTH
    headers = [*(column.header for column in kind.sheet), *more]
    sheet.append([_header(sheet, header) for header in headers])
    return sheet


def _cell(sheet: Any, text: str) -> Any:
    """Return a cell that is never a formula and that keeps what is typed into it as text."""
    made = safe_cell(sheet, text)
    made.number_format = TEXT
    return made


def _header(sheet: Any, text: str) -> Any:
    cell = _cell(sheet, text)
    cell.font, cell.fill, cell.alignment = _HEADER_FONT, _HEADER_FILL, _HEADER_ALIGNMENT
    return cell


def _rule(kind: Kind, column: SheetColumn) -> tuple[str, str]:
    if not column.field:
        return "", _("Số thứ tự")
    one = kind.field_named(column.field)
    is_required = one.is_required and not column.is_repeat
    parts = [str(one.hint), str(column.rule)]
    if one.choices:
        values = ", ".join(column.text(key) for key, _label in one.choices)
        parts.append(_("một trong: %(values)s") % {"values": values})
    parts.append(_("tối đa %(most)s ký tự") % {"most": with_dots(one.max_length)})
    return _("Có") if is_required else "", "; ".join([part for part in parts if part])


def _saved(book: Workbook) -> bytes:
    stream = BytesIO()
    book.save(stream)
    return stream.getvalue()
