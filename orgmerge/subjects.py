"""What a certificate's subject names, read from its text: bodies, province, whether a title."""

from __future__ import annotations

import re
from collections.abc import Iterator

from orgmerge import names
from portal.agencies.models import SubscriberKind

# As ``ca.names.readable`` writes them: "C=VN, L=…, O=…, OU=…, CN=…, E=…", commas escaped.
_PART = re.compile(r"(?:[^,\\]|\\.)+", re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_LEVELS = frozenset({"O", "OU"})
_BODIES = _LEVELS | {"L"}
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
            return _read(subject, kind)
        found = self._heads.get(head)
        if found is None:
            found = self._heads[head] = _read(head, "")
        if kind != SubscriberKind.ORGANISATION:
            return found
        own = next(iter(_parts(f"CN={tail}")))[1]
        return found[0] | {names.key(own)}, found[1]


def levels_of(subject: str) -> tuple[tuple[str, ...], str]:
    """Return the organisation levels a subject names, from the top as written, and its province."""
    parts = list(_parts(subject))
    levels = tuple(value for word, value in parts if word in _LEVELS)
    return levels, next((value for word, value in parts if word == "L"), "")


def _read(subject: str, kind: str) -> tuple[frozenset[str], bool]:
    wanted = _BODIES | {"CN"} if kind == SubscriberKind.ORGANISATION else _BODIES
    parts = list(_parts(subject))
    found = frozenset(names.key(value) for word, value in parts if word in wanted)
    return found, any(word.upper() in _TITLE for word, _value in parts)


def _parts(subject: str) -> Iterator[tuple[str, str]]:
    for part in _PART.findall(subject):
        word, _equals, value = part.strip().partition("=")
        yield word, _ESCAPED.sub(r"\1", value)
