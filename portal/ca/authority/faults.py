"""Why the CA cannot be used."""

from __future__ import annotations

from pathlib import Path


class NotConfigured(Exception):
    """There is no CA to sign with: none set up, simulation off, or a process that may not."""


class KeyFault(NotConfigured):
    """A key of the CA is missing, another's or can't be opened: a person must look at its place.

    ``code`` says what is wrong, ``summary`` may be shown to anybody.
    """

    def __init__(self, code: str, place: Path | str, why: str) -> None:
        super().__init__(f"{place}: {why}")
        self.code = code
        self.summary = f"{place.name if isinstance(place, Path) else place}: {code}"
