"""Reading the whole chain against its head and its checkpoints."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.db.models import Max

from portal.audit import checkpoints
from portal.audit.chain import Flaw, first_flaw
from portal.audit.models import GENESIS, AuditEntry, AuditHead


@dataclass(frozen=True, slots=True)
class Report:
    """How many entries were read, how far checkpoints attest them, the first flaw if any."""

    entries: int
    attested: int
    flaw: Flaw | None


def verify() -> Report:
    """Verify every entry while the portal goes on working. Raises checkpoints.Broken.

    The checkpoints are read first, the head after them: what is written meanwhile lies beyond both.
    """
    marks = checkpoints.read_all()
    head = AuditHead.objects.filter(id=1).first()
    sequence, entry_hash = (head.sequence, head.entry_hash) if head else (0, GENESIS)
    entries = AuditEntry.objects.filter(sequence__lte=sequence).order_by("sequence")
    flaw = first_flaw(
        entries.iterator(chunk_size=1000), head=(sequence, entry_hash), marks=marks
    ) or _flaw_beyond(sequence)
    attested = marks[-1].sequence if marks else 0
    if flaw is None and not marks and sequence >= checkpoints.EVERY:
        flaw = Flaw(1, f"no checkpoint attests it, with {sequence} entries written")
    return Report(entries=sequence, attested=attested, flaw=flaw)


@transaction.atomic
def _flaw_beyond(sequence: int) -> Flaw | None:
    """Say whether the table goes on where the head says that it ends."""
    head = AuditHead.objects.select_for_update(no_key=True).filter(id=1).first()
    end = head.sequence if head else 0
    last = AuditEntry.objects.aggregate(last=Max("sequence"))["last"] or 0
    if last > end:
        return Flaw(end + 1, "it lies beyond the head of the chain")
    if end < sequence:
        return Flaw(end + 1, "the head of the chain was set back")
    return None
