"""The short code of a letter, and the QR code that leads whoever holds it to the public page."""

from __future__ import annotations

import secrets
from urllib.parse import urlencode

import segno
from django.conf import settings
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe

SYMBOLS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: none is taken for another
LENGTH = 12  # of 5 bits
_GROUP = 4
_READ_AS = str.maketrans("OIL", "011", "- ")


def new_code() -> str:
    """Return 60 random bits as ``normalised`` writes them."""
    return normalised("".join(secrets.choice(SYMBOLS) for _place in range(LENGTH)))


def normalised(typed: str) -> str:
    """Return a typed code as it is kept and printed: groups of four symbols with a hyphen between;
    "" for what can be none."""
    symbols = typed.upper().translate(_READ_AS)
    if len(symbols) != LENGTH or not set(symbols) <= set(SYMBOLS):
        return ""
    return "-".join(symbols[start : start + _GROUP] for start in range(0, LENGTH, _GROUP))


def address(code: str) -> str:
    """Return where the public page answers for a code."""
    return f"{settings.PUBLIC_URL}{reverse('documents:check')}?{urlencode({'ma': code})}"


def drawing(code: str) -> SafeString:
    """Return the QR code of the address, as SVG in the millimetres of its stylesheet."""
    qr = segno.make(address(code), error="m", micro=False)
    svg = qr.svg_inline(
        omitsize=True, border=0, svgclass="letter-qr", title=f"Mã QR tra cứu văn bản {code}"
    )
    return mark_safe(svg)  # noqa: S308
