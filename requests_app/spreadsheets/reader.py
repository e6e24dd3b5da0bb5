"""Reading a kind's spreadsheet: every cell as text, every defect named, nothing mended unasked."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property
from typing import Any, TypeAlias

from django.utils.translation import gettext as _
from openpyxl.utils import get_column_letter

from portal.core.database.bulk import collector_paused
from portal.core.rules import Finding, Refused, Severity, Violation, refuse
from portal.core.text.identifiers import (
    could_be_swapped,
    in_doubt,
    in_full,
    parse_day,
    written_day,
)
from portal.core.text.numbers import typed_number
from portal.core.text.vietnamese import nfc, search_key
from requests_app.kinds.base import (
    SHEET_ERRORS,
    Answers,
    CellFinding,
    Field,
    Kind,
    SheetColumn,
    Widget,
    check_between,
    check_rows,
)
from requests_app.spreadsheets.report import REASONS, SheetFinding, SheetReport, SheetRow
from requests_app.spreadsheets.workbook import MAX_ROWS, Sheet, open_sheet, too_many_rows

_MOST_NAMED = 6  # header faults told at once
_SHOWN = 60  # characters of a cell's value in a report
_SAFE_DIGITS = 15  # a spreadsheet's numbers are exact up to here
_FEW = 3  # columns that are counted before a row is taken for their numbers
ALL = "*"  # every offer of a sheet
Rows: TypeAlias = Sequence[tuple[int, Answers]]
Found: TypeAlias = Mapping[int, Sequence[CellFinding]]
Find: TypeAlias = Callable[[Rows, Found | None], Found]


def read(
    kind: Kind,
    content: bytes,
    *,
    today: date,
    accepted: Collection[str] = (),
    standing: Sequence[Answers] = (),
) -> SheetReport:
    """Return every row and every finding of a sheet; raise Refused for the file as a whole.

    The rows are judged by themselves; the rest is as in ``judge``.
    """

    def find(rows: Rows, known: Found | None) -> Found:
        return check_rows(kind, rows, today, variant=None)

    reading = read_rows(kind, content)
    return judge(kind, reading, find=find, accepted=accepted, standing=standing)


@dataclass(slots=True)
class Cells:
    """A row's texts by column number, how they stood, what the reading of them showed.

    ``texts[0]`` stands for the row as a whole.
    """

    texts: list[str]
    raw: list[str]
    notes: list[tuple[int, Finding]] = field(default_factory=list)


@dataclass(slots=True)
class Reading:
    """What stands in a sheet: its rows, not judged yet, and notes about rows that hold nothing.

    ``checks`` is what is found in the rows as they stand, by their numbers, where somebody has
    asked already.
    """

    rows: list[tuple[SheetRow, Cells]]
    notes: list[SheetFinding]
    title: str = ""
    others: Sequence[str] = ()
    checks: Found | None = None

    @property
    def numbered(self) -> list[tuple[int, Answers]]:
        """The rows' answers with their numbers."""
        return [(row.number, row.answers) for row, _cells in self.rows]


def read_rows(kind: Kind, content: bytes) -> Reading:
    """Return what stands in a sheet; raise Refused for the file as a whole."""
    with collector_paused():
        headers = [column.header for column in kind.sheet]
        reading = _Reader(kind, open_sheet(content, headers=headers, takes_merged=True)).read()
    if not reading.rows:
        raise refuse(
            "no_rows",
            _("Bảng không có dòng dữ liệu nào."),
            way_out=_("Nhập danh sách từ dòng 2, ngay dưới dòng tiêu đề."),
        )
    return reading


def judge(
    kind: Kind,
    reading: Reading,
    *,
    find: Find,
    accepted: Collection[str] = (),
    standing: Sequence[Answers] = (),
) -> SheetReport:
    """Return the rows with every finding. The reading is used up: its rows become the report's.

    ``accepted`` names the cells ("3:4" is row 3, column 4) whose offered value a person took; ALL
    takes every offer. ``find`` says what is found in rows, by their numbers; it is handed the
    reading's ``checks`` as long as the rows are as they were read, then None. ``standing`` are the
    rows that stand in the draft already.
    """
    taken: dict[int, set[int]] = {}
    for key in accepted:
        row, _colon, column = key.partition(":")
        place = (typed_number(row, otherwise=-1), typed_number(column, otherwise=-1))
        taken.setdefault(place[0], set()).add(place[1])
    with collector_paused():
        return _Judge(kind, taken, takes_all=ALL in accepted).judge(reading, find, standing)


class _Reader:
    """Goes through one sheet of one kind."""

    def __init__(self, kind: Kind, sheet: Sheet) -> None:
        fields = {one.name: one for one in kind.fields}
        self._kind = kind
        self._sheet = sheet
        self._columns: list[tuple[int, SheetColumn, Field]] = [
            (number, column, fields[column.field])
            for number, column in enumerate(kind.sheet, start=1)
            if column.field
        ]
        self._numbers = [number for number, _column, _field in self._columns]
        self._days = {number for number, _, one in self._columns if one.widget is Widget.DATE}
        self._clean: dict[str, str] = {}

    def read(self) -> Reading:
        self._check_header()
        read: list[tuple[SheetRow, Cells]] = []
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
            if blank:
                finding = Finding("empty_row_ignored", _("Dòng trống, bỏ qua."), Severity.NONE)
                notes += [SheetFinding(one, 0, finding) for one in blank]
                blank.clear()
            if not read and _numbers_columns(values):
                message = _("Dòng đánh số cột, bỏ qua.")
                finding = Finding("column_numbers_ignored", message, Severity.NONE)
                notes.append(SheetFinding(number, 0, finding))
                continue
            cells = self._cells(number, values)
            row = self._row(number, cells)
            if self._kind.is_blank(row.answers):
                message = _("Dòng chỉ ghi đơn vị, địa bàn mà không ghi đối tượng nào, bỏ qua.")
                finding = Finding("row_about_nobody", message, Severity.NONE)
                notes.append(SheetFinding(number, 0, finding))
                continue
            read.append((row, cells))
        if len(read) > MAX_ROWS:
            raise too_many_rows(read[-1][0].number)
        return Reading(read, notes, title=self._sheet.title, others=self._sheet.others)

    def _check_header(self) -> None:
        """Raise Refused naming each column that is missing, moved, renamed or too many."""
        columns = self._kind.sheet
        wanted = [search_key(column.header) for column in columns]
        actual = [search_key(text) for text in self._sheet.header]
        actual += [""] * (len(wanted) - len(actual))
        beyond = actual[len(wanted) + self._has_reasons :]
        if actual[: len(wanted)] == wanted and not any(beyond):
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

    def _row(self, number: int, cells: Cells) -> SheetRow:
        answers: dict[str, str] = {}
        for column, sheet_column, _field in self._columns:
            text = cells.texts[column]
            if not sheet_column.is_repeat:
                answer = answers[sheet_column.field] = sheet_column.answer(text)
                exported = sheet_column.text(answer)
                if exported != text and exported.lower() not in (answer.lower(), text.lower()):
                    message = _("Khi kết xuất bảng của Cục, hệ thống ghi %(text)s.")
                    words = message % {"text": exported}
                    cells.notes.append(
                        (column, Finding("exported_under_code", words, Severity.NONE))
                    )
            elif text and text != answers[sheet_column.field]:
                message = _(
                    "Cột “%(header)s” khác với cột bắt buộc phía trước; hệ thống lấy cột phía "
                    "trước."
                ) % {"header": sheet_column.header}
                finding = Finding("differs_from_first", message, Severity.WARNING)
                cells.notes.append((column, finding))
        is_hidden = number in self._sheet.hidden
        if is_hidden:
            message = _(
                "Dòng này đang bị ẩn trong tệp (lọc hoặc ẩn dòng). Hãy xem có định nhập không."
            )
            cells.notes.insert(0, (0, Finding("hidden_row", message, Severity.WARNING)))
        texts = tuple(cells.texts[1 : len(self._kind.sheet) + 1])
        return SheetRow(number, answers, texts=texts, is_hidden=is_hidden)

    def _cells(self, number: int, values: Sequence[Any]) -> Cells:
        """Turn each value into text."""
        known = len(self._kind.sheet)
        cells = Cells([""] * (known + 1), [""] * (known + 1))
        for column in self._numbers:
            value = values[column - 1] if column <= len(values) else None
            if value is None:
                continue
            if not isinstance(value, str):
                cells.texts[column], cells.raw[column] = self._other(value, column, cells.notes)
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
            if clean.startswith("="):
                message = _(
                    "Ô chứa công thức; được giữ nguyên là chữ, không tính. "
                    "Nếu cần kết quả thì dán giá trị (Paste Values)."
                )
                cells.notes.append((column, Finding("formula_is_text", message, Severity.NONE)))
            cells.texts[column] = cells.raw[column] = clean
            if column in self._days and (day := parse_day(clean)):
                cells.texts[column] = written_day(day)
                if clean != cells.texts[column]:
                    message = _("Đã đọc là ngày và ghi đủ dd/mm/yyyy.")
                    note = Finding("day_written_in_full", message, Severity.NONE)
                    cells.notes.append((column, note))
        cells.notes += self._beside(number, values)
        return cells

    def _beside(self, number: int, values: Sequence[Any]) -> list[tuple[int, Finding]]:
        """Return what is odd about a row's cells whatever they say: merged, or beyond the list."""
        known = len(self._kind.sheet)
        found = []
        for column in range(1, known + 1) if self._sheet.merged else ():
            if ref := self._sheet.merged.get((number, column)):
                message = _(
                    "Ô gộp %(ref)s: giá trị được lấy cho từng dòng. Hãy xem có đúng cho dòng này."
                ) % {"ref": ref}
                found.append((column, Finding("merged_cells", message, Severity.WARNING)))
        beyond = known + 1 + self._has_reasons
        for column, value in enumerate(values[beyond - 1 :], start=beyond):
            if value is not None and str(value).strip():
                message = _("Ô ở cột %(column)s nằm ngoài bảng mẫu nên không được nhập.") % {
                    "column": get_column_letter(column)
                }
                found.append((column, Finding("extra_cell", message, Severity.WARNING)))
        return found

    def _other(self, value: Any, column: int, notes: list[tuple[int, Finding]]) -> tuple[str, str]:
        """Return the text for what a spreadsheet made of somebody's text, and how it looks there.

        Numbers, days, truth values. What can't be told is left in doubt: the cell's check says so,
        here and in the editor.
        """
        if isinstance(value, datetime | date):
            text = written_day(value)
            if column in self._days and could_be_swapped(value):
                return in_doubt(value), text
            message = _("Ô ở dạng ngày của bảng tính; đã đọc là %(day)s.") % {"day": text}
            severity = Severity.NONE if column in self._days else Severity.WARNING
            notes.append((column, Finding("date_not_text", message, severity)))
            return text, text
        if isinstance(value, int | float) and not isinstance(value, bool):
            is_whole = isinstance(value, float) and value.is_integer()
            text = str(int(value)) if is_whole else str(value)
            if column in self._days:
                # A number in a column of days is a serial number, or digits without a zero: the
                # day's check says so.
                offset = self._sheet.day_offset.days
                number = typed_number(text, otherwise=-1)
                text = str(number + offset) if offset and number >= 0 else text
                return in_full(text), text
            if len(text.lstrip("-")) > _SAFE_DIGITS:
                text = f"{value:.14E}"  # as a spreadsheet shows it: the last digits are lost
            notes.append((column, _number_cell()))
            return text, text
        text = nfc(str(getattr(value, "text", value)))
        if text not in SHEET_ERRORS:
            notes.append((column, _number_cell()))
        return text, text

    @cached_property
    def _has_reasons(self) -> bool:
        """Whether the sheet is one of rejects, which has a column more."""
        beyond = self._sheet.header[len(self._kind.sheet) :]
        return bool(beyond) and search_key(beyond[0]) == search_key(str(REASONS))


class _Judge:
    """Says what is found in the rows of one kind's sheet, and takes the offers a person took."""

    def __init__(self, kind: Kind, accepted: Mapping[int, set[int]], *, takes_all: bool) -> None:
        self._kind = kind
        self._accepted = accepted
        self._takes_all = takes_all
        self._column_of = {
            column.field: number
            for number, column in reversed(list(enumerate(kind.sheet, start=1)))
            if column.field and not column.is_repeat
        }

    def judge(self, reading: Reading, find: Find, standing: Sequence[Answers]) -> SheetReport:
        numbered = reading.numbered
        found = find(numbered, reading.checks)
        taken = [self._take_offers(row, cells, found[row.number]) for row, cells in reading.rows]
        if any(taken):
            found = find(numbered, None)
        for row, cells in reading.rows:
            self._tell(row, cells, found[row.number])
        rows = [row for row, _cells in reading.rows]
        self._compare(rows, standing)
        return SheetReport(rows, reading.notes, title=reading.title, others=reading.others)

    def _take_offers(self, row: SheetRow, cells: Cells, found: Sequence[CellFinding]) -> bool:
        """Put the offers a person took in place of what stood there; say whether any was."""
        taken = self._accepted.get(row.number, set())
        has_changed = False
        for one in found:
            column = self._column_of.get(one.field, 0)
            if column and one.finding.suggestion and (self._takes_all or column in taken):
                sheet_column = self._kind.sheet[column - 1]
                row.answers[one.field] = sheet_column.answer(one.finding.suggestion)
                cells.notes = [note for note in cells.notes if note[0] != column]
                has_changed = True
        return has_changed

    def _tell(self, row: SheetRow, cells: Cells, found: Sequence[CellFinding]) -> None:
        """Write down what was found in a row.

        A field the sheet has no column for (a PKCS#10 request) is filled in on the page.
        """
        row.title = self._kind.item_title(row.answers)
        row.findings = [self._finding(row, cells, *note) for note in cells.notes]
        for one in found:
            if column := self._column_of.get(one.field, 0):
                row.findings.append(self._finding(row, cells, column, one.finding))
            elif one.field:
                label = self._kind.field_named(one.field).label
                row.afterwards.append(SheetFinding(row.number, 0, one.finding, label))
            else:
                row.findings.append(SheetFinding(row.number, 0, one.finding))

    def _finding(self, row: SheetRow, cells: Cells, column: int, finding: Finding) -> SheetFinding:
        headers = self._kind.sheet
        header = headers[column - 1].header if 0 < column <= len(headers) else ""
        value = cells.raw[column][:_SHOWN] if column < len(cells.raw) else ""
        return SheetFinding(row.number, column, finding, header, value)

    def _compare(self, rows: Sequence[SheetRow], standing: Sequence[Answers]) -> None:
        """Note what only the rows that stand in the draft show: it is mended there."""
        if not standing:
            return
        before = len(standing)
        numbered = list(enumerate(standing, start=1))
        numbered += [(before + at, row.answers) for at, row in enumerate(rows, start=1)]
        labels = {one.name: one.label for one in self._kind.fields}
        for number, findings in check_between(self._kind, numbered).items():
            if number <= before:
                continue
            row = rows[number - before - 1]
            # What came of comparing rows: its code ends with the other one's number.
            told = {
                one.column for one in row.findings if one.finding.code.rpartition("_")[2].isdigit()
            }
            for one in findings:
                if self._column_of.get(one.field, 0) not in told:
                    message = _("Trong danh sách đang có: %(said)s") % {"said": one.finding.message}
                    finding = replace(one.finding, message=message)
                    label = labels.get(one.field, "")
                    row.afterwards.append(SheetFinding(row.number, 0, finding, label))


def _numbers_columns(values: Sequence[Any]) -> bool:
    """Say whether a row only counts the columns: (1) (2) (3) …, as printed forms do."""
    texts = [str(value).strip(" ()[]") for value in values if value is not None]
    counted = [str(number) for number in range(1, len(texts) + 1)]
    return len(texts) >= _FEW and texts == counted


def _way_out() -> str:
    return _("Tải bảng mẫu, dán dữ liệu vào; không đổi tên, không đổi thứ tự, không xóa cột.")


def _number_cell() -> Finding:
    message = _(
        "Ô ở dạng số nên có thể mất số 0 ở đầu. Hãy đối chiếu; nên định dạng ô là văn bản (Text)."
    )
    return Finding("number_not_text", message, Severity.WARNING)
