"""The cells of one worksheet, row by row: openpyxl's own parser, quicker where text is plain."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from string import digits
from typing import Any
from xml.etree.ElementTree import Element

from openpyxl.utils import column_index_from_string
from openpyxl.worksheet._reader import INLINE_STRING, WorkSheetParser
from openpyxl.xml.constants import SHEET_MAIN_NS

_PLAIN_TEXT = f"{{{SHEET_MAIN_NS}}}t"
Values = Sequence[Any]


class RowsOutOfOrder(ValueError):
    """The rows of the sheet do not follow one another: the file is damaged."""


class _Parser(WorkSheetParser):
    """Reads a cell that is one plain text without building openpyxl's rich-text objects.

    That is half the time of reading a sheet of text (bench/importing.py).
    """

    def parse_cell(self, element: Element) -> dict[str, Any]:
        coordinate = element.get("r")
        if coordinate and len(element) == 1 and element.get("t") == "inlineStr":
            child = element[0]
            if child.tag == INLINE_STRING and len(child) == 1 and child[0].tag == _PLAIN_TEXT:
                self.col_counter = _column(coordinate.rstrip(digits))
                return {"column": self.col_counter, "value": child[0].text}
        cell: dict[str, Any] = super().parse_cell(element)
        return cell


@lru_cache(maxsize=512)
def _column(letters: str) -> int:
    return column_index_from_string(letters)


def rows_of(sheet: Any, *, width: int) -> Iterator[tuple[int, Values]]:
    """Yield the number and the first ``width`` values of each row; absent rows are empty.

    Formulas come as their text. ``sheet`` is a read-only worksheet. Raises RowsOutOfOrder.
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
        for number, cells in parser.parse():
            if number <= last:
                raise RowsOutOfOrder(f"row {number} after row {last}")
            yield from ((absent, ()) for absent in range(last + 1, number))
            values: list[Any] = [None] * width
            for cell in cells:
                if cell["column"] <= width:
                    values[cell["column"] - 1] = cell["value"]
            yield number, values
            last = number
