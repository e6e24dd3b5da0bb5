"""Values in addresses: a day as 2026-11-24."""

from __future__ import annotations

from datetime import date


class DayConverter:
    """An ISO day; what is no day finds no page."""

    regex = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"

    def to_python(self, value: str) -> date:
        return date.fromisoformat(value)

    def to_url(self, value: date) -> str:
        return value.isoformat()
