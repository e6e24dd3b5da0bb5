"""What stands on the pages of a PDF: each letter with its place, font and size; each thin rule.

It reads the pages' own operators and the fonts' own tables, and knows nothing of our stylesheets.
Lengths are points from the page's upper left corner.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from itertools import pairwise
from typing import Any, NamedTuple

from pypdf import PageObject, PdfReader
from pypdf.generic import ByteStringObject, TextStringObject

Matrix = tuple[float, float, float, float, float, float]
_CODES = re.compile(r"<([0-9a-f]+)>\s*<([0-9a-f]+)>\s*\n", re.IGNORECASE)
_INVISIBLE = " \u00a0\u200b\n"
# Of Times New Roman and fonts of its measures, in parts of the size.
ASCENT, DESCENT = 0.891, 0.216
_HIGHEST_RULE = 2
# Operators that would move or stretch letters; nothing that prints our papers writes them.
_UNREAD = {"Td", "TD", "T*", "Tc", "Tw", "Tz", "TL", "Ts", "'", '"'}


class Glyph(NamedTuple):
    """A letter: its edges, the line it stands on, how it looks."""

    text: str
    left: float
    right: float
    base: float
    size: float
    font: str
    colour: tuple[float, ...]
    page: int

    @property
    def top(self) -> float:
        return self.base - ASCENT * self.size

    @property
    def bottom(self) -> float:
        return self.base + DESCENT * self.size


class Rule(NamedTuple):
    """A thin horizontal line."""

    left: float
    right: float
    y: float
    page: int


class Box(NamedTuple):
    """A part of the page."""

    left: float
    upper: float
    right: float
    lower: float

    def within(self, other: Box) -> Box:
        """Return what it has in common with another."""
        return Box(
            max(self.left, other.left),
            max(self.upper, other.upper),
            min(self.right, other.right),
            min(self.lower, other.lower),
        )


class Row(NamedTuple):
    """Letters on one line."""

    glyphs: Sequence[Glyph]

    @property
    def text(self) -> str:
        return "".join(one.text for one in self.glyphs)

    @property
    def left(self) -> float:
        return min(one.left for one in self.glyphs)

    @property
    def right(self) -> float:
        return max(one.right for one in self.glyphs)

    @property
    def middle(self) -> float:
        return (self.left + self.right) / 2

    @property
    def base(self) -> float:
        return self.glyphs[0].base

    @property
    def size(self) -> float:
        return self.glyphs[0].size

    @property
    def page(self) -> int:
        return self.glyphs[0].page


class Page(NamedTuple):
    """A page's size, its letters (without blanks) in the order they are drawn, its rules."""

    width: float
    height: float
    glyphs: Sequence[Glyph]
    rules: Sequence[Rule]


@dataclass(frozen=True, slots=True)
class Font:
    """A font of the file: what its codes mean and how wide they are."""

    name: str
    letters: dict[int, str]
    widths: dict[int, float]


def read(pdf: bytes) -> list[Page]:
    """Return the pages."""
    fonts: dict[int, Font] = {}
    return [_read_page(page, at, fonts) for at, page in enumerate(PdfReader(BytesIO(pdf)).pages)]


def rows_of(glyphs: Sequence[Glyph]) -> list[Row]:
    """Return letters line by line."""
    starts = [
        at
        for at, (one, following) in enumerate(pairwise(glyphs), start=1)
        if one.page != following.page or abs(one.base - following.base) > 1
    ]
    return [
        Row(glyphs[start:end])
        for start, end in zip([0, *starts], [*starts, len(glyphs)], strict=True)
    ]


def without_blanks(text: str) -> str:
    """Return what of a text is seen."""
    return re.sub(f"[{_INVISIBLE}]", "", text)


def _font(held: Any) -> Font:
    inner = held["/DescendantFonts"][0].get_object()
    table = held["/ToUnicode"].get_object().get_data().decode("ascii")
    letters = {
        int(code, 16): bytes.fromhex(text).decode("utf-16-be")
        for code, text in _CODES.findall(table)
    }
    widths: dict[int, float] = {}
    listed = list(inner["/W"])
    while listed:
        first, following = int(listed.pop(0)), listed.pop(0)
        if isinstance(following, list):
            widths |= {first + at: float(one) for at, one in enumerate(following)}
        else:
            width = float(listed.pop(0))
            widths |= dict.fromkeys(range(first, int(following) + 1), width)
    return Font(str(held["/BaseFont"]).partition("+")[2], letters, widths)


def _read_page(page: PageObject, number: int, known: dict[int, Font]) -> Page:
    resources: Any = page["/Resources"]
    fonts = {}
    for name, held in resources["/Font"].items():
        key = held.indirect_reference.idnum
        if key not in known:
            known[key] = _font(held.get_object())
        fonts[name] = known[key]
    hand = Hand(float(page.mediabox.width), float(page.mediabox.height), number, fonts)
    contents = page.get_contents()
    assert contents is not None
    for given, operator in contents.operations:
        name = operator.decode()
        assert name not in _UNREAD, f"the reader does not know {name}"
        if name in hand.does:
            hand.does[name](given)
    return Page(hand.width, hand.height, hand.glyphs, hand.rules)


@dataclass(frozen=True, slots=True)
class Look:
    """What the next letter or line is drawn with."""

    matrix: Matrix
    clip: Box
    colour: tuple[float, ...] = (0,)
    font: Font | None = None
    size: float = 0


class Hand:
    """What draws a page, operator by operator, and notes what comes of it."""

    def __init__(self, width: float, height: float, page: int, fonts: dict[str, Font]) -> None:
        self.width, self.height, self.page, self.fonts = width, height, page, fonts
        self.glyphs: list[Glyph] = []
        self.rules: list[Rule] = []
        self.look = Look((1, 0, 0, 1, 0, 0), Box(0, 0, width, height))
        self.kept: list[Look] = []
        self.text = self.look.matrix
        self.path: list[tuple[float, float]] = []
        self.does: dict[str, Callable[[Any], None]] = {
            "q": lambda given: self.kept.append(self.look),
            "Q": self.restore,
            "cm": self.change_matrix,
            "rg": self.change_colour,
            "g": self.change_colour,
            "Tf": self.change_font,
            "Tm": self.place_text,
            "Tj": self.show,
            "TJ": lambda given: self.show(given[0]),
            "m": self.go,
            "l": self.go,
            "re": self.frame,
            "W": self.clip,
            "W*": self.clip,
            "S": self.paint,
            "f": self.paint,
            "f*": self.paint,
            "n": lambda given: self.path.clear(),
        }

    def restore(self, given: Any) -> None:
        self.look = self.kept.pop()

    def change_matrix(self, given: Any) -> None:
        self.look = replace(self.look, matrix=_times(_matrix(given), self.look.matrix))

    def change_colour(self, given: Any) -> None:
        self.look = replace(self.look, colour=tuple(float(one) for one in given))

    def change_font(self, given: Any) -> None:
        self.look = replace(self.look, font=self.fonts[given[0]], size=float(given[1]))

    def place_text(self, given: Any) -> None:
        self.text = _times(_matrix(given), self.look.matrix)

    def show(self, shown: Any) -> None:
        font, size = self.look.font, self.look.size
        assert font is not None
        for one, left, right in _placed(shown, font, size):
            if without_blanks(one):
                glyph = Glyph(
                    one,
                    self.text[4] + left * self.text[0],
                    self.text[4] + right * self.text[0],
                    self.height - self.text[5],
                    size * abs(self.text[3]),
                    font.name,
                    self.look.colour,
                    self.page,
                )
                self.glyphs.append(glyph)

    def go(self, given: Any) -> None:
        self.path.append(_point(self.look.matrix, float(given[0]), float(given[1])))

    def frame(self, given: Any) -> None:
        x, y, wide, high = (float(one) for one in given)
        corners = ((x, y), (x + wide, y + high))
        self.path += [_point(self.look.matrix, *corner) for corner in corners]

    def clip(self, given: Any) -> None:
        """A border is what of its box lies within the clip."""
        self.look = replace(self.look, clip=self.around().within(self.look.clip))

    def paint(self, given: Any) -> None:
        box = self.around().within(self.look.clip)
        if box.lower - box.upper < _HIGHEST_RULE < box.right - box.left:
            self.rules.append(Rule(box.left, box.right, (box.upper + box.lower) / 2, self.page))
        self.path.clear()

    def around(self) -> Box:
        across, down = [x for x, _y in self.path], [self.height - y for _x, y in self.path]
        return Box(min(across), min(down), max(across), max(down))


def _placed(shown: Any, font: Font, size: float) -> Iterator[tuple[str, float, float]]:
    """Yield each letter with its edges from where the text begins, in the text's own units."""
    at = 0.0
    for one in shown:
        if isinstance(one, TextStringObject | ByteStringObject):
            raw = one.original_bytes
        else:
            at -= float(one) / 1000 * size
            continue
        for high, low in zip(raw[::2], raw[1::2], strict=True):
            code = high * 256 + low
            width = font.widths.get(code, 1000) / 1000 * size
            yield font.letters.get(code, "\ufffd"), at, at + width
            at += width


def _matrix(given: Sequence[Any]) -> Matrix:
    a, b, c, d, e, f = (float(one) for one in given)
    return a, b, c, d, e, f


def _times(one: Matrix, other: Matrix) -> Matrix:
    a, b, c, d, e, f = one
    p, q, r, s, t, u = other
    return (
        a * p + b * r,
        a * q + b * s,
        c * p + d * r,
        c * q + d * s,
        e * p + f * r + t,
        e * q + f * s + u,
    )


def _point(matrix: Matrix, x: float, y: float) -> tuple[float, float]:
    a, b, c, d, e, f = matrix
    return a * x + c * y + e, b * x + d * y + f
