"""A list as a spreadsheet to take away: what the page lists, in its order, nothing computed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from io import BytesIO
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

Row = TypeVar("Row")

MOST_ROWS = 10_000
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_TEXT = "@"
_STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_FORMATS = {datetime: "hh:mm dd/mm/yyyy", date: "dd/mm/yyyy"}
_BOLD = Font(bold=True)


@dataclass(frozen=True, slots=True)
class SheetColumn(Generic[Row]):
    """One column: its header, what stands in a row's cell, its width in characters."""

    header: str | _StrPromise
    value: Callable[[Row], str | int | date | None]
    width: int = 18


def is_wanted(params: Any) -> bool:
    """Say whether a list is asked for as a spreadsheet."""
    return bool(params.get("export") == "xlsx")


def sheet_response(
    rows: Sequence[Row], columns: Sequence[SheetColumn[Row]], *, name: str, today: date
) -> HttpResponse:
    """Return ``rows`` as a file; beyond MOST_ROWS the last line says that there is more.

    The caller reads one row more than MOST_ROWS, so that it can be told.
    """
    book = Workbook(write_only=True)
    sheet = book.create_sheet(name)
    sheet.freeze_panes = "A2"
    for index, column in enumerate(columns, start=1):
        sheet.column_dimensions[get_column_letter(index)].width = column.width
    headers = [cell(sheet, str(column.header)) for column in columns]
    for header in headers:
        header.font = _BOLD
    sheet.append(headers)
    for row in rows[:MOST_ROWS]:
        sheet.append([cell(sheet, column.value(row)) for column in columns])
    if len(rows) > MOST_ROWS:
        more = _("Còn nữa: bảng tính chỉ gồm %(most)d dòng đầu. Hãy lọc hẹp hơn rồi tải lại.")
        sheet.append([cell(sheet, more % {"most": MOST_ROWS})])
    stream = BytesIO()
    book.save(stream)
    return HttpResponse(
        stream.getvalue(),
        content_type=XLSX,
        headers={
            "Content-Disposition": f'attachment; filename="{name}-{today:%Y%m%d}.xlsx"',
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-store",
        },
    )


def cell(sheet: Any, value: str | int | date | None) -> Any:
    """Return a cell that is never a formula, also when its text begins like one."""
    made = WriteOnlyCell(sheet)
    if isinstance(value, date):
        made.value = timezone.make_naive(value) if isinstance(value, datetime) else value
        made.number_format = _FORMATS[type(value)]
    elif isinstance(value, int):
        made.value = value
    elif value:
        made.value, made.data_type, made.number_format = value, "s", _TEXT
        made.quotePrefix = value.startswith(_STARTS_FORMULA)
    return made
