"""The tree of bodies, walked upwards."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from portal.agencies.models import Agency

_Body = TypeVar("_Body", bound=Hashable)


def with_superiors(body: _Body, superior_of: Callable[[_Body], _Body | None]) -> Iterator[_Body]:
    """Yield ``body`` and what stands above it, the nearest first.

    Bodies are whatever ``superior_of`` knows: rows, keys. Where they stand in a circle, as typed
    data may, each comes once.
    """
    seen: set[_Body] = set()
    here: _Body | None = body
    while here is not None and here not in seen:
        seen.add(here)
        yield here
        here = superior_of(here)


def managing_agency(agency: Agency) -> Agency:
    """Return the nearest body with a seal of its own: ``agency`` itself or one above it.

    A unit without a seal never sends a letter; the body above it does (DERIVED from the guide to
    Nghị định 68/2024/NĐ-CP: the direct-managing agency has legal personality and its own seal).
    """
    for body in with_superiors(agency, _superior):
        agency = body
        if body.has_seal:
            break
    return agency


def is_under(agency: Agency, other: Agency) -> bool:
    """Say whether ``agency`` is ``other`` or stands under it."""
    return other in with_superiors(agency, _superior)


def _superior(agency: Agency) -> Agency | None:
    return agency.parent
