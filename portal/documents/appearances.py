"""What a signature looks like on paper: the head's in blue, the organisation's as a red seal."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterator
from datetime import datetime
from io import BytesIO
from typing import Any, NamedTuple

from django.template.loader import render_to_string
from django.utils import timezone
from pyhanko.pdf_utils.content import PdfContent
from pyhanko.pdf_utils.layout import AxisAlignment, BoxConstraints, Margins, SimpleBoxLayoutRule
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.stamp import StaticStampStyle

from portal.documents.press import print_pdf
from portal.documents.roles import SignatureRole

STYLESHEET = "letters/signature.css"
_RADIUS = 14.2  # of the ring of letters, in mm; the seal is 36 mm wide
_CENTRE = 18.0
_LETTER_SIZE = 3.2  # mm, of names that are not too long for it
_WIDEST_ARC = 300.0  # degrees
# Widths of Times' bold capitals in thousandths of the letter size; marks do not change them.
_WIDTHS = {
    **dict.fromkeys("BELTZ", 667), **dict.fromkeys("FP", 611), **dict.fromkeys(" .,", 250),
    "I": 389, "J": 500, "M": 944, "S": 556, "W": 1000, "-": 333,
}  # fmt: skip
_USUAL_WIDTH = 722
_DIGIT_WIDTH = 500
_SPACING = 80  # between two letters on the ring


class RingLetter(NamedTuple):
    """One letter on the seal's ring: where it stands (mm) and how it is turned (degrees)."""

    x: float
    y: float
    turn: float


def style(
    role: SignatureRole, *, name: str, number: str, now: datetime, in_corner: bool
) -> StaticStampStyle:
    """Return the stamp of a signature; ``in_corner`` is the plain text on a separate file."""
    layout = SimpleBoxLayoutRule(
        x_align=AxisAlignment.ALIGN_MID,
        y_align=AxisAlignment.ALIGN_MID,
        margins=Margins(0, 0, 0, 0),
    )
    look = "corner" if in_corner else "head" if role is SignatureRole.HEAD else "seal"
    shown = unicodedata.normalize("NFC", name)
    if look == "seal":
        shown = shown.upper()
    letter_size, letters = ring(shown)
    html = render_to_string(
        f"letters/signature_{look}.html",
        {
            "name": shown,
            "number": number,
            "time": time_line(now),
            "day": f"{timezone.localtime(now):%d/%m/%Y}",
            "hour": time_line(now).partition(" ")[2],
            "letter_size": letter_size,
            "ring": letters,
        },
    )
    page = print_pdf(html, stylesheet=STYLESHEET)
    return StaticStampStyle(border_width=0, background=_Page(page), background_layout=layout)


def time_line(now: datetime) -> str:
    """Return the time as Phụ lục I writes it: day, hour to the second, zone of ISO 8601."""
    local = timezone.localtime(now)
    zone = local.strftime("%z")
    return f"{local:%d/%m/%Y %H:%M:%S} {zone[:3]}:{zone[3:]}"


def ring(text: str) -> tuple[float, list[RingLetter]]:
    """Return the letter size (mm) and where each letter of ``text`` stands on the seal's ring.

    The middle of the text is at the top; a long name gets smaller letters.
    """
    whole = sum(_width(letter) for letter in text) / 1000
    size = min(_LETTER_SIZE, math.radians(_WIDEST_ARC) * _RADIUS / whole) if whole else _LETTER_SIZE
    angle = -whole * size / _RADIUS / 2
    letters = []
    for letter in text:
        width = _width(letter) / 1000 * size / _RADIUS
        letters.append(
            RingLetter(
                round(_CENTRE + _RADIUS * math.sin(angle), 3),
                round(_CENTRE - _RADIUS * math.cos(angle), 3),
                round(math.degrees(angle + width / 2), 2),
            )
        )
        angle += width
    return round(size, 3), letters


def _width(letter: str) -> int:
    plain = unicodedata.normalize("NFD", letter)[0].upper()
    width = _DIGIT_WIDTH if plain.isdigit() else _WIDTHS.get(plain, _USUAL_WIDTH)
    return width + _SPACING


class _Page(PdfContent):
    """The first page of a PDF in memory, as something to be drawn."""

    def __init__(self, pdf: bytes) -> None:
        super().__init__()
        self._pdf = pdf

    def render(self) -> bytes:
        writer = self._ensure_writer
        page = writer.import_page_as_xobject(PdfFileReader(BytesIO(self._pdf)))
        self.resources.xobject["/Look"] = page
        left, bottom, right, top = page.get_object()["/BBox"]
        self.box = BoxConstraints(width=abs(right - left), height=abs(top - bottom))
        return b"/Look Do"


MARKS = {
    SignatureRole.HEAD: ("ky-lanh-dao-tren", "ky-lanh-dao-duoi"),
    SignatureRole.ORGANISATION: ("ky-co-quan-tren", "ky-co-quan-duoi"),
}
# Where a separate file is signed by the organisation: Phụ lục I, top right of its first page.
CORNER_WIDTH, CORNER_HEIGHT, CORNER_MARGIN = 198, 34, 28  # points
_MOST_DEPTH = 32


class Place(NamedTuple):
    """A rectangle on a page: left, bottom, right, top in points."""

    page: int
    box: tuple[int, int, int, int]

    @property
    def width(self) -> int:
        """Its width in points."""
        return self.box[2] - self.box[0]

    @property
    def height(self) -> int:
        """Its height in points."""
        return self.box[3] - self.box[1]


def find(reader: PdfFileReader, role: SignatureRole) -> Place | None:
    """Return the place the letter keeps for ``role``; None in a file that is no letter of ours."""
    names = reader.root.get("/Names")
    tree = names.get("/Dests") if names else None
    destinations = dict(_leaves(tree, depth=0)) if tree else {}
    upper, lower = (destinations.get(mark) for mark in MARKS[role])
    if upper is None or lower is None:
        return None
    page = _page_number(reader, upper.raw_get(0))
    if page is None:
        return None
    left, top = round(float(upper[2])), round(float(upper[3]))
    right, bottom = round(float(lower[2])), round(float(lower[3]))
    if left >= right or bottom >= top:
        return None
    return Place(page, (left, bottom, right, top))


def corner(reader: PdfFileReader) -> Place:
    """Return the top right corner of the first page."""
    node = reader.root["/Pages"]
    media_box = node.get("/MediaBox", None)
    for _depth in range(_MOST_DEPTH):  # the first page may inherit it from above
        if not (children := node.get("/Kids", None)):
            break
        node = children[0].get_object()
        media_box = node.get("/MediaBox", media_box)
    right, top = round(float(media_box[2])), round(float(media_box[3]))
    x, y = right - CORNER_MARGIN - CORNER_WIDTH, top - CORNER_MARGIN // 2 - CORNER_HEIGHT
    return Place(0, (x, y, x + CORNER_WIDTH, y + CORNER_HEIGHT))


def _leaves(node: Any, *, depth: int) -> Iterator[tuple[str, Any]]:
    pairs = node.get("/Names", ())
    for index in range(0, len(pairs) - 1, 2):
        yield str(pairs[index]), pairs[index + 1]
    if depth < _MOST_DEPTH:
        for child in node.get("/Kids", ()):
            yield from _leaves(child.get_object(), depth=depth + 1)


def _page_number(reader: PdfFileReader, wanted: Any) -> int | None:
    for number in range(int(reader.root["/Pages"]["/Count"])):
        page, _resources = reader.find_page_for_modification(number)  # type: ignore[no-untyped-call]
        if page.reference == wanted.reference:
            return number
    return None
