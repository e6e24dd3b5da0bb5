"""Serial numbers: random, from 1 below 2⁶³, written as 16 hex digits with their leading zeros."""

from __future__ import annotations

import re
import secrets

MAX_SERIAL = 2**63 - 1
_PATTERN = re.compile(r"[0-9A-F]{16}")


def new_serial() -> str:
    """Return a serial number nobody can foresee."""
    return text(secrets.randbelow(MAX_SERIAL) + 1)


def text(number: int) -> str:
    """Return ``number`` as certificates are called: 16 upper-case hex digits."""
    return f"{number:016X}"


def number(serial: str) -> int:
    """Return the number behind ``serial``; raises ValueError when it can't be one of ours."""
    if _PATTERN.fullmatch(serial) and 1 <= (value := int(serial, 16)) <= MAX_SERIAL:
        return value
    raise ValueError(f"Số hiệu chứng thư không hợp lệ: {serial}")
