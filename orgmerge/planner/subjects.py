"""What a certificate's subject says of a body: what it names now, and what it is to name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from orgmerge.planner import names
from portal.agencies.levels import province_key
from portal.agencies.models import SubscriberKind
from portal.core.text.names import CERTIFICATE_NAME_LENGTH, in_short

# As ``ca.names.readable`` writes them: "C=VN, L=…, O=…, OU=…, CN=…, E=…", commas escaped.
_PART = re.compile(r"(?:[^,\\]|\\.)+", re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_LEVEL_WORDS = frozenset({"O", "OU"})
_BODIES = _LEVEL_WORDS | {"L"}
# RFC 4514 has no short word for a title; tools write it in three ways.
_TITLE = frozenset({"T", "TITLE", "2.5.4.12"})
_COMMON_NAME = ", CN="
_NAMED_LATER = re.compile(r", (?:O|OU|L|T|title|2\.5\.4\.12)=")


class Subjects:
    """Reads subjects, each organisation part once: a body's people share theirs."""

    def __init__(self) -> None:
        self._heads: dict[str, tuple[frozenset[str], bool]] = {}

    def read(self, subject: str, *, kind: str) -> tuple[frozenset[str], bool]:
        """Return the comparable names in ``subject``, and whether it shows a title (C10).

        The names are the organisation levels and the province and, of an organisation, its own.
        """
        head, has_name, tail = subject.partition(_COMMON_NAME)
        if not has_name or _NAMED_LATER.search(tail):
            return _read_subject(subject, kind)
        found = self._heads.get(head)
        if found is None:
            found = self._heads[head] = _read_subject(head, "")
        if kind != SubscriberKind.ORGANISATION:
            return found
        own = next(iter(_parts(f"CN={tail}")))[1]
        return found[0] | {names.key(own)}, found[1]


def levels_named(subject: str) -> tuple[tuple[str, ...], str]:
    """Return the organisation levels a subject names, from the top as written, and its province."""
    parts = list(_parts(subject))
    levels = tuple(value for word, value in parts if word in _LEVEL_WORDS)
    return levels, next((value for word, value in parts if word == "L"), "")


def _read_subject(subject: str, kind: str) -> tuple[frozenset[str], bool]:
    wanted = _BODIES | {"CN"} if kind == SubscriberKind.ORGANISATION else _BODIES
    parts = list(_parts(subject))
    found = frozenset(names.key(value) for word, value in parts if word in wanted)
    return found, any(word.upper() in _TITLE for word, _value in parts)


def _parts(subject: str) -> Iterator[tuple[str, str]]:
    for part in _PART.findall(subject):
        word, _equals, value = part.strip().partition("=")
        yield word, _ESCAPED.sub(r"\1", value)


MOST_LEVELS = 4  # of a row of Mẫu 01 and Mẫu 04
_LEVEL_FIELDS = ("new_org1", "new_org2", "new_org3", "new_org4")


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedBody:
    """A body as its certificates are to name it; ``olds`` are keys of the names that went into it.

    ``superiors`` are the names above it, from the top.
    """

    name: str
    province: str
    superiors: tuple[str, ...] = ()
    short: str = ""  # chosen for its certificates, while it keeps its name
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
    subject: Subject, place: NamedBody, *, unit: str = "", email: str = ""
) -> dict[str, str]:
    """Return the answers of Mẫu 04 that make ``subject`` fit ``place``; {} when it fits already.

    ``unit`` and ``email`` are what the review said of a person. An address nobody told stays out.
    """
    found: dict[str, str] = {}
    is_organisation = subject.kind == "organisation"
    if is_organisation and not (
        _is_called(subject.common_name, place.name)
        or (place.short and names.same(subject.common_name, place.short))
    ):
        found["new_name"] = place.name
    # The bodies above: as many as the certificate shows, at least the nearest.
    levels = (
        (subject.levels if not place.superiors else place.superiors[-max(1, len(subject.levels)) :])
        if is_organisation
        else levels_of(subject, place, unit)
    )
    if levels and not (
        len(levels) == len(subject.levels) and all(map(_is_called, subject.levels, levels))
    ):
        found |= dict(zip(_LEVEL_FIELDS, levels, strict=False))
    if place.province and subject.province and not _is_in(subject.province, place):
        found["new_province"] = place.province
    address = place.email if is_organisation and place.email else email
    if address and address.lower() != subject.email.lower():
        found["new_email"] = address
    return found


def _is_in(written: str, place: NamedBody) -> bool:
    """Say whether L as written names the province of ``place``, with no kind that it is no more."""
    above = {names.key(name) for name in (*place.superiors, place.name)}
    above.add(f"ubnd {names.key(place.province)}")
    before, after = province_key(written), province_key(place.province)
    return names.key(written) not in names.wrong_localities(before, after, above)


def _is_called(written: str, name: str) -> bool:
    """Say whether a certificate that says ``written`` names ``name``, in short where it is longer
    than a certificate lets it be (DOMAIN 14.24)."""
    if names.same(written, name):
        return True
    if len(name) <= CERTIFICATE_NAME_LENGTH:
        return False
    return names.same(written, in_short(name, CERTIFICATE_NAME_LENGTH))


def levels_of(subject: Subject, place: NamedBody, unit: str = "") -> tuple[str, ...]:
    """Return the levels of somebody who works at ``place``: its superiors, itself, then the unit
    that stands below the old body now, or ``unit``."""
    here = place.olds | {names.key(place.name)}
    at = max((i for i, name in enumerate(subject.levels) if names.key(name) in here), default=-1)
    below = (unit,) if unit else subject.levels[at + 1 :] if at >= 0 else ()
    above = place.superiors or tuple(
        name for name in subject.levels[: max(at, 0)] if names.key(name) not in here
    )
    # Four levels at most: what stands furthest above gives way, never the body itself.
    kept = below[: MOST_LEVELS - 1]
    return (*((*above, place.name))[-(MOST_LEVELS - len(kept)) :], *kept)
