"""Official letters as PDF, laid out as Nghị định 30/2020/NĐ-CP (Phụ lục I) asks."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby
from typing import NamedTuple

from django.conf import settings
from django.template.loader import render_to_string

from portal.documents import codes
from portal.documents.layout import TAGGED, print_pdf
from portal.documents.pieces import Piece, join, print_piece

STYLESHEET = "letters/letter.css"
BLANK_NUMBER = (
    "Số:\u00a0\u00a0\u00a0\u00a0\u00a0\u00a0/…"  # no-break spaces: room to write the number in
)
# Phụ lục I: tables that are not made into appendices may lie on landscape pages.
MOST_COLUMNS_UPRIGHT = 8
LAST_MONTH_WITH_ZERO = 2  # January and February are written 01 and 02, March is 3
MOST_LETTERS_ON_A_LINE = 22  # of an issuer's name in box 2, clear of box 1
_WHOLE = re.compile(r"[0-9A-F]{16}(?:\n.{,16})?")  # a serial, and the number of its SIM below it
_NAMED_DOCUMENTS = frozenset({"BB", "TB", "BC", "TTr", "QĐ"})
_MARK = "×"  # noqa: RUF001 (as forms say)
_LEVEL = re.compile(r"(?<=dân) (?=tỉnh |thành phố |xã |phường |đặc khu )", re.IGNORECASE)
# Footnote of the decree's letters (Mẫu 01–06) to "người đứng đầu".
SIGNER_FOOTNOTE = (
    "Đối với Bộ Quốc phòng, Bộ Công an, Bộ Ngoại giao: người đứng đầu tổ chức cơ yếu trực thuộc ký."
)
CLOSING = "Trân trọng./."


class Column(NamedTuple):
    """A column of the list: its header, its CSS width, a header above several columns."""

    label: str
    width: str = ""
    group: str = ""


class Party(NamedTuple):
    """One of those who sign a named document, side by side at its end.

    ``is_issuer``: the head and the organisation of the issuing body sign here; the others' place
    is for a hand.
    """

    label: str
    lines: Sequence[str] = ()
    name: str = ""
    is_issuer: bool = False


class Cell(NamedTuple):
    """One cell of the list: its text, and the class of what stands on one line or in the middle."""

    text: str
    look: str


class HeaderCell(NamedTuple):
    """One cell of the list's header, which has one tier or two."""

    label: str
    columns: int = 1
    tiers: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """Everything that is printed, in the order of the page.

    Without ``kind_of_document`` it is a công văn with "V/v …" under its number; with it
    ("BIÊN BẢN", "THÔNG BÁO") a named document with a centred title. With ``parties`` these sign
    it, otherwise ``signer_lines`` and ``signer_name`` do. ``number`` and ``day`` stay blank until
    the agency's document system has given them.
    """

    agency: str
    subject: str
    place: str
    superior: str = ""
    number: str = ""
    day: date | None = None
    kind_of_document: str = ""
    addressees: Sequence[str] = ()
    opening: Sequence[str] = ()
    contact_title: str = ""
    contact: Sequence[Sequence[tuple[str, str]]] = ()
    list_title: str = ""
    columns: Sequence[tuple[str, str, str]] = ()
    rows: Sequence[Sequence[str]] = ()
    notes: Sequence[str] = ()
    closing: str = CLOSING
    recipients: Sequence[str] = ()
    signer_lines: Sequence[str] = ()
    signer_name: str = ""
    parties: Sequence[Party] = ()
    footnote: str = ""
    layout_note: str = ""
    lies_wide: bool = False  # few columns, long numbers in them
    code: str = ""  # drafts and previews have none
    template: str = "letters/petition.html"
    data: Mapping[str, object] | None = None  # of the dossier, enclosed as JSON

    @property
    def title(self) -> str:
        """What the file calls itself."""
        if self.kind_of_document:
            return f"{self.kind_of_document}: {self.subject}"
        return f"V/v {self.subject}"

    @property
    def is_wide(self) -> bool:
        """Say whether the list needs landscape pages to be legible."""
        return self.lies_wide or len(self.columns) > MOST_COLUMNS_UPRIGHT


class Part(NamedTuple):
    """Which rows of a long letter are printed together, and what stands around them."""

    rows: slice
    first_page: int
    is_last: bool

    @property
    def is_first(self) -> bool:
        return self.first_page == 1


def render(letter: Letter) -> bytes:
    """Return the letter as PDF/A-3a: tagged, its fonts embedded, its text to be selected."""
    if len(letter.rows) <= settings.LETTER_PIECE_ROWS:
        html = render_html(letter, for_screen=False)
        return print_pdf(html, stylesheet=STYLESHEET, variant=TAGGED, data=enclosed(letter))
    return join([piece.pdf for piece in render_pieces(letter)])


def enclosed(letter: Letter) -> bytes:
    """Return the data that go with a letter as JSON, nothing where it has none."""
    if letter.data is None:
        return b""
    written = json.dumps(letter.data, ensure_ascii=False, indent=1)
    return unicodedata.normalize("NFC", written).encode()


class Original(NamedTuple):
    """A letter printed to be kept, with its code; ``documents.store_letter`` keeps it."""

    pdf: bytes
    letter: Letter


def coded(letter: Letter) -> Letter:
    """Give a letter that is about to be printed for good its short code."""
    return replace(letter, code=codes.new_code())


def print_original(letter: Letter) -> Original:
    """Print a letter that is kept as it is, signed and sent; it gets its short code."""
    letter = coded(letter)
    return Original(render(letter), letter)


def render_pieces(letter: Letter) -> Iterator[Piece]:
    """Yield a long letter a piece at a time, each beginning where a page of the last ended.

    ``portal.documents.pieces.join`` makes the letter of them. WeasyPrint keeps every box of what it
    lays out until it is written: a piece takes some seconds and some 100 MB, the whole of a long
    letter more than a gigabyte.
    """
    done, pages, most = 0, 0, settings.LETTER_PIECE_ROWS
    while not pages or done < len(letter.rows):
        end = min(done + most, len(letter.rows))
        is_last = end == len(letter.rows)
        part = Part(slice(done, end), pages + 1, is_last)
        html = render_html(letter, for_screen=False, part=part)
        piece = print_piece(
            html,
            stylesheet=STYLESHEET,
            rows=end - done,
            is_last=is_last,
            variant=TAGGED,
            data=enclosed(letter) if part.is_first else b"",
        )
        if not piece.rows and not is_last:
            raise RuntimeError("a piece of a letter without a row of its list")
        yield piece
        done, pages = end if is_last else done + piece.rows, pages + piece.pages


def render_html(letter: Letter, *, for_screen: bool = True, part: Part | None = None) -> str:
    """Return the letter as HTML: the page that ``render`` prints, or a fragment for the screen.

    The fragment brings its own stylesheets. ``part``: of a long letter these rows alone.
    """
    return render_to_string(
        letter.template,
        {
            "letter": letter,
            "part": part,
            "is_first": part is None or part.is_first,
            "is_last": part is None or part.is_last,
            "superior": issuer_line(letter.superior),
            "agency": issuer_line(letter.agency),
            "number_line": number_line(letter.number),
            "date_line": date_line(letter.place, letter.day),
            "columns": [Column(*column) for column in letter.columns],
            "rows": [
                [Cell(text if for_screen else cell(text), look_of(text)) for text in row]
                for row in (letter.rows[part.rows] if part else letter.rows)
            ],
            "header_tiers": header_tiers(letter.columns),
            "for_screen": for_screen,
            "qr": codes.drawing(letter.code) if letter.code else "",
        },
    )


def number_line(number: str) -> str:
    """Return "Số: 12/UBND-VX", or the blank to be filled in. Numbers are never invented."""
    return f"Số: {number}" if number else BLANK_NUMBER


def filing_line(number: str, kept: str = "") -> str:
    """Return the last line of "Nơi nhận": at the records desk, and with whom, in how many copies.

    ``kept`` is what was typed ("VHXH (02)"); else it is the drafting unit that a công văn names at
    the end of its symbol ("12/UBND-VHXH"). That of a named document names its body there.
    """
    groups = number.partition("/")[2].split("-")
    if not kept and len(groups) > 1 and groups[0] not in _NAMED_DOCUMENTS:
        kept = groups[-1]
    return f"Lưu: VT, {kept}." if kept else "Lưu: VT."


def date_line(place: str, day: date | None) -> str:
    """Return the place and the day; days below 10 and months 1 and 2 get a leading zero."""
    if day is None:
        blank = "\u00a0" * 6
        return f"{place}, ngày{blank}tháng{blank}năm{blank}"
    month = f"{day.month:02}" if day.month <= LAST_MONTH_WITH_ZERO else str(day.month)
    return f"{place}, ngày {day:%d} tháng {month} năm {day.year}"


def issuer_line(name: str) -> str:
    """Return a body's name in capitals, a long one broken where its level begins ("XÃ …")."""
    if len(name) > MOST_LETTERS_ON_A_LINE:
        name = _LEVEL.sub("\n", name, count=1)
    return name.upper()


def header_tiers(columns: Sequence[tuple[str, str, str]]) -> list[list[HeaderCell]]:
    """Return the header's rows: one, or two where some columns stand under a common header."""
    named = [Column(*column) for column in columns]
    if not any(column.group for column in named):
        return [[HeaderCell(column.label) for column in named]]
    upper: list[HeaderCell] = []
    for group, members in groupby(named, key=lambda column: column.group):
        under = list(members)
        if group:
            upper.append(HeaderCell(group, columns=len(under)))
        else:
            upper.extend(HeaderCell(column.label, tiers=2) for column in under)
    return [upper, [HeaderCell(column.label) for column in named if column.group]]


def look_of(text: str) -> str:
    """Return "whole" for a serial, which is never broken, "mark" for a tick, else nothing."""
    if text == _MARK:
        return "mark"
    return "whole" if _WHOLE.fullmatch(text) else ""


def cell(text: str) -> str:
    """Return a cell's text for paper, where an e-mail address may break before "@" and ".".

    The zero-width spaces stay out of the PDF's text. (An element <wbr> takes a third more time.)
    """
    if "@" not in text:
        return text
    return text.replace("@", "\u200b@").replace(".", "\u200b.")
