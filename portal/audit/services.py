"""Writing the audit chain."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from django.db import transaction

from portal.audit import checkpoints
from portal.audit.chain import hash_of, plain
from portal.audit.look_only import refuse_look_only
from portal.audit.models import AuditEntry, AuditHead


class Actor(Protocol):
    """Who acts: a user, seen from below."""

    uuid: UUID
    role: str
    full_name: str
    look_only_until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One thing to be recorded. ``data`` holds plain JSON values and no personal numbers."""

    action: str
    target_type: str
    target_uuid: UUID | None
    agency_uuid: UUID | None = None
    office_uuid: UUID | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


def record(act: Act, *, actor: Actor | None, now: datetime) -> AuditEntry:
    """Append one entry in the caller's transaction; ``actor`` None is the portal itself."""
    return record_many([act], actor=actor, now=now)[0]


def record_many(acts: Iterable[Act], *, actor: Actor | None, now: datetime) -> list[AuditEntry]:
    """Append entries in order in the caller's transaction. Call it last: it locks the chain's head.

    Raises TransactionManagementError outside a transaction, TypeError for data that is not plain,
    LookOnly when ``actor`` may not do this yet: with the entry, what it tells of is undone.
    """
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("an audit entry belongs in a transaction")
    acts = list(acts)
    for act in acts:
        refuse_look_only(actor, now=now, action=act.action)
    head = lock_chain()
    before = head.sequence
    entries = []
    for act in acts:
        entry = AuditEntry(
            sequence=head.sequence + 1,
            at=now,
            actor_uuid=actor.uuid if actor else None,
            actor_role=actor.role if actor else "",
            actor_name=actor.full_name if actor else "",
            action=act.action,
            target_type=act.target_type,
            target_uuid=act.target_uuid,
            agency_uuid=act.agency_uuid,
            office_uuid=act.office_uuid,
            data=plain(act.data),
            previous_hash=head.entry_hash,
        )
        entry.entry_hash = hash_of(entry)
        head.sequence, head.entry_hash = entry.sequence, entry.entry_hash
        entries.append(entry)
    AuditEntry.objects.bulk_create(entries)
    head.save(update_fields=["sequence", "entry_hash"])
    if before // checkpoints.EVERY != head.sequence // checkpoints.EVERY:
        # What fails here is logged and made good by the next sweep; the act stands.
        def attest() -> None:
            checkpoints.write(head.sequence, head.entry_hash, now=now)

        transaction.on_commit(attest, robust=True)
    return entries


def lock_chain() -> AuditHead:
    """Lock the end of the chain until the caller's transaction ends.

    Whoever locks it before anything else, and then waits for nothing, is in nobody's way.
    """
    head, _ = AuditHead.objects.select_for_update(no_key=True).get_or_create(id=1)
    return head


class ChainBroken(Exception):
    """The chain does not go on from its last checkpoint: nothing more is attested."""


def write_checkpoint(*, now: datetime) -> bool:
    """Attest the end of the chain; return False when its last checkpoint already does.

    Raises ChainBroken rather than attest a chain that was cut or written anew.
    """
    last = checkpoints.latest()
    head = AuditHead.objects.filter(id=1).first()
    if head is None or head.sequence == 0:
        if last is not None:
            raise ChainBroken(f"the entries up to {last.sequence} are gone")
        return False
    if last is not None:
        if last.sequence == head.sequence and last.entry_hash == head.entry_hash:
            return False
        _expect(last.sequence, last.entry_hash)
    _expect(head.sequence, head.entry_hash)
    return checkpoints.write(head.sequence, head.entry_hash, now=now)


def _expect(sequence: int, entry_hash: str) -> None:
    if not AuditEntry.objects.filter(sequence=sequence, entry_hash=entry_hash).exists():
        raise ChainBroken(f"entry {sequence} is missing or is not what was attested")
