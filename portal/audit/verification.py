"""Reading the chain against everything that was kept outside the database."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import DatabaseError, transaction
from django.db.models import Max

from portal.audit import seals
from portal.audit.chain import READ_ERRORS, Flaw, Seal, Unreadable, first_flaw
from portal.audit.checkpoints import (
    EVERY,
    Broken,
    Checkpoint,
    latest,
    read_all,
    signing_key_is_there,
)
from portal.audit.models import GENESIS, AuditEntry, AuditHead

_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Report:
    """How many entries were read, how far checkpoints attest them, from which on each has a MAC
    under the key that is in use (None: no entry), the first flaw if any."""

    entries: int
    attested: int
    sealed_from: int | None
    flaw: Flaw | None


def verify() -> Report:
    """Verify every entry while the portal goes on working. Raises Broken.

    What lies outside is read first, the head after it: what is written meanwhile lies beyond both.
    """
    marks, reached = read_all(), seals.reached()
    head = _head()
    refuse_lost(head)
    entries = _entries(after=0, up_to=head.sequence)
    newest = marks[-1] if marks else None
    flaw = (
        _moved_seal(head, newest)
        or first_flaw(
            entries,
            head=(head.sequence, head.entry_hash),
            marks=marks,
            seal=_seal(head, newest),
        )
        or _flaw_of_reached(head, reached)
        or _flaw_beyond(head.sequence)
    )
    if flaw is None and not marks and head.sequence >= EVERY:
        flaw = Flaw(
            1, "unattested", f"no checkpoint attests it, with {head.sequence} entries written"
        )
    return Report(
        entries=head.sequence,
        attested=newest.sequence if newest else 0,
        sealed_from=newest.sealed_from if newest and newest.sealed_from else head.sealed_from,
        flaw=flaw,
    )


def flaw_since(mark: Checkpoint | None, *, up_to: tuple[int, str]) -> Flaw | None:
    """Return what is wrong with the entries between the newest checkpoint and ``up_to``."""
    start = (mark.sequence, mark.entry_hash) if mark else (0, GENESIS)
    if up_to[0] < start[0]:
        return Flaw(up_to[0] + 1, "cut", "it is missing from the end")
    if up_to[0] == start[0]:
        return None if up_to == start else Flaw(up_to[0], "rewritten", "it was written anew")
    head = _head()
    return _moved_seal(head, mark) or first_flaw(
        _entries(after=start[0], up_to=up_to[0]),
        head=up_to,
        marks=[],
        seal=_seal(head, mark),
        start=start,
    )


def flaw_of_end() -> Flaw | None:
    """Return what is wrong where the table ends: head, table and what was noted outside agree."""
    reached = seals.reached()
    head = _head()
    return _flaw_of_reached(head, reached) or _flaw_beyond(head.sequence)


def refuse_lost(head: AuditHead) -> None:
    """Raise Broken when of what was kept outside the database something is gone."""
    mark = latest()
    if mark is None and checkpoints_were_begun(head):
        raise Broken("emptied", "there are no checkpoints, and there were")
    if mark is not None and not signing_key_is_there():
        raise Broken("key_lost", "the key of the checkpoints is missing")
    if head.sealed_from is not None and seals.key() is None:
        raise Broken("mac_key_lost", "the key of the entries' MACs is missing")
    if mark is not None and mark.sealed_from is not None and seals.reached() is None:
        raise Broken("reached_lost", "how far the chain had come is not on record any more")


def checkpoints_were_begun(head: AuditHead) -> bool:
    """Say whether there must be checkpoints: noted, or the chain is older than the notes."""
    first_noted = head.sealed_from or head.sequence + 1
    return head.is_attested or first_noted > EVERY


def alarm() -> str:
    """Return the code of what is lost, "" while all is there; looks at no entry."""
    try:
        refuse_lost(_head())
    except Broken as broken:
        return broken.code
    return ""


def _head() -> AuditHead:
    return AuditHead.objects.filter(id=1).first() or AuditHead()


def _seal(head: AuditHead, mark: Checkpoint | None) -> Seal | None:
    """Return from which entry on there are MACs, by the newest checkpoint that says so."""
    since = mark.sealed_from if mark and mark.sealed_from else head.sealed_from
    key = seals.key() if since else None
    return Seal(since, key) if since and key else None


def _moved_seal(head: AuditHead, mark: Checkpoint | None) -> Flaw | None:
    attested = mark.sealed_from if mark else None
    if attested is not None and attested != head.sealed_from:
        return Flaw(attested, "seal_moved", "the head names another first entry with a MAC")
    return None


def _flaw_of_reached(head: AuditHead, reached: seals.Reached | None) -> Flaw | None:
    if reached is None:
        return None
    if reached.sequence > head.sequence:
        return Flaw(head.sequence + 1, "set_back", f"the chain had come to {reached.sequence}")
    same = AuditEntry.objects.filter(sequence=reached.sequence, entry_hash=reached.entry_hash)
    if reached.sequence and not same.exists():
        return Flaw(reached.sequence, "rewritten", "it was written anew: another was noted outside")
    return None


@transaction.atomic
def _flaw_beyond(sequence: int) -> Flaw | None:
    """Say whether the table goes on where the head says that it ends."""
    head = AuditHead.objects.select_for_update(no_key=True).filter(id=1).first()
    end = head.sequence if head else 0
    last = AuditEntry.objects.aggregate(last=Max("sequence"))["last"] or 0
    if last > end:
        return Flaw(end + 1, "beyond_head", "it lies beyond the head of the chain")
    if end < sequence:
        return Flaw(end + 1, "head_set_back", "the head of the chain was set back")
    return None


def _entries(*, after: int, up_to: int) -> Iterator[AuditEntry]:
    """Yield the entries in order, by pages; raises Unreadable at the one that cannot be read."""
    rows = AuditEntry.objects.filter(sequence__lte=up_to).order_by("sequence")
    if after:
        rows = rows.filter(sequence__gt=after)
    last: int | None = None
    while True:
        page = rows if last is None else rows.filter(sequence__gt=last)
        try:
            found = list(page[:_PAGE])
        except (*READ_ERRORS, DatabaseError):
            sequences = list(page.values_list("sequence", flat=True)[:_PAGE])
            for last in sequences:  # one by one, up to the one that cannot be read
                try:
                    entry = AuditEntry.objects.get(sequence=last)
                except (*READ_ERRORS, DatabaseError) as error:
                    raise Unreadable(_unreadable_column(last)) from error
                yield entry
            continue
        if not found:
            return
        yield from found
        last = found[-1].sequence


def _unreadable_column(sequence: int) -> str:
    """Return the name of the first column that cannot be read, "" when each alone can."""
    for field in AuditEntry._meta.concrete_fields:
        row = AuditEntry.objects.filter(sequence=sequence).values_list(field.attname, flat=True)
        try:
            row.get()
        except (*READ_ERRORS, DatabaseError):
            return field.attname
    return ""
