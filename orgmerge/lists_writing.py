"""The empty sheets of bodies and of communes, with what to write in each column."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from typing import Any

from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from portal.core.sheets import cell

_TITLE = "Danh sach"
_TEXT = "@"
_BOLD = Font(bold=True)
_WIDTH = 28


def template(columns: Mapping[str, Any]) -> bytes:
    """Return a sheet with the headers of ``columns``, and a second one that explains them."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(_TITLE)
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
