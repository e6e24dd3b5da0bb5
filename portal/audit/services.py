"""Writing the audit chain."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol
from uuid import UUID

from django.db import transaction

from portal.audit.models import AuditEntry, AuditHead


class Actor(Protocol):
    """Who acts: a user, seen from below."""

    uuid: UUID
    role: str
    full_name: str


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

    Raises TransactionManagementError outside a transaction.
    """
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("an audit entry belongs in a transaction")
    head, _ = AuditHead.objects.select_for_update().get_or_create(id=1)
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
            data=dict(act.data),
            previous_hash=head.entry_hash,
        )
        entry.entry_hash = hash_of(entry)
        head.sequence, head.entry_hash = entry.sequence, entry.entry_hash
        entries.append(entry)
    AuditEntry.objects.bulk_create(entries)
    head.save(update_fields=["sequence", "entry_hash"])
    return entries


def hash_of(entry: AuditEntry) -> str:
    """Return SHA-256 over every column of ``entry`` and the hash before it (64 hex digits)."""
    canonical = json.dumps(
        {
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
        },
        ensure_ascii=False,
        sort_keys=True,
        separators=(",", ":"),
    )
    return hashlib.sha256(canonical.encode()).hexdigest()


def _text(value: UUID | None) -> str | None:
    return str(value) if value else None
