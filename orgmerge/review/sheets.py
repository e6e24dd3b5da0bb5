"""Spreadsheets of a review: the list a body fills in, and what the office takes away."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from io import BytesIO
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from openpyxl import Workbook
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from orgmerge.models import ReviewReply
from orgmerge.review.lines import ReviewLine
from orgmerge.review.rules import FIELDS, OUTSIDE, Said
from orgmerge.vocabulary import ReviewAnswer
from portal.core.rules import Finding, refuse
from portal.core.text.numbers import with_dots
from portal.core.text.vietnamese import nfc, search_key
from portal.core.web.sheets import SheetColumn, cell
from requests_app.spreadsheets import MAX_ROWS
from requests_app.spreadsheets.workbook import open_sheet

_TITLE = "Ra soat"
_TEXT = "@"
_BOLD = Font(bold=True)
# What names a line: read back to see that rows were not shifted against their answers.
_KNOWN = (
    (gettext_lazy("STT"), 6),
    (gettext_lazy("Loại"), 18),
    (gettext_lazy("Tên"), 32),
    (gettext_lazy("Số định danh (đã che)"), 18),
    (gettext_lazy("Số hiệu chứng thư"), 20),
    (gettext_lazy("Hiệu lực đến"), 12),
    (gettext_lazy("Số hiệu thiết bị"), 20),
)
_STT, _SERIAL, _DEVICE = 0, 4, 6
_WIDTHS = {"answer": 30, "moves_to": 40, "unit": 28, "position_title": 24, "email": 32, "note": 32}
_ANSWERS = {
    search_key(str(word)): one.value for one in ReviewAnswer for word in (one.label, one.value)
}


@dataclass(frozen=True, slots=True)
class ReplyProgress:
    """A body of a round with how many lines it has, and has answered."""

    reply: ReviewReply
    total: int
    answered: int

    @property
    def state(self) -> str:
        """How far it is, in words."""
        if self.reply.sent_at is not None:
            return _("Đã gửi kết quả")
        if self.reply.listed_at is None:
            return _("Đang lập danh sách")
        return _("Đang ghi, chưa gửi") if self.answered else _("Chưa ghi dòng nào")

    @property
    def tone(self) -> str:
        """The colour that goes with it."""
        if self.reply.sent_at is not None:
            return "success"
        return "info" if self.answered else "warning"


@dataclass(slots=True)
class AnswerRow:
    """One row of an uploaded sheet: what it says of which line, and what was found in it."""

    number: int
    position: int
    said: Said
    known: Mapping[int, str]
    findings: list[tuple[str, Finding]] = field(default_factory=list)


def _moment(value: datetime | None) -> datetime | None:
    return timezone.localtime(value) if value else None


BODIES: Sequence[SheetColumn[ReplyProgress]] = (
    SheetColumn(gettext_lazy("Đơn vị"), lambda one: one.reply.agency.name, 50),
    SheetColumn(gettext_lazy("Tình trạng"), lambda one: one.state, 24),
    SheetColumn(gettext_lazy("Số dòng"), lambda one: one.total, 10),
    SheetColumn(gettext_lazy("Đã có kết quả"), lambda one: one.answered, 14),
    SheetColumn(gettext_lazy("Gửi lúc"), lambda one: _moment(one.reply.sent_at), 18),
    SheetColumn(
        gettext_lazy("Người gửi"),
        lambda one: one.reply.sent_by.full_name if one.reply.sent_by else "",
        24,
    ),
)
LINES: Sequence[SheetColumn[ReviewLine]] = (
    SheetColumn(gettext_lazy("Đơn vị"), lambda one: one.item.reply.agency.name, 50),
    SheetColumn(gettext_lazy("STT"), lambda one: one.item.position, 6),
    SheetColumn(gettext_lazy("Loại"), lambda one: one.sort, 18),
    SheetColumn(gettext_lazy("Tên"), lambda one: one.name, 32),
    SheetColumn(gettext_lazy("Số hiệu chứng thư"), lambda one: one.serial, 20),
    SheetColumn(gettext_lazy("Số hiệu thiết bị"), lambda one: one.device_serial, 20),
    SheetColumn(gettext_lazy("Kết quả rà soát"), lambda one: one.answer, 30),
    SheetColumn(gettext_lazy("Chuyển đến đơn vị"), lambda one: one.goes_to, 40),
    SheetColumn(gettext_lazy("Bộ phận mới"), lambda one: one.item.unit, 28),
    SheetColumn(gettext_lazy("Chức vụ mới"), lambda one: one.item.position_title, 24),
    SheetColumn(gettext_lazy("Thư điện tử công vụ mới"), lambda one: one.item.email, 32),
    SheetColumn(gettext_lazy("Ghi chú"), lambda one: one.item.note, 32),
    SheetColumn(
        gettext_lazy("Người ghi"),
        lambda one: one.item.answered_by.full_name if one.item.answered_by else "",
        24,
    ),
    SheetColumn(gettext_lazy("Sở ghi thay"), lambda one: "x" if one.is_for_them else "", 12),
    SheetColumn(gettext_lazy("Ghi lúc"), lambda one: _moment(one.item.answered_at), 18),
)


def write(lines: Iterable[ReviewLine]) -> bytes:
    """Return a body's list as a sheet to fill in, with what was said already and how to write."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(_TITLE)
    sheet.freeze_panes = "D2"
    widths = [width for _header, width in _KNOWN] + [_WIDTHS[name] for name in FIELDS]
    for index, width in enumerate(widths, start=1):
        dimension = sheet.column_dimensions[get_column_letter(index)]
        dimension.width, dimension.number_format = width, _TEXT
    sheet.append([_bold(sheet, text) for text in headers()])
    for line in lines:
        sheet.append([_text_cell(sheet, text) for text in _texts(line)])
    # Offer the answers as a drop-down list; a hint, what is read is checked all the same.
    column = get_column_letter(len(_KNOWN) + 1)
    guide = _("Hướng dẫn")
    source = f"'{guide}'!$A$2:$A${len(ReviewAnswer) + 1}"
    validation = DataValidation(type="list", formula1=source, allow_blank=True)
    validation.add(f"{column}2:{column}{MAX_ROWS + 1}")
    sheet.data_validations.append(validation)
    _guide(book)
    stream = BytesIO()
    book.save(stream)
    return stream.getvalue()


def headers() -> list[str]:
    """Return the titles of the columns, in their order."""
    return [str(header) for header, _width in _KNOWN] + [str(label) for label in FIELDS.values()]


def read(content: bytes) -> list[AnswerRow]:
    """Return the rows that hold anything; raise Refused for a file that is no such sheet."""
    titles = headers()
    sheet = open_sheet(content, headers=titles)
    shown = [search_key(title) for title in sheet.header[: len(titles)]]
    if shown != [search_key(title) for title in titles]:
        raise refuse(
            "wrong_header",
            _("Dòng 1 không phải dòng tiêu đề của danh sách rà soát."),
            way_out=_("Tải danh sách về từ trang rà soát, ghi vào đó; không đổi tên, thứ tự cột."),
        )
    rows = [_row(number, values) for number, values in sheet.rows if any(map(_text, values))]
    if not rows:
        raise refuse(
            "no_rows",
            _("Bảng không có dòng dữ liệu nào."),
            way_out=_("Tải danh sách về, ghi kết quả vào các cột bên phải rồi tải lên."),
        )
    first: dict[int, int] = {}
    for row in rows:
        before = first.setdefault(row.position, row.number)
        if before != row.number and row.position:
            message = _("Trùng STT với dòng %(row)d của bảng.") % {"row": before}
            row.findings.append(("STT", Finding("double_row", message)))
    return rows


def check_known(row: AnswerRow, line: ReviewLine | None) -> None:
    """Note when a row is not about the line its number says: rows were shifted or added."""
    if line is None:
        message = _("Danh sách của đơn vị không có dòng số này.")
        row.findings.append(("STT", Finding("unknown_row", message)))
        return
    expected = {_SERIAL: line.serial, _DEVICE: line.device_serial}
    if any(row.known[index] != text for index, text in expected.items()):
        message = _(
            "Số hiệu chứng thư, thiết bị không còn đúng với dòng %(row)d của danh sách (%(name)s)."
        ) % {"row": row.position, "name": line.name}
        row.findings.append((str(_KNOWN[_SERIAL][0]), Finding("shifted_row", message)))


def _row(number: int, values: Sequence[Any]) -> AnswerRow:
    texts = [_text(value) for value in values] + [""] * len(headers())
    named = dict(zip(FIELDS, texts[len(_KNOWN) :], strict=False))
    typed = named["answer"]
    said = Said(**named | {"answer": _ANSWERS.get(search_key(typed), typed)})
    place = texts[_STT]
    is_number = place.isascii() and place.isdigit() and len(place) < _MOST_DIGITS
    return AnswerRow(
        number,
        int(place) if is_number else 0,
        said,
        {index: texts[index] for index in (_SERIAL, _DEVICE)},
    )


_MOST_DIGITS = 9


def _text(value: Any) -> str:
    """Return a cell as text: numbers that a spreadsheet made of it as they were typed."""
    if value is None:
        return ""
    if isinstance(value, datetime | date):
        return f"{value:%d/%m/%Y}"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return nfc(str(value))


def _texts(line: ReviewLine) -> list[str]:
    certificate = line.item.certificate
    ends = f"{timezone.localtime(certificate.not_after):%d/%m/%Y}" if certificate else ""
    known = [
        str(line.item.position),
        line.sort,
        line.name,
        line.identity,
        line.serial,
        ends,
        line.device_serial,
    ]
    said = {one.name: one.value for one in line.cells}
    said["answer"] = line.answer
    return known + [said[name] for name in FIELDS]


def _text_cell(sheet: Any, text: str) -> Any:
    made = cell(sheet, text)
    made.number_format = _TEXT
    return made


def _bold(sheet: Any, text: str) -> Any:
    made = _text_cell(sheet, text)
    made.font = _BOLD
    return made


def _guide(book: Workbook) -> None:
    guide = book.create_sheet(_("Hướng dẫn"))
    guide.column_dimensions["A"].width, guide.column_dimensions["B"].width = 40, 100
    guide.append([_bold(guide, _("Kết quả rà soát")), _bold(guide, _("Khi nào ghi"))])
    for one in ReviewAnswer:
        guide.append(
            [cell(guide, str(one.label)), cell(guide, str(_HINTS[one]) % {"out": OUTSIDE})]
        )
    for text in (
        _("Để trống kết quả: dòng ấy giữ như đang có trên hệ thống, không bị xóa."),
        _("Không đổi tên, thứ tự các cột; không sửa các cột từ STT đến Số hiệu thiết bị."),
        _("Mỗi lần nhập tối đa %(most)s dòng.") % {"most": with_dots(MAX_ROWS)},
    ):
        guide.append([cell(guide, ""), cell(guide, text)])


_HINTS = {
    ReviewAnswer.CONTINUES: gettext_lazy(
        "Dùng tiếp; ghi bộ phận, chức vụ, thư điện tử mới nếu có."
    ),
    ReviewAnswer.MOVES: gettext_lazy("Ghi tên đầy đủ của đơn vị đến, hoặc “%(out)s”."),
    ReviewAnswer.NOT_NEEDED: gettext_lazy(
        "Không cần chứng thư, thiết bị nữa: sẽ thu hồi, nộp lại."
    ),
    ReviewAnswer.LEFT: gettext_lazy("Chỉ với cá nhân: nghỉ hưu, thôi việc, từ trần."),
    ReviewAnswer.DEVICE_NOT_FOUND: gettext_lazy(
        "Thiết bị thất lạc: sẽ lập biên bản xác nhận (Mẫu 09)."
    ),
}
