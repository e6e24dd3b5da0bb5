"""The tree of bodies, walked upwards."""

from __future__ import annotations

from portal.agencies.models import Agency


def managing_agency(agency: Agency) -> Agency:
    """Return the nearest body with a seal of its own: ``agency`` itself or one above it.

    A unit without a seal never sends a letter; the body above it does (DERIVED from the guide to
    Nghị định 68/2024/NĐ-CP: the direct-managing agency has legal personality and its own seal).
    """
    body = agency
    while not body.has_seal and body.parent is not None:
        body = body.parent
    return body


def is_under(agency: Agency, other: Agency) -> bool:
    """Say whether ``agency`` is ``other`` or stands under it."""
    above: Agency | None = agency
    while above is not None:
        if above.pk == other.pk:
            return True
        above = above.parent
    return False
