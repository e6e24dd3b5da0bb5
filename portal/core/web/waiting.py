"""What waits for a person besides dossiers and devices; the app it belongs to says so.

The work list stands below such apps and asks whoever has entered themselves here at start-up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from portal.accounts.models import User


@dataclass(frozen=True, slots=True)
class Waiting:
    """One line of the work list: how many, of what, what the link says, where it leads.

    Without a ``count`` it is one thing, which the words name; with one, ``path`` leads to a list of
    as many.
    """

    count: int | None
    words: str
    go: str
    path: str
    is_late: bool = False


Source = Callable[["User"], Iterable[Waiting]]
_SOURCES: list[Source] = []


def find_in(source: Source) -> None:
    """Let ``source`` say what waits for somebody."""
    if source not in _SOURCES:
        _SOURCES.append(source)


def waiting_for(user: User) -> list[Waiting]:
    """Return everything that waits for ``user``, in the order the sources were entered."""
    return [one for source in _SOURCES for one in source(user)]
