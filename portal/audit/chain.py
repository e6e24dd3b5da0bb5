"""The chain itself: what an entry's hash covers, and where a chain first goes wrong."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from portal.audit.models import GENESIS, AuditEntry
from portal.audit.seals import mac_of

_canonical = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode


class Mark(Protocol):
    """What was attested outside the table: up to this entry, the chain ended in this hash."""

    @property
    def sequence(self) -> int: ...

    @property
    def entry_hash(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Flaw:
    """The first entry that is not as it was written, and what is wrong with it."""

    sequence: int
    code: str
    what: str

    def __str__(self) -> str:
        return f"entry {self.sequence}: {self.what}"


class Seal(NamedTuple):
    """From which entry on each has a MAC, and the key of it."""

    since: int
    key: bytes


class Unreadable(ValueError):
    """A column of an entry holds what is none of its kind; "" when which one is not known."""

    def __init__(self, column: str) -> None:
        super().__init__(f"{column or 'a column'} cannot be read")


READ_ERRORS = (AttributeError, TypeError, ValueError, OverflowError)


def hash_of(entry: AuditEntry) -> str:
    """Return SHA-256 over every column of ``entry`` and the hash before it (64 hex digits)."""
    columns = {
        "sequence": entry.sequence,
        "at": entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "actor_uuid": _text(entry.actor_uuid),
        "actor_role": entry.actor_role,
        "actor_name": entry.actor_name,
        "action": entry.action,
        "target_type": entry.target_type,
        "target_uuid": _text(entry.target_uuid),
        "agency_uuid": _text(entry.agency_uuid),
        "office_uuid": _text(entry.office_uuid),
        "data": entry.data,
        "previous_hash": entry.previous_hash,
    }
    return hashlib.sha256(_canonical(columns).encode()).hexdigest()


def plain(value: object) -> Any:
    """Return ``value`` made of what JSON gives back unchanged from either database.

    Raises TypeError for anything else: a float, say, may come back as an integer, and the entry
    would look altered.
    """
    match value:
        case None | bool() | int() | str():
            return value
        case Mapping():
            return {str(name): plain(part) for name, part in value.items()}
        case list() | tuple():
            return [plain(part) for part in value]
    raise TypeError(f"an audit entry cannot hold a {type(value).__name__}")


def first_flaw(
    entries: Iterable[AuditEntry],
    *,
    head: tuple[int, str],
    marks: Sequence[Mark],
    seal: Seal | None = None,
    start: tuple[int, str] = (0, GENESIS),
) -> Flaw | None:
    """Return the first entry that breaks the chain, or None when all is as it was written.

    ``entries`` come in order, those after ``start``; ``head`` is the sequence and hash the chain
    should end in; ``marks`` were kept outside the table.
    """
    attested = {mark.sequence: mark.entry_hash for mark in marks}
    sequence, previous = start
    last_good = sequence
    rows = iter(entries)
    while True:
        try:
            entry = next(rows)
            flaw = _own_flaw(entry, sequence=sequence + 1, previous=previous, seal=seal)
        except StopIteration:
            break
        except READ_ERRORS as error:  # no date or UUID where one should be
            which = str(error) if isinstance(error, Unreadable) else "it cannot be read"
            return Flaw(sequence + 1, "unreadable", which)
        sequence += 1
        if flaw:
            return flaw
        if attested.get(sequence, entry.entry_hash) != entry.entry_hash:
            what = f"it or one up to {sequence} was written anew: {_ATTESTED}"
            return Flaw(last_good + 1, "rewritten", what)
        if sequence in attested:
            last_good = sequence
        previous = entry.entry_hash
    if sequence < max(head[0], *attested, 0):
        return Flaw(sequence + 1, "cut", "it is missing from the end")
    if (sequence, previous) != head:
        return Flaw(sequence, "head_differs", "the head of the chain names another last entry")
    return None


_ATTESTED = "a checkpoint attests another hash"


def _own_flaw(entry: AuditEntry, *, sequence: int, previous: str, seal: Seal | None) -> Flaw | None:
    if entry.sequence > sequence:
        return Flaw(sequence, "missing", "it is missing")
    if entry.sequence < sequence:
        return Flaw(entry.sequence, "out_of_place", "it does not belong here")
    if getattr(entry, "at", None) is None:  # what SQLite gives for a text that is no date
        raise Unreadable("at")
    if entry.entry_hash != hash_of(entry):
        return Flaw(sequence, "altered", "it is not what was written")
    if entry.previous_hash != previous:
        return Flaw(sequence, "unlinked", "it does not follow the entry before it")
    return _flaw_of_mac(entry, seal) if seal and sequence >= seal.since else None


def _flaw_of_mac(entry: AuditEntry, seal: Seal) -> Flaw | None:
    if not entry.mac:
        return Flaw(entry.sequence, "unsealed", "it has no MAC: the portal did not write it")
    if not hmac.compare_digest(entry.mac.encode(), mac_of(entry.entry_hash, seal.key).encode()):
        return Flaw(entry.sequence, "wrong_mac", "its MAC is wrong: the portal did not write it")
    return None


def _text(value: UUID | None) -> str | None:
    return str(value) if value else None
