"""What a signature looks like on paper: the head's in blue, the organisation's as a red seal."""

from __future__ import annotations

import math
import unicodedata
from datetime import datetime
from io import BytesIO
from typing import NamedTuple

from django.template.loader import render_to_string
from django.utils import timezone
from pyhanko.pdf_utils.content import PdfContent
from pyhanko.pdf_utils.layout import AxisAlignment, BoxConstraints, Margins, SimpleBoxLayoutRule
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.stamp import StaticStampStyle

from portal.documents.layout import print_pdf
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
    page = _Page(print_pdf(html, stylesheet=STYLESHEET))
    return StaticStampStyle(border_width=0, background=page, background_layout=layout)


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
