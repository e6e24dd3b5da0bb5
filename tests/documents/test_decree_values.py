"""Every kind of paper, measured on its printed pages against the decree's values.

The values are those of Nghị định 30/2020/NĐ-CP, Phụ lục I (Phần I, and mục V, the table of sizes);
the pages are read by ``tests.documents.reader``, which knows no stylesheet of ours.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from inspect import isfunction, ismodule
from itertools import chain, pairwise, product
from pathlib import Path
from typing import NamedTuple

import pytest

from portal.documents import layout, letters
from portal.documents.letters import Letter
from tests.amounts import IS_LONG
from tests.documents import builders, papers, reader
from tests.documents.papers import PAPERS, SIGNERS
from tests.documents.reader import Glyph, Page, Row, Rule, rows_of, without_blanks

pytestmark = pytest.mark.django_db
MM = 72 / 25.4
HAIR = 1.5  # pt: what two edges or middles may differ by and still be one to the eye
FONTS = ("Liberation-Serif", "Times-New-Roman", "Tinos")  # one set of measures


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """How the decree wants one block: its box in Phụ lục I, its letters, where it stands."""

    box: str
    sizes: tuple[float, float] = (13, 14)
    is_bold: bool = False
    is_italic: bool = False
    is_capital: bool | None = False  # None: as it comes
    lines: int = 0  # 0: as many as it takes
    middle_of: str = ""  # the block whose middle is its own
    rule: tuple[float, float] | None = None  # below it, in parts of its longest line


VALUES: Mapping[str, Value] = {
    "nation": Value(box="1", sizes=(12, 13), is_bold=True, is_capital=True, lines=1),
    "motto": Value(box="1", is_bold=True, lines=1, middle_of="nation", rule=(0.99, 1.01)),
    "superior": Value(box="2", sizes=(12, 13), is_capital=True, middle_of="issuer"),
    "issuer": Value(box="2", sizes=(12, 13), is_bold=True, is_capital=True, rule=(1 / 3, 1 / 2)),
    "number": Value(box="3", sizes=(13, 13), is_capital=None, lines=1, middle_of="issuer"),
    "date": Value(box="4", is_italic=True, lines=1, middle_of="nation"),
    "type": Value(box="5a", is_bold=True, is_capital=True, lines=1, middle_of="page"),
    "title": Value(box="5a", is_bold=True, middle_of="page", rule=(1 / 3, 1 / 2)),
    "about": Value(box="5b", sizes=(12, 13), middle_of="issuer"),
    "to": Value(box="9a"),
    "addressee": Value(box="9a"),
    "body": Value(box="6"),
    "heading": Value(box="6", is_bold=True, is_capital=None),
    "field": Value(box="6", is_capital=None),
    "signer": Value(box="7a", is_bold=True, is_capital=True),
    "name": Value(box="7b", is_bold=True, lines=1, middle_of="signer"),
    "recipients": Value(box="9b", sizes=(12, 12), is_bold=True, is_italic=True, lines=1),
    "recipient": Value(box="9b", sizes=(11, 11)),
    "page number": Value(box="page", lines=1, middle_of="page"),
}
SHEET_SIZE = (210 * MM, 297 * MM)
LEFT, RIGHT, ABOVE, BELOW = (30, 35), (15, 20), (20, 25), (20, 25)  # margins, mm
INDENTS = (10, 12.7)  # mm, of a paragraph's first line
BETWEEN_PARAGRAPHS = 6  # pt at least, and as much between the number and "V/v"
LINE_SPACING = (1.0, 1.5)
# Of three lines on an upright page, and on one that lies across.
LONG_NAMES = (
    "Trung tâm Công nghệ thông tin và Truyền thông tỉnh Lai Châu",
    "Trung tâm Công nghệ thông tin và Truyền thông, Phục vụ hành chính công của tỉnh Lai Châu",
)
SINGLE = 1.149  # a line of Times New Roman set single, in parts of its size


class Block(NamedTuple):
    """A block as it was found: which, its lines."""

    name: str
    rows: Sequence[Row]

    @property
    def middle(self) -> float:
        widest = max(self.rows, key=lambda row: row.right - row.left)
        return widest.middle

    @property
    def width(self) -> float:
        return max(row.right - row.left for row in self.rows)


@dataclass(frozen=True, slots=True)
class Frame:
    """What the margins leave of a page."""

    left: float
    right: float

    @property
    def middle(self) -> float:
        return (self.left + self.right) / 2


def texts_of(letter: Letter) -> Iterator[tuple[str, str]]:
    """Yield the name and the text of each block, in the order of the page."""
    if letter.superior:
        yield "superior", letters.issuer_line(letter.superior)
    yield "issuer", letters.issuer_line(letter.agency)
    yield "nation", "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"
    yield "motto", "Độc lập - Tự do - Hạnh phúc"
    yield "number", letters.number_line(letter.number)
    if not letter.kind_of_document:
        yield "about", f"V/v {letter.subject}"
    yield "date", letters.date_line(letter.place, letter.day)
    if letter.kind_of_document:
        yield "type", letter.kind_of_document.upper()
        yield "title", letter.subject
    yield from _texts_of_body(letter)
    yield from _texts_of_end(letter)


def _texts_of_body(letter: Letter) -> Iterator[tuple[str, str]]:
    if letter.addressees:
        yield "to", "Kính gửi:"
    if len(letter.addressees) == 1:
        yield "addressee", f"{letter.addressees[0]}."
    else:
        for addressee in letter.addressees:
            yield "addressee", f"- {addressee}{'.' if addressee == letter.addressees[-1] else ';'}"
    for paragraph in letter.opening:
        yield "body", paragraph
    if letter.contact:
        yield "heading", f"1. {letter.contact_title}:"
    for line in letter.contact:
        yield "field", " ".join(f"{label}: {value}" for label, value in line)
    if letter.columns:
        yield "heading", f"{'2. ' if letter.contact else ''}{letter.list_title}:"
    if letter.closing:
        yield "body", letter.closing


def _texts_of_end(letter: Letter) -> Iterator[tuple[str, str]]:
    for party in letter.parties:
        yield from (("party", line) for line in (party.label, *party.lines))
    yield from (("party name", party.name) for party in letter.parties if party.name)
    if letter.recipients:
        yield "recipients", "Nơi nhận:"
    yield from (("recipient", f"- {one}") for one in letter.recipients)
    if not letter.parties:
        yield from (("signer", line) for line in letter.signer_lines)
        if letter.signer_name:
            yield "name", letter.signer_name


def blocks_of(pages: Sequence[Page], letter: Letter) -> list[Block]:
    """Return the blocks of a letter as they are printed."""
    glyphs = [
        one for page in pages for one in page.glyphs if one.base > ABOVE[0] * MM
    ]  # those above it are page numbers
    owners = [at for at, one in enumerate(glyphs) for _letter in one.text]
    printed = "".join(one.text for one in glyphs).lower()
    found, at = [], 0
    for name, text in texts_of(letter):
        sought = without_blanks(text).lower()
        place = printed.find(sought, at)
        assert place >= 0, f"{name} is not printed: {text}"
        at = place + len(sought)
        found.append(Block(name, rows_of(glyphs[owners[place] : owners[at - 1] + 1])))
    return found


def deviations(pdf: bytes, letter: Letter, *, issuer_lines: int = 0) -> list[str]:
    """Name what deviates from the decree: the block's box, the block, what is wrong.

    ``issuer_lines``: in how many lines the issuer's name is to stand; 0 is as many as it takes.
    """
    pages = reader.read(pdf)
    blocks = blocks_of(pages, letter)
    frame = frame_of(blocks)
    if issuer_lines:
        [issuer] = [block for block in blocks if block.name == "issuer"]
        assert len(issuer.rows) == issuer_lines
    return [
        f"{VALUES[name].box} {name}: {what}".removeprefix("page ")
        if name in VALUES
        else f"{name}: {what}"
        for name, what in chain(
            _of_pages(pages, frame),
            *(_of_letters(block) for block in blocks),
            _of_middles(blocks, frame),
            _of_rules(pages, blocks),
            _of_head(blocks, frame),
            _of_addressees(blocks),
            _of_paragraphs(blocks, frame),
            _of_gaps(blocks),
            _of_signers(blocks, frame),
            _of_recipients(blocks, frame),
        )
    ]


def _is(value: float, least: float, most: float, by: float = 0.05) -> bool:
    return least - by <= value <= most + by


def frame_of(blocks: Sequence[Block]) -> Frame:
    """Return the edges of the text: what stands at the left, and the fullest line."""
    rows = [row for block in blocks if block.name in ("body", "recipient") for row in block.rows]
    return Frame(min(row.left for row in rows), max(row.right for row in rows))


def _of_pages(pages: Sequence[Page], frame: Frame) -> Iterator[tuple[str, str]]:
    for number, page in enumerate(pages, start=1):
        place = f"page {number}"
        size = sorted((page.width, page.height))
        if any(abs(one - asked) > 1 for one, asked in zip(size, SHEET_SIZE, strict=True)):
            yield place, f"{page.width / MM:.0f} by {page.height / MM:.0f} mm, no A4"
        above = [one for one in page.glyphs if one.base <= ABOVE[0] * MM]
        text = [one for one in page.glyphs if one.base > ABOVE[0] * MM]
        if "".join(one.text for one in above) != (str(number) if number > 1 else ""):
            yield "page number", f"{''.join(one.text for one in above)!r} on page {number}"
        elif above:
            row = Row(above)
            yield from _of_letters(Block("page number", [row]))
            if abs(row.middle - frame.middle) > HAIR:
                yield "page number", f"not in the middle of page {number}"
        drawn: list[Glyph | Rule] = [*text, *page.rules]
        edges = {
            "left": (min(one.left for one in drawn), LEFT),
            "right": (page.width - max(one.right for one in drawn), RIGHT),
            "top": (min(one.top for one in text), ABOVE),
            "bottom": (page.height - max(one.bottom for one in text), BELOW),
        }
        for name, (edge, (least, most)) in edges.items():
            full = name in ("top", "left") and number == 1
            if not _is(edge / MM, least, most if full else 1000, by=0.2):
                yield place, f"its {name} margin is {edge / MM:.1f} mm"
        if not _is((page.width - frame.right) / MM, *RIGHT, by=0.2):
            yield place, f"its lines end {(page.width - frame.right) / MM:.1f} mm before its edge"
        odd = {one.font for one in page.glyphs if not one.font.startswith(FONTS)}
        if odd:
            yield place, f"set in {', '.join(sorted(odd))}"


def _of_letters(block: Block) -> Iterator[tuple[str, str]]:
    value = VALUES[{"party": "signer", "party name": "name"}.get(block.name, block.name)]
    glyphs = [one for row in block.rows for one in row.glyphs]
    least, most = value.sizes
    for size in sorted({round(one.size, 1) for one in glyphs}):
        if not _is(size, least, most):
            yield block.name, f"size {size:g}, not {least:g}–{most:g}"
    for word, is_wanted in (("Bold", value.is_bold), ("Italic", value.is_italic)):
        if any((word in one.font) is not is_wanted for one in glyphs):
            yield block.name, f"{word.lower()}, wrongly" if not is_wanted else f"not {word.lower()}"
    text = "".join(one.text for one in glyphs)
    if value.is_capital is not None and text.isupper() is not value.is_capital:
        yield block.name, f"{'no' if value.is_capital else 'all'} capitals"
    if value.lines and len(block.rows) != value.lines:
        yield block.name, f"{len(block.rows)} lines"
    if any(sum(one.colour) for one in glyphs):
        yield block.name, "not black"


def _of_middles(blocks: Sequence[Block], frame: Frame) -> Iterator[tuple[str, str]]:
    middles = {block.name: block.middle for block in reversed(blocks)} | {"page": frame.middle}
    for block in blocks:
        value = VALUES.get(block.name)
        if value is None or not value.middle_of:
            continue
        if block.name == "date" and not block.rows[-1].text[-1].isdigit():
            continue  # room for the year is left at its end, and not seen
        for row in block.rows:
            if abs(row.middle - middles[value.middle_of]) > HAIR:
                yield block.name, f"{row.middle - middles[value.middle_of]:+.1f} pt off its middle"


def _of_rules(pages: Sequence[Page], blocks: Sequence[Block]) -> Iterator[tuple[str, str]]:
    for block in blocks:
        value = VALUES.get(block.name)
        if value is None or value.rule is None:
            continue
        last = block.rows[-1]
        below = [
            rule
            for rule in pages[last.page].rules
            if 0 < rule.y - last.base < last.size and rule.left < last.middle < rule.right
        ]
        if len(below) != 1:
            yield block.name, f"{len(below)} rules below it"
            continue
        [rule] = below
        share = (rule.right - rule.left) / block.width
        if not _is(share, *value.rule, by=0.005):
            yield block.name, f"its rule is {share:.2f} of it"
        if abs((rule.left + rule.right) / 2 - block.middle) > HAIR:
            yield block.name, "its rule is off its middle"


def _of_head(blocks: Sequence[Block], frame: Frame) -> Iterator[tuple[str, str]]:
    one = {block.name: block for block in blocks}
    first = one.get("superior", one["issuer"])
    if abs(first.rows[0].base - one["nation"].rows[0].base) > HAIR:
        yield first.name, "not on the nation's line"
    if not one["issuer"].middle < frame.middle < one["nation"].middle:
        yield "nation", "not at the right of the issuer"
    if max(row.right for row in one["issuer"].rows) >= one["nation"].rows[0].left:
        yield "issuer", "runs into the nation"
    if abs(one["date"].rows[0].base - one["number"].rows[0].base) > HAIR:
        yield "date", "not on the number's line"
    if "about" in one:
        upper, lower = one["number"].rows[-1].glyphs[0], one["about"].rows[0].glyphs[0]
        if not _is(lower.top - upper.bottom, BETWEEN_PARAGRAPHS, 2 * BETWEEN_PARAGRAPHS, by=0.5):
            yield "about", f"{lower.top - upper.bottom:.1f} pt below the number"


def _of_addressees(blocks: Sequence[Block]) -> Iterator[tuple[str, str]]:
    addressees = [block for block in blocks if block.name == "addressee"]
    if not addressees:
        return
    [to] = [block.rows[0] for block in blocks if block.name == "to"]
    if len(addressees) == 1:
        if addressees[0].rows[0].base != to.base:
            yield "addressee", "alone, and not on the line of “Kính gửi:”"
        return
    for block in addressees:
        off = block.rows[0].left - to.glyphs[-1].left
        if abs(off) > HAIR:
            yield "addressee", f"{off:+.1f} pt from the colon"
        if any(row.left <= block.rows[0].left for row in block.rows[1:]):
            yield "addressee", "its second line stands under the dash"


def _of_paragraphs(blocks: Sequence[Block], frame: Frame) -> Iterator[tuple[str, str]]:
    for block in blocks:
        if block.name not in ("body", "heading", "field"):
            continue
        indent = (block.rows[0].left - frame.left) / MM
        if not any(_is(indent, asked, asked, by=0.4) for asked in INDENTS):
            yield block.name, f"begins {indent:.1f} mm from the margin"
    for block in blocks:
        if block.name != "body":
            continue
        for upper, lower in pairwise(block.rows):
            spacing = (lower.base - upper.base) / (SINGLE * upper.size)
            if upper.page == lower.page and not _is(spacing, *LINE_SPACING):
                yield "body", f"lines {spacing:.2f} apart"
            if abs(lower.left - frame.left) > HAIR:
                yield "body", f"a line begins {(lower.left - frame.left) / MM:.1f} mm in"
            if abs(upper.right - frame.right) > HAIR:
                yield "body", f"a line ends {frame.right - upper.right:.1f} pt before the margin"


def _of_gaps(blocks: Sequence[Block]) -> Iterator[tuple[str, str]]:
    for above, below in pairwise(blocks):
        upper, lower = above.rows[-1], below.rows[0]
        gap = lower.base - upper.base - SINGLE * lower.size
        follows = above.name in ("body", "field") and below.name in ("body", "heading", "field")
        if follows and upper.page == lower.page and gap < BETWEEN_PARAGRAPHS - 0.05:
            yield below.name, f"{gap:.1f} pt after the paragraph above"


def _of_signers(blocks: Sequence[Block], frame: Frame) -> Iterator[tuple[str, str]]:
    own = [row for block in blocks if block.name == "signer" for row in block.rows]
    for row in own:
        if row.left < frame.middle - HAIR:
            yield "signer", "reaches into the left half"
        if abs(row.middle - own[0].middle) > HAIR:
            yield "signer", "its lines have no common middle"
    for block in blocks:
        if block.name == "name" and block.rows[0].base <= own[-1].base:
            yield "name", "not below the signer's office"
        if block.name == "recipients" and own:
            off = block.rows[0].base - own[0].base
            if abs(off) > HAIR:
                yield "recipients", f"{off:+.1f} pt from the signer's line"


def _of_recipients(blocks: Sequence[Block], frame: Frame) -> Iterator[tuple[str, str]]:
    for block in blocks:
        is_one = block.name in ("recipients", "recipient")
        if is_one and abs(block.rows[0].left - frame.left) > HAIR:
            yield block.name, "not at the left margin"
    listed = ["".join(row.text for row in one.rows) for one in blocks if one.name == "recipient"]
    for text in listed:
        if not text.startswith("-") or not text.endswith("." if text == listed[-1] else ";"):
            yield "recipient", f"written {text}"
    if listed and not listed[-1].startswith("-Lưu:VT"):
        yield "recipient", "nothing is kept at the desk"


def trials(name: str, at: int) -> Iterator[tuple[int, str, bool]]:
    """Yield the rows, the signer and the length of the issuer's name that a kind is tried with:
    in the long run each with each, else each once, and not the same ones together for each kind."""
    if IS_LONG:
        yield from product((1, 30), SIGNERS, (False, True))
        yield 500, tuple(SIGNERS)[at % len(SIGNERS)], at % 2 == 0
        return
    forms = tuple(SIGNERS)
    yield 1, forms[at % len(forms)], at % 2 == 0
    yield 30, forms[(at + 1) % len(forms)], at % 2 == 1
    if name == "refusal":
        yield 250, forms[(at + 2) % len(forms)], True  # printed in two pieces


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "rows", "form", "has_long_name"),
    [(name, *one) for at, name in enumerate(PAPERS) for one in trials(name, at)],
)
def test_a_paper_has_the_values_of_the_decree(
    name: str, rows: int, form: str, has_long_name: bool
) -> None:
    letter = letters.coded(PAPERS[name](papers.order(form, rows)))
    if has_long_name:
        letter = replace(letter, agency=LONG_NAMES[letter.is_wide])

    pdf = letters.render(letter)

    assert deviations(pdf, letter, issuer_lines=3 if has_long_name else 1) == []


BENT: Sequence[tuple[Letter, Mapping[str, str]]] = (
    (
        builders.recovery(),
        {
            "@page { size: A5 }": "page 1: 148 by 210 mm, no A4",
            ".letter-body p { font-family: DejaVu Sans }": "page 1: set in DejaVu",
            "@page { @top-center { content: none } }": "page number: '' on page 2",
        },
    ),
    (
        builders.recovery(40),
        {
            "@page { margin-left: 25mm }": "page 1: its left margin is 25.0 mm",
            "@page { margin-right: 22mm }": "page 1: its lines end 22",
            "@page { margin-top: 30mm }": "page 1: its top margin is 30",
            "@page { @top-center { font-size: 11pt } }": "page number: size 11, not 13–14",
        },
    ),
    (
        builders.recovery(),
        {
            ".letter-country { font-size: 11pt }": "1 nation: size 11, not 12–13",
            ".letter-motto { font-style: italic }": "1 motto: italic, wrongly",
            ".letter-motto span { border: 0 }": "1 motto: 0 rules below it",
            ".letter-superior { font-weight: bold }": "2 superior: bold, wrongly",
            ".letter-agency { text-transform: lowercase }": "2 issuer: no capitals",
            ".letter-agency span::after { width: 90% }": "2 issuer: its rule is 0.9",
            ".letter-number { font-size: 14pt }": "3 number: size 14, not 13–13",
            ".letter-date { text-align: right }": "4 date: +",
            ".letter-subject { padding-top: 0 }": "5b about: 1.",
            ".letter-addressee { padding-left: 8em }": "9a addressee: +",
            ".letter-body p { text-align: left }": "6 body: a line ends",
            ".letter-body p { line-height: 1.8 }": "6 body: lines 1.57 apart",
            ".letter-signer-line { margin-left: -60mm }": "7a signer: reaches into the left half",
            ".letter-recipients-title { font-style: normal }": "9b recipients: not italic",
            ".letter-recipients { padding-top: 9mm }": "9b recipients: +",
        },
    ),
    (
        builders.recovery(),
        {
            ".letter-country { font-weight: normal }": "1 nation: not bold",
            ".letter-motto span { padding-right: 5mm }": "1 motto: its rule is 1.09 of it",
            ".letter-number { padding-top: 0 }": "4 date: not on the number's line",
            ".letter-body p { text-indent: 8mm }": "6 body: begins 8.0 mm from the margin",
            ".letter-body p { color: #003 }": "6 body: not black",
            ".letter-contact { margin-top: 3pt }": "6 field: 3.7 pt after the paragraph above",
            ".letter-signer-line { text-transform: lowercase }": "7a signer: no capitals",
            ".letter-signer-name { text-align: right }": "7b name: +",
            ".letter-recipients p { font-size: 12pt }": "9b recipient: size 12, not 11–11",
            ".letter-recipients { padding-left: 9mm }": "9b recipients: not at the left margin",
        },
    ),
    (
        builders.minutes(),
        {
            ".letter-kind { font-size: 15pt }": "5a type: size 15, not 13–14",
            ".letter-title-subject { font-weight: normal }": "5a title: not bold",
            ".letter-title-subject span::after { width: 20% }": "5a title: its rule is 0.20 of it",
            ".letter-party-label { font-size: 12pt }": "party: size 12, not 13–14",
        },
    ),
)


@pytest.mark.parametrize(("letter", "bends"), BENT)
def test_what_deviates_is_named(letter: Letter, bends: Mapping[str, str]) -> None:
    style = "\n".join(bent.replace(" }", " !important }", 1) for bent in bends)
    html = letters.render_html(letter, for_screen=False)

    pdf = layout.print_pdf(
        html.replace("</head>", f"<style>{style}</style></head>"), stylesheet=letters.STYLESHEET
    )

    found = deviations(pdf, letter)
    missed = [one for one in bends.values() if not any(line.startswith(one) for line in found)]
    assert missed == [], found


@pytest.mark.parametrize("letter", [one for one, _bends in BENT[1:]])
def test_nothing_is_named_where_nothing_deviates(letter: Letter) -> None:
    assert deviations(letters.render(letter), letter) == []


@pytest.mark.parametrize("rows", [1, 30])
def test_an_annex_has_the_pages_of_the_decree(rows: int) -> None:
    pages = reader.read(papers.annex(rows))

    rules = [rule for page in pages for rule in page.rules]
    frame = Frame(min(rule.left for rule in rules), max(rule.right for rule in rules))
    assert list(_of_pages(pages, frame)) == []
    kind = next(row for row in rows_of(pages[0].glyphs) if row.text.lower() == "phụlục")
    assert {(round(one.size, 1), "Bold" in one.font) for one in kind.glyphs} == {(14, True)}
    assert kind.middle == pytest.approx(frame.middle, abs=HAIR)


def test_every_function_that_makes_a_letter_is_measured() -> None:
    """A new paper is added to ``tests.documents.papers.PAPERS``, which imports what makes it."""
    makers = set()
    folders = [Path(one) for one in ("portal", "requests_app", "orgmerge", "devices")]
    for path in chain.from_iterable(folder.rglob("*.py") for folder in folders):
        text = path.read_text("utf-8")
        if "Letter(" not in text or "portal/demo/" in path.as_posix():
            continue
        for function in ast.walk(ast.parse(text)):
            if isinstance(function, ast.FunctionDef) and any(
                ast.unparse(call.func).rpartition(".")[2] in ("Letter", "ReportLetter")
                for call in ast.walk(function)
                if isinstance(call, ast.Call)
            ):
                makers.add((".".join(path.with_suffix("").parts), function.name))

    known = [one for one in vars(papers).values() if isfunction(one)]
    modules = [one.__name__ for one in vars(papers).values() if ismodule(one)]
    measured = {(one.__module__, one.__name__) for one in known}
    assert makers
    assert {one for one in makers - measured if one[0] not in modules} == set()
