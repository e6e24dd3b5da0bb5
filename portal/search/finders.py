"""What can be found: each app says it of its own things; the box knows none of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    from portal.accounts.models import User


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing found; ``is_exact`` when what was typed is its very number."""

    title: str
    detail: str
    url: str
    is_exact: bool = False


def detail(*parts: str | None) -> str:
    """Return what is said of a thing in one line; what is empty is left out."""
    return " · ".join(filter(None, parts))


@dataclass(frozen=True, slots=True, kw_only=True)
class Finder:
    """How one kind of thing is found. Groups come in the order of ``place``.

    ``find`` takes a user, what is typed and how many are wanted at most; what the user may not see
    it leaves out. ``listed`` gives the address of the list narrowed to what is typed. ``by_number``
    finds by what must stand in no address and no log; reading it is recorded. ``fill`` writes the
    words of all things that stand, and returns how many things.
    """

    place: int
    label: _StrPromise
    icon: str
    find: Callable[[User, str, int], Sequence[Hit]]
    listed: Callable[[str], str]
    by_number: Callable[[User, str, datetime], Hit | None] | None = None
    fill: Callable[[], int] | None = None


_FINDERS: dict[int, Finder] = {}


def register(finder: Finder) -> None:
    """Let the box find a kind of thing; called by its app when it is ready.

    Raises ImproperlyConfigured where another kind has its place.
    """
    standing = _FINDERS.setdefault(finder.place, finder)
    if (standing.icon, standing.fill) != (finder.icon, finder.fill):
        raise ImproperlyConfigured(f"two finders at place {finder.place}")


def list_with(route: str) -> Callable[[str], str]:
    """Return what gives the address of a list whose filter ``q`` is what is typed."""
    return lambda typed: f"{reverse(route)}?{urlencode({'q': typed})}"


def finders() -> Iterator[Finder]:
    """Yield all, in the order of the page."""
    return (finder for _place, finder in sorted(_FINDERS.items()))


@dataclass(frozen=True, slots=True)
class Group:
    """What was found of one kind, and where there is more of it."""

    finder: Finder
    hits: Sequence[Hit]
    more_url: str


def search(user: User, typed: str, *, most: int) -> list[Group]:
    """Return what ``user`` may see of what is typed: up to ``most`` things of each kind."""
    groups = []
    for finder in finders():
        hits = finder.find(user, typed, most + 1)
        if hits:
            more = finder.listed(typed) if len(hits) > most else ""
            groups.append(Group(finder, hits[:most], more))
    return groups


def the_one(groups: Sequence[Group]) -> str:
    """Return the address of the only thing whose very number was typed, "" if none or several."""
    exact = [hit.url for group in groups for hit in group.hits if hit.is_exact]
    return exact[0] if len(exact) == 1 else ""
