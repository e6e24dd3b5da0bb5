"""Chains to read, bend and break."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction

from portal.audit import checkpoints
from portal.audit.chain import hash_of
from portal.audit.models import GENESIS, AuditEntry, AuditHead
from portal.audit.services import Act, record_many

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)


class Actor:
    """Somebody who acts."""

    def __init__(self, role: str = "clerk", full_name: str = "Lò Thị Ghi") -> None:
        self.uuid = uuid.uuid4()
        self.role = role
        self.full_name = full_name
        self.look_only_until: datetime | None = None


def act(
    action: str = "dossier.create",
    *,
    target_type: str = "dossier",
    target: uuid.UUID | None = None,
    agency: uuid.UUID | None = None,
    data: Mapping[str, Any] | None = None,
) -> Act:
    return Act(
        action=action,
        target_type=target_type,
        target_uuid=target or uuid.uuid4(),
        agency_uuid=agency,
        office_uuid=uuid.uuid4(),
        data=data if data is not None else {"rows": [1, 2], "note": "Bản Thử"},
    )


def chain(length: int, *, attest: int = 0) -> None:
    """Make the chain anew: ``length`` entries, a checkpoint after entry ``attest`` if any."""
    AuditEntry.objects.all().delete()
    AuditHead.objects.all().delete()
    for number in range(length):
        with transaction.atomic():
            record_many([act()], actor=Actor(), now=NOW + timedelta(minutes=number))
        if number + 1 == attest:
            head = AuditHead.objects.get()
            checkpoints.write(head.sequence, head.entry_hash, now=NOW)


def forge(entries: list[AuditEntry]) -> None:
    """Chain ``entries`` as a forger with the whole table would: right hashes, right head."""
    AuditEntry.objects.all().delete()
    previous = GENESIS
    for sequence, entry in enumerate(entries, 1):
        entry.sequence, entry.previous_hash = sequence, previous
        previous = entry.entry_hash = hash_of(entry)
    AuditEntry.objects.bulk_create(entries)
    AuditHead.objects.update(sequence=len(entries), entry_hash=previous)


def record_and_fail(count: int = 1) -> None:
    """Record acts in a transaction that then comes to nothing."""
    with transaction.atomic():
        record_many([act()] * count, actor=Actor(), now=NOW)
        raise RuntimeError("after all not")
