"""What a certificate is to say of a body after a reorganisation, beside what it says now.

Pure. DOMAIN 5.2: O and OU are the levels from the top down, CN of an organisation is its own name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from orgmerge import names

MOST_LEVELS = 4  # of a row of Mẫu 01 and Mẫu 04
_LEVELS = ("new_org1", "new_org2", "new_org3", "new_org4")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPlace:
    """A body as its certificates are to name it; ``olds`` are keys of the names that went into it.

    ``superiors`` are the names above it, from the top.
    """

    name: str
    province: str
    superiors: tuple[str, ...] = ()
    email: str = ""  # of the body itself
    olds: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What a certificate says now."""

    kind: str
    common_name: str
    levels: tuple[str, ...]
    province: str
    email: str


def new_values(
    subject: Subject, place: NewPlace, *, unit: str = "", email: str = ""
) -> dict[str, str]:
    """Return the answers of Mẫu 04 that make ``subject`` fit ``place``; {} when it fits already.

    ``unit`` and ``email`` are what the review said of a person. An address nobody told stays out.
    """
    found: dict[str, str] = {}
    is_organisation = subject.kind == "organisation"
    if is_organisation and not names.same(subject.common_name, place.name):
        found["new_name"] = place.name
    levels = _levels_of_body(subject, place) if is_organisation else levels_of(subject, place, unit)
    if levels and list(map(names.key, levels)) != list(map(names.key, subject.levels)):
        found |= dict(zip(_LEVELS, levels, strict=False))
    if place.province and subject.province and not names.same(subject.province, place.province):
        found["new_province"] = place.province
    address = place.email if is_organisation and place.email else email
    if address and address.lower() != subject.email.lower():
        found["new_email"] = address
    return found


def levels_of(subject: Subject, place: NewPlace, unit: str = "") -> tuple[str, ...]:
    """Return the levels of somebody who works at ``place``: its superiors, itself, then the unit
    that stands below the old body now, or ``unit``."""
    here = place.olds | {names.key(place.name)}
    at = max((i for i, name in enumerate(subject.levels) if names.key(name) in here), default=-1)
    below = (unit,) if unit else subject.levels[at + 1 :] if at >= 0 else ()
    above = place.superiors or _still_above(subject.levels[: max(at, 0)], here)
    return _fitting((*above, place.name), below)


def _levels_of_body(subject: Subject, place: NewPlace) -> tuple[str, ...]:
    """Return the bodies above: as many as the certificate shows, at least the nearest."""
    if not place.superiors:
        return subject.levels
    return place.superiors[-max(1, len(subject.levels)) :]


def _still_above(levels: Sequence[str], ended: frozenset[str]) -> tuple[str, ...]:
    return tuple(name for name in levels if names.key(name) not in ended)


def _fitting(first: tuple[str, ...], below: tuple[str, ...]) -> tuple[str, ...]:
    """Four levels at most: what stands furthest above gives way, never the body itself."""
    kept = below[: MOST_LEVELS - 1]
    return (*first[-(MOST_LEVELS - len(kept)) :], *kept)
