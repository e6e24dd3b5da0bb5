"""The chain itself: what an entry's hash covers, and where a chain first goes wrong."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Any, Protocol
from uuid import UUID

from portal.audit.models import GENESIS, AuditEntry

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
    what: str

    def __str__(self) -> str:
        return f"entry {self.sequence}: {self.what}"


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
    entries: Iterable[AuditEntry], *, head: tuple[int, str], marks: Sequence[Mark]
) -> Flaw | None:
    """Return the first entry that breaks the chain, or None when all is as it was written.

    ``entries`` come in order; ``head`` is the sequence and hash the chain should end in; ``marks``
    were kept outside the table.
    """
    attested = {mark.sequence: mark.entry_hash for mark in marks}
    last_good, previous = 0, GENESIS
    sequence = 0
    for sequence, entry in _read(entries):
        if entry is None:
            return Flaw(sequence, "it cannot be read")
        if flaw := _own_flaw(entry, sequence=sequence, previous=previous):
            return flaw
        if attested.get(sequence, entry.entry_hash) != entry.entry_hash:
            return Flaw(last_good + 1, f"it or one up to {sequence} was written anew: {_ATTESTED}")
        if sequence in attested:
            last_good = sequence
        previous = entry.entry_hash
    if sequence < max(head[0], *attested, 0):
        return Flaw(sequence + 1, "it is missing from the end")
    if (sequence, previous) != head:
        return Flaw(sequence, "the head of the chain names another last entry")
    return None


_ATTESTED = "a checkpoint attests another hash"


def _read(entries: Iterable[AuditEntry]) -> Iterator[tuple[int, AuditEntry | None]]:
    """Count along with the entries; None for one whose columns cannot even be read."""
    rows = iter(entries)
    sequence = 0
    while True:
        sequence += 1
        try:
            entry = next(rows)
        except StopIteration:
            return
        except (AttributeError, TypeError, ValueError):  # no date or UUID where one should be
            yield sequence, None
            return
        yield sequence, entry


def _own_flaw(entry: AuditEntry, *, sequence: int, previous: str) -> Flaw | None:
    if entry.sequence > sequence:
        return Flaw(sequence, "it is missing")
    if entry.sequence < sequence:
        return Flaw(entry.sequence, "it does not belong here")
    if entry.entry_hash != hash_of(entry):
        return Flaw(sequence, "it is not what was written")
    if entry.previous_hash != previous:
        return Flaw(sequence, "it does not follow the entry before it")
    return None


def _text(value: UUID | None) -> str | None:
    return str(value) if value else None
