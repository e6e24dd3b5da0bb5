"""Numbers that come with an address or a form, as somebody may have typed them."""

from __future__ import annotations

_MOST_DIGITS = 9  # more is no page, row or version, and slow to read


def typed_number(text: str | None, *, otherwise: int) -> int:
    """Return the number ``text`` says, or ``otherwise`` when it says none or an absurd one."""
    if text and text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS:
        return int(text)
    return otherwise


def with_dots(number: int) -> str:
    """Return a number as it is written in Vietnamese: 1000 is "1.000"."""
    return f"{number:,}".replace(",", ".")
