"""The spreadsheets of bodies and of communes: read, and empty ones to fill in."""

from __future__ import annotations

import codecs
import csv
import re
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date, datetime
from io import BytesIO, StringIO, TextIOWrapper
from itertools import chain, islice
from pathlib import Path
from typing import Any, TextIO

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from openpyxl import Workbook
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.utils.datetime import from_excel

from orgmerge.models import BodyList
from portal.core.rules import Refused, refuse
from portal.core.text.numbers import with_dots
from portal.core.text.vietnamese import nfc, search_key
from portal.core.web.sheets import cell
from requests_app.spreadsheets import MAX_ROWS
from requests_app.spreadsheets.workbook import open_sheet, too_many_rows

# By what a column is called in files made by machines: its Vietnamese header, how it is filled in.
BODIES = {
    "old_agency": (
        gettext_lazy("Đơn vị cũ"),
        gettext_lazy(
            "Bắt buộc. Mã định danh, tên đầy đủ, hoặc tên kèm tỉnh trong ngoặc; còn trùng thì kèm "
            "cấp trên hoặc cấp: UBND PHƯỜNG 1 (UBND THỊ XÃ A; Bạc Liêu), UBND THÀNH PHỐ B "
            "(cấp tỉnh)."
        ),
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
    "superior": (
        gettext_lazy("Đơn vị cấp trên mới"),
        gettext_lazy(
            "Trực thuộc ai sau sắp xếp: tên mới hoặc mã định danh. Cần ghi khi cấp trên cũ bị chia "
            "hoặc chấm dứt (trường, trạm của xã chia nhiều nơi); đơn vị khác để trống."
        ),
    ),
}
COMMUNES = {
    "old_code": (gettext_lazy("Mã xã cũ"), gettext_lazy("Giữ số 0 ở đầu.")),
    "old_name": (gettext_lazy("Tên xã cũ"), gettext_lazy("Bắt buộc. Ví dụ: Thị trấn Tân Uyên.")),
    "old_district": (gettext_lazy("Huyện cũ"), gettext_lazy("Để phân biệt các xã trùng tên.")),
    "old_province_code": (gettext_lazy("Mã tỉnh cũ"), ""),
    "old_province": (gettext_lazy("Tỉnh cũ"), gettext_lazy("Bắt buộc.")),
    "extent": (
        gettext_lazy("Phạm vi"),
        gettext_lazy("Bắt buộc. Toàn bộ (whole) hoặc Một phần (partly): không suy ra từ số dòng."),
    ),
    "new_code": (gettext_lazy("Mã xã mới"), gettext_lazy("Mỗi mã một tên, mỗi tên một mã.")),
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
_NEEDED: Mapping[str, set[str]] = {
    BodyList.Kind.COMMUNES: {"old_name", "old_province", "new_name", "extent"},
    BodyList.Kind.BODIES: {"old_agency", "new_name"},
}
_ZIP = b"PK\x03\x04"
_OLE = bytes.fromhex("d0cf11e0a1b11ae1")
_MOST_CELL = 350
_MOST_NAMED = 10  # rows or sheets in one sentence
_DAYS = range(36526, 73051)  # as a workbook counts: 2000 to 2099
DELIMITERS = ",;\t|"
_SEPARATOR = re.compile(rf'"?sep=([{DELIMITERS}])"?')
# Of a file a command reads: the nation's communes came to 81,084 rows of bodies (10 MB).
MOST_FILE_ROWS = 300_000
MOST_FILE_BYTES = 100 * 1024 * 1024

Record = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Records:
    """What a sheet says: of which kind, and its rows with their numbers, every cell as text."""

    kind: str
    rows: Sequence[tuple[int, Record]]


def read(content: bytes, *, kind: str = "", most_rows: int = MAX_ROWS) -> Records:
    """Return the rows of a file that hold anything; raise Refused for the file as a whole.

    Pages and commands read files by this alone: .xlsx, or text in UTF-8, UTF-16 or CP1258 with
    commas, semicolons or tabs. ``kind``: the list it has to be; either one where it is left out.
    """
    hidden: Set[int] = frozenset()
    if content.startswith((_ZIP, _OLE)):
        sheet = open_sheet(content, headers=list(COMMUNES), most_rows=most_rows)
        if sheet.others:
            raise _several_sheets([sheet.title, *sheet.others])
        rows = chain([(1, sheet.header)], sheet.rows)
        hidden = sheet.hidden
    else:
        rows = chain(
            rows_of_text(
                content, knows=lambda titles: any(columns_of(titles, one) for one in COLUMNS)
            )
        )
    header = next(rows, None)
    titles = header[1] if header else ()
    if not kind and not any(str(one or "").strip() for one in titles):
        raise _not_readable()
    kind, columns = _columns(titles, [kind] if kind else list(_NEEDED))
    found = []
    for number, values in rows:
        record = {
            name: cell_text(values[index], is_day=name == "effective_on")
            if index < len(values)
            else ""
            for index, name in columns.items()
        }
        if any(record.values()):
            found.append((number, record))
            if len(found) > most_rows:
                raise too_many_rows(number, most=most_rows)
    if not found:
        raise refuse(
            "no_rows",
            _("Bảng không có dòng dữ liệu nào."),
            way_out=_("Nhập danh sách từ dòng 2, ngay dưới dòng tiêu đề."),
        )
    if unseen := [number for number, _row in found if number in hidden]:
        raise _hidden_rows(unseen)
    if font := legacy_font(
        " ".join(cell for _n, row in found[:_LOOKED_AT] for cell in row.values())
    ):
        raise _in_legacy_font(font)
    return Records(kind, found)


def read_file(path: str, *, kind: str) -> Records:
    """Return the rows of a file on disk, "-" for standard input; raise Refused or OSError."""
    if path == "-":
        content = sys.stdin.buffer.read(MOST_FILE_BYTES + 1)
    else:
        with Path(path).open("rb") as stream:
            content = stream.read(MOST_FILE_BYTES + 1)
    if len(content) > MOST_FILE_BYTES:
        raise refuse(
            "too_large",
            _("Tệp lớn hơn %(most)d MB.") % {"most": MOST_FILE_BYTES // 1024 // 1024},
            way_out=_("Chia danh sách thành nhiều tệp, mỗi tệp một tỉnh."),
        )
    return read(content, kind=kind, most_rows=MOST_FILE_ROWS)


def rows_of_text(
    content: bytes, *, knows: Callable[[Sequence[str]], bool]
) -> Iterator[tuple[int, Sequence[Any]]]:
    """Yield the number and the cells of each line of a .csv; raise Refused for the file.

    ``knows`` says whether these are titles of such a list: by them the separator is found, below
    lines that are no table, and what has no sign of its encoding is taken for CP1258 only then.
    """
    stream = _decoded(content, knows)
    first, *others = [*islice(stream, _TITLES_WITHIN)] or [""]
    before = number = 0
    if told := _SEPARATOR.fullmatch(first.strip()):  # a line that Excel itself writes and reads
        delimiter, lines, before = told[1], chain(others, stream), 1
    else:
        separated = [(line, max(DELIMITERS, key=line.count)) for line in (first, *others)]
        named = (mark for line, mark in separated if mark in line and knows(line.split(mark)))
        delimiter, lines = next(named, separated[0][1]), chain([first], others, stream)
    try:
        # Strictly: a quotation mark that is never closed would swallow all rows after it.
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        for number, row in enumerate(reader, start=before + 1):
            yield number, row
    except csv.Error as error:
        raise refuse(
            "bad_quotes",
            _("Dòng %(row)d: dấu ngoặc kép mở không đóng hoặc đóng giữa ô, hoặc ô quá dài.")
            % {"row": number + 1},
            way_out=_("Sửa ô ấy, hoặc lưu lại dạng Excel Workbook (.xlsx)."),
        ) from error


_BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_MARKED_LETTERS = set("ăâđêôơưáàảãạấầẩẫậắằẳẵặéèẻẽẹếềểễệíìỉĩịóòỏõọốồổỗộớờởỡợúùủũụứừửữựýỳỷỹỵ")
# Letters typed with the fonts of before Unicode look like these when they are read as text.
_TCVN3 = re.compile("[a-z][\xa9-\xae\xb5-\xb9]|[\xa9-\xae\xb5\xb6\xb8\xb9][a-z]", re.IGNORECASE)
_VNI = re.compile("[äëïöüûøåæîñ]", re.IGNORECASE)
_TITLES_WITHIN = 20  # lines
_LOOKED_AT = 1000  # rows
_BEGINNING = 200  # bytes
_PIECE = 1024 * 1024  # bytes looked at together
_ENOUGH, _IN_LETTERS = 3, 200  # of them: at least three, and one in so many letters


def _decoded(content: bytes, knows: Callable[[Sequence[str]], bool]) -> TextIO:
    """Return the text of a file by its byte order mark, else as UTF-8, else as CP1258 when that
    makes Vietnamese words; raise Refused that names the encoding otherwise.

    It is looked at whole before, a piece at a time: of a large file no copy is made.
    """
    named = next((name for mark, name in _BYTE_ORDER_MARKS.items() if content.startswith(mark)), "")
    begins = content[:_BEGINNING]
    if not named and begins.count(0) * 4 > len(begins):  # UTF-16 without its mark: half of a is 0
        named = "utf-16-le" if begins[1::2].count(0) > begins[::2].count(0) else "utf-16-be"
    decoder = codecs.getincrementaldecoder(named or "utf-8")()
    try:
        for start in range(0, len(content), _PIECE):
            piece = content[start : start + _PIECE]
            if "\0" in decoder.decode(piece, final=start + _PIECE >= len(content)):
                raise _not_readable()
        return TextIOWrapper(BytesIO(content), named or "utf-8", newline="")
    except UnicodeDecodeError as error:
        if named or b"\0" in content:
            raise _not_readable() from error
    # Undefined bytes are no error here: what they stand in is no CP1258 anyway.
    text = unicodedata.normalize("NFC", content.decode("cp1258", "replace"))
    if font := legacy_font(content[: _LOOKED_AT * 100].decode("cp1252", "replace")):
        raise _in_legacy_font(font)
    first, second = [*text.split("\n", 2), ""][:2]
    header = second if _SEPARATOR.fullmatch(first.strip()) else first
    titles = re.split(f"[{DELIMITERS}]", header)
    if not knows(titles):
        raise _not_readable()
    letters = {one for one in text.lower() if not one.isascii() and one.isalpha()}
    if "\ufffd" in text or "\0" in text or not letters <= _MARKED_LETTERS:
        raise _not_readable()
    return StringIO(text, newline="")


def legacy_font(text: str) -> str:
    """Return the name of the encoding before Unicode that ``text`` was typed in; "" for none."""
    for name, pattern in (("TCVN3 (ABC, .VnTime)", _TCVN3), ("VNI", _VNI)):
        count = sum(1 for _found in pattern.finditer(text))
        if count >= _ENOUGH and count * _IN_LETTERS >= len(text):
            return name
    return ""


def columns_of(header: Iterable[Any], kind: str) -> dict[int, str]:
    """Return the name of each known column of a list of this kind by its place."""
    known = {search_key(str(words[0])): name for name, words in COLUMNS[kind].items()}
    known |= {search_key(name): name for name in COLUMNS[kind]}
    titles = (search_key(str(title or "")) for title in header)
    return {index: known[title] for index, title in enumerate(titles) if title in known}


def _columns(header: Sequence[Any], kinds: Sequence[str]) -> tuple[str, dict[int, str]]:
    """Return which list it is, and the name of each known column by its place."""
    columns = {kind: columns_of(header, kind) for kind in kinds}
    for kind, found in columns.items():
        if _NEEDED[kind] <= set(found.values()):
            if twice := {name for name in found.values() if list(found.values()).count(name) > 1}:
                raise _wrong_header(
                    _("Có hai cột cùng tiêu đề: %(names)s.") % {"names": _titles(kind, twice)}
                )
            return kind, found
    # The list it is most like: of that, what is missing.
    kind = max(kinds, key=lambda one: len(set(columns[one].values()) & _NEEDED[one]))
    missing = _NEEDED[kind].difference(columns[kind].values())
    raise _wrong_header(
        _("Dòng 1 không phải dòng tiêu đề của bảng mẫu. Thiếu cột: %(names)s.")
        % {"names": _titles(kind, missing)}
    )


def _titles(kind: str, names: Iterable[str]) -> str:
    wanted = [one for one in COLUMNS[kind] if one in set(names)]
    return ", ".join(f"{COLUMNS[kind][name][0]} ({name})" for name in wanted)


def cell_text(value: Any, *, is_day: bool = False) -> str:
    """Return a cell as text; days as people write them, also those a workbook has as numbers."""
    if value is None:
        return ""
    if is_day and isinstance(value, int | float) and value in _DAYS:
        value = from_excel(value)
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
        _(
            "Không đọc được tệp: không phải .xlsx, cũng không phải .csv mã hóa UTF-8, UTF-16 "
            "hay CP1258."
        ),
        way_out=_("Lưu lại dạng Excel Workbook (.xlsx) hoặc CSV UTF-8 rồi tải lên."),
    )


def _hidden_rows(numbers: Sequence[int]) -> Refused:
    shown = ", ".join(map(str, numbers[:_MOST_NAMED])) + ("…" if len(numbers) > _MOST_NAMED else "")
    return refuse(
        "hidden_rows",
        _("Bảng có %(count)s dòng đang ẩn (lọc hoặc ẩn): %(rows)s.")
        % {"count": with_dots(len(numbers)), "rows": shown},
        way_out=_("Bỏ lọc, hiện các dòng ấy, xóa dòng không dùng, rồi lưu và tải lên lại."),
    )


def _several_sheets(titles: Sequence[str]) -> Refused:
    return refuse(
        "several_sheets",
        _("Tệp có nhiều trang tính cùng dạng: %(titles)s.")
        % {"titles": ", ".join(titles[:_MOST_NAMED])},
        way_out=_("Gộp vào một trang, hoặc lưu mỗi trang thành một tệp."),
    )


def _in_legacy_font(name: str) -> Refused:
    return refuse(
        "legacy_font",
        _("Chữ trong tệp gõ bằng bảng mã cũ %(name)s, không phải Unicode.") % {"name": name},
        way_out=_("Chuyển mã sang Unicode (UTF-8) rồi lưu lại dạng .xlsx hoặc CSV UTF-8."),
    )


def columns_help(kind: str) -> str:
    """Return what a command's help says of the columns of a list."""
    lines = [
        f"  {name} – {header}: {hint}".rstrip(": ")
        for name, (header, hint) in COLUMNS[kind].items()
    ]
    limits = _(
        "Tệp .xlsx, hoặc .csv mã hóa UTF-8, UTF-16, CP1258, ngăn cách bằng dấu phẩy, chấm phẩy, "
        "tab hoặc dấu |; tối đa %(rows)s dòng, %(size)d MB."
    ) % {"rows": with_dots(MOST_FILE_ROWS), "size": MOST_FILE_BYTES // 1024 // 1024}
    return "\n".join([_("Các cột (tiêu đề tiếng Việt hoặc tên máy):"), *lines, "", limits])


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
