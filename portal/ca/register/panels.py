"""What other apps know of a certificate, for its page; each says so for itself.

The register stands below such apps and asks whoever has entered themselves here at start-up.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from portal.ca.models import Certificate

if TYPE_CHECKING:
    from portal.accounts.models import User


@dataclass(frozen=True, slots=True)
class Panel:
    """A titled list of facts, and where there is more of it."""

    title: str
    facts: Sequence[tuple[str, str]]
    go: str = ""
    path: str = ""


Source = Callable[[Certificate, "User", datetime], Panel | None]
_SOURCES: list[Source] = []


def find_in(source: Source) -> None:
    """Let ``source`` say what it knows of a certificate."""
    if source not in _SOURCES:
        _SOURCES.append(source)


def panels_of(certificate: Certificate, user: User, *, now: datetime) -> list[Panel]:
    """Return what is known, in the order the sources were entered."""
    found = (source(certificate, user, now) for source in _SOURCES)
    return [panel for panel in found if panel is not None]
