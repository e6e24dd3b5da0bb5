"""Reading a kind's spreadsheet: every cell as text, every defect named, nothing mended unasked."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext as _
from openpyxl.utils import get_column_letter

from portal.core.database.bulk import collector_paused
from portal.core.rules import Finding, Refused, Severity, Violation, refuse
from portal.core.text.numbers import typed_number
from portal.core.text.vietnamese import nfc, search_key
from requests_app.kinds.base import (
    CellFinding,
    Field,
    Kind,
    SheetColumn,
    Widget,
    check_between,
    check_row,
)
from requests_app.spreadsheets.report import SheetFinding, SheetReport, SheetRow
from requests_app.spreadsheets.workbook import MAX_ROWS, Sheet, open_sheet, too_many_rows

_MOST_NAMED = 6  # header faults told at once
_SHOWN = 60  # characters of a cell's value in a report
_SAFE_DIGITS = 15  # a spreadsheet's numbers are exact up to here
_CELL_ERRORS = frozenset(
    {"#REF!", "#N/A", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!", "#GETTING_DATA"}
)


def read(
    kind: Kind,
    content: bytes,
    *,
    today: date,
    accepted: Collection[str] = (),
) -> SheetReport:
    """Return every row and every finding of a sheet; raise Refused for the file as a whole.

    ``accepted`` names the cells ("3:4" is row 3, column 4) whose offered value a person took.
    """
    with collector_paused():
        sheet = open_sheet(content, headers=[column.header for column in kind.sheet])
        cells: dict[int, set[int]] = {}
        for key in accepted:
            row, _colon, column = key.partition(":")
            place = (typed_number(row, otherwise=-1), typed_number(column, otherwise=-1))
            cells.setdefault(place[0], set()).add(place[1])
        report = _Reader(kind, sheet, today=today, accepted=cells).read()
    if not report.rows:
        raise refuse(
            "no_rows",
            _("Bảng không có dòng dữ liệu nào."),
            way_out=_("Nhập danh sách từ dòng 2, ngay dưới dòng tiêu đề."),
        )
    return report


@dataclass(slots=True)
class _Cells:
    """A row's texts by column number, and what the reading of the cells itself showed."""

    texts: list[str]
    notes: list[tuple[int, Finding]] = field(default_factory=list)


class _Reader:
    """Goes through one sheet of one kind."""

    def __init__(
        self, kind: Kind, sheet: Sheet, *, today: date, accepted: Mapping[int, set[int]]
    ) -> None:
        fields = {one.name: one for one in kind.fields}
        self._kind = kind
        self._sheet = sheet
        self._today = today
        self._accepted = accepted
        self._columns: list[tuple[int, SheetColumn, Field]] = [
            (number, column, fields[column.field])
            for number, column in enumerate(kind.sheet, start=1)
            if column.field
        ]
        self._numbers = [number for number, _column, _field in self._columns]
        self._column_of = {
            column.field: number
            for number, column, _field in reversed(self._columns)
            if not column.is_repeat
        }
        self._days = {number for number, _, one in self._columns if one.widget is Widget.DATE}
        self._clean: dict[str, str] = {}

    def read(self) -> SheetReport:
        self._check_header()
        rows: list[SheetRow] = []
        notes: list[SheetFinding] = []
        blank: list[int] = []
        for number, values in self._sheet.rows:
            # A row that holds nothing but its number is blank.
            if not any(
                value is not None and (not isinstance(value, str) or value.strip())
                for value in values[1:]
            ):
                blank.append(number)
                continue
            finding = Finding("empty_row_ignored", _("Dòng trống, bỏ qua."), Severity.NONE)
            notes += [SheetFinding(one, 0, finding) for one in blank]
            blank.clear()
            rows.append(self._row(number, values))
        if len(rows) > MAX_ROWS:
            raise too_many_rows(rows[-1].number)
        by_number = {row.number: row for row in rows}
        between = check_between(self._kind, [(row.number, row.answers) for row in rows])
        for number, findings in between.items():
            row = by_number[number]
            for one in filter(self._is_told, findings):
                column = self._column_of.get(one.field, 0)
                header = self._kind.sheet[column - 1].header if column else ""
                value = row.answers.get(one.field, "")[:_SHOWN]
                row.findings.append(SheetFinding(number, column, one.finding, header, value))
        return SheetReport(rows, notes)

    def _check_header(self) -> None:
        """Raise Refused naming each column that is missing, moved, renamed or too many."""
        columns = self._kind.sheet
        wanted = [search_key(column.header) for column in columns]
        actual = [search_key(text) for text in self._sheet.header]
        actual += [""] * (len(wanted) - len(actual))
        if actual[: len(wanted)] == wanted and not any(actual[len(wanted) :]):
            return
        if not set(wanted[1:]) & set(actual):
            raise refuse(
                "no_header",
                _("Dòng 1 không phải dòng tiêu đề của bảng mẫu."),
                way_out=_way_out(),
            )
        faults = []
        for index, text in enumerate(actual):
            want = wanted[index] if index < len(wanted) else ""
            if text == want or (not want and text in wanted):
                continue  # a moved one is told where it belongs
            here = get_column_letter(index + 1)
            words = {"here": here, "header": columns[index].header if want else ""}
            if not want:
                code, message = "unexpected_column", _("Cột %(here)s không có trong bảng mẫu.")
            elif want in actual:
                words["there"] = get_column_letter(actual.index(want) + 1)
                code = "column_moved"
                message = _("Cột “%(header)s” đang ở %(there)s, phải ở %(here)s.")
            elif not text or text in wanted:
                code, message = "missing_column", _("Thiếu cột %(here)s “%(header)s”.")
            else:
                code, message = "wrong_header", _("Cột %(here)s phải có tiêu đề “%(header)s”.")
            faults.append(Violation(code, message % words, way_out=_way_out()))
        raise Refused(*faults[:_MOST_NAMED])

    def _row(self, number: int, values: Sequence[Any]) -> SheetRow:
        cells = self._cells(values)
        answers: dict[str, str] = {}
        for column, sheet_column, _field in self._columns:
            text = cells.texts[column]
            if not sheet_column.is_repeat:
                answers[sheet_column.field] = sheet_column.answer(text)
            elif text and text != answers[sheet_column.field]:
                message = _(
                    "Cột “%(header)s” khác với cột bắt buộc phía trước; hệ thống lấy cột phía "
                    "trước."
                ) % {"header": sheet_column.header}
                finding = Finding("differs_from_first", message, Severity.WARNING)
                cells.notes.append((column, finding))
        found = self._found(answers, cells)
        if taken := self._accepted.get(number):
            for column, finding in found:
                if column in taken and finding.suggestion:
                    name = self._kind.sheet[column - 1].field
                    answers[name] = self._kind.sheet[column - 1].answer(finding.suggestion)
                    cells.notes = [note for note in cells.notes if note[0] != column]
            found = self._found(answers, cells)
        headers = self._kind.sheet
        return SheetRow(
            number,
            answers,
            [
                SheetFinding(
                    number,
                    column,
                    finding,
                    headers[column - 1].header if 0 < column <= len(headers) else "",
                    cells.texts[column][:_SHOWN] if column < len(cells.texts) else "",
                )
                for column, finding in found
            ],
        )

    def _cells(self, values: Sequence[Any]) -> _Cells:
        """Turn each value into text; ``texts[0]`` stands for the row as a whole."""
        cells = _Cells([""] * (len(self._kind.sheet) + 1))
        known = len(self._kind.sheet)
        for column in self._numbers:
            value = values[column - 1] if column <= len(values) else None
            if value is None:
                continue
            if not isinstance(value, str):
                cells.texts[column] = self._other(value, column, cells.notes)
                continue
            clean = self._clean.get(value)
            if clean is None:
                clean = self._clean[value] = nfc(value)
            if clean != value and clean != value.strip():
                message = _(
                    "Đã bỏ dấu cách thừa và đưa chữ về bộ mã dựng sẵn để so sánh; chữ không đổi."
                )
                note = Finding("normalised_for_comparing", message, Severity.NONE)
                cells.notes.append((column, note))
            if clean and clean[0] in "=#":
                cells.notes += [(column, finding) for finding in _formula(clean)]
            cells.texts[column] = clean
        for column, value in enumerate(values[known:], start=known + 1):
            if value is not None and str(value).strip():
                message = _("Ô ở cột %(column)s nằm ngoài bảng mẫu nên không được nhập.") % {
                    "column": get_column_letter(column)
                }
                cells.notes.append((column, Finding("extra_cell", message, Severity.WARNING)))
        return cells

    def _other(self, value: Any, column: int, notes: list[tuple[int, Finding]]) -> str:
        """Numbers, days and truth values are what a spreadsheet made of somebody's text."""
        if isinstance(value, datetime | date):
            text = f"{value:%d/%m/%Y}"
            message = _(
                "Ô ở dạng ngày của bảng tính nên ngày và tháng có thể bị đổi chỗ. "
                "Hãy đối chiếu với thẻ, định dạng ô là văn bản (Text) và nhập dd/mm/yyyy."
            )
            offer = text if column in self._days else ""
            notes.append((column, Finding("date_not_text", message, suggestion=offer)))
            return text
        if isinstance(value, int | float) and not isinstance(value, bool):
            is_whole = isinstance(value, float) and value.is_integer()
            text = str(int(value)) if is_whole else str(value)
            if column in self._days:
                # A number in a column of days is a serial number: the day's check says so.
                offset = self._sheet.day_offset.days
                number = typed_number(text, otherwise=-1)
                return str(number + offset) if offset and number >= 0 else text
            notes.append((column, _number_cell(text)))
            return text
        text = nfc(str(getattr(value, "text", value)))
        notes += [(column, finding) for finding in _formula(text) or [_number_cell("")]]
        return text

    def _found(self, answers: dict[str, str], cells: _Cells) -> list[tuple[int, Finding]]:
        found = list(cells.notes)
        found += [
            (self._column_of.get(one.field, 0), one.finding)
            for one in check_row(self._kind, answers, self._today)
            if self._is_told(one)
        ]
        # A number's own offer is left out where the cell's check makes a better one.
        offered = {
            column for column, one in found if one.suggestion and one.code != "number_not_text"
        }
        return [
            (column, Finding(one.code, one.message, one.severity))
            if column in offered and one.code == "number_not_text"
            else (column, one)
            for column, one in found
        ]

    def _is_told(self, found: CellFinding) -> bool:
        """A field the sheet has no column for (a PKCS#10 request) is filled in on the page."""
        return not found.field or found.field in self._column_of


def _way_out() -> str:
    return _("Tải bảng mẫu, dán dữ liệu vào; không đổi tên, không đổi thứ tự, không xóa cột.")


def _formula(text: str) -> list[Finding]:
    if text.startswith("="):
        message = _(
            "Ô chứa công thức; được giữ nguyên là chữ, không tính. "
            "Nếu cần kết quả thì dán giá trị (Paste Values)."
        )
        return [Finding("formula_is_text", message, Severity.NONE)]
    if text in _CELL_ERRORS:
        message = _("Ô báo lỗi %(text)s. Hãy nhập lại giá trị.") % {"text": text}
        return [Finding("cell_error", message)]
    return []


def _number_cell(text: str) -> Finding:
    message = _(
        "Ô ở dạng số nên có thể mất số 0 ở đầu. Hãy định dạng ô là văn bản (Text) rồi nhập lại."
    )
    is_exact = text.isdecimal() and len(text) <= _SAFE_DIGITS
    return Finding("number_not_text", message, suggestion=text if is_exact else "")
