"""Writing the audit chain."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from portal.audit import checkpoints, seals, verification
from portal.audit.chain import Flaw, hash_of, plain
from portal.audit.look_only import refuse_look_only
from portal.audit.models import AuditEntry, AuditHead, NotedOnce


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
    before, hash_before = head.sequence, head.entry_hash
    key = seals.key(may_make=head.sealed_from is None)
    if head.sealed_from is None and key is not None:
        head.sealed_from = before + 1
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
        if key is not None:  # a lost key stops nobody's work: it is an alarm (verification)
            entry.mac = seals.mac_of(entry.entry_hash, key)
        head.sequence, head.entry_hash = entry.sequence, entry.entry_hash
        entries.append(entry)
    AuditEntry.objects.bulk_create(entries)
    head.save(update_fields=["sequence", "entry_hash", "sealed_from"])

    # What fails after the commit is logged and made good by the next sweep; the act stands.
    def note() -> None:
        seals.note_reached(head.sequence, head.entry_hash, may_make=not head.is_attested)
        if before // checkpoints.EVERY != head.sequence // checkpoints.EVERY:
            last = checkpoints.latest()
            _attest(head, last, known_from=(before, hash_before), now=now)

    transaction.on_commit(note, robust=True)
    return entries


def record_daily(act: Act, *, actor: Actor | None, now: datetime, about: str = "") -> bool:
    """Append an entry unless this actor did the same to the same thing that day; say whether.

    For what is read, and would fill the chain. ``about`` stands for the thing where its UUID does
    not. In a transaction of its own: the caller holds no locks that come after it.
    """
    day = timezone.localdate(now)
    return record_once(
        act,
        about=f"{about}|{day}",
        forget_on=day + timedelta(days=2),
        actor=actor,
        now=now,
    )


def record_once(
    act: Act, *, about: str, forget_on: date | None, actor: Actor | None, now: datetime
) -> bool:
    """Append an entry unless there is one of the same act, actor, target and ``about``.

    Costs one look where there is one. Who comes at the same moment waits and then finds it.
    """
    who = actor.uuid if actor else None
    told = f"{act.action}|{who}|{act.target_uuid}|{about}"
    key = hashlib.sha256(told.encode()).hexdigest()
    if NotedOnce.objects.filter(key=key).exists():
        return False
    with transaction.atomic():
        _noted, is_new = NotedOnce.objects.get_or_create(key=key, defaults={"forget_on": forget_on})
        if is_new:
            record(act, actor=actor, now=now)
    return is_new


def forget_noted(*, now: datetime) -> int:
    """Delete what need not be known any more to record once; return how many."""
    deleted, _by_model = NotedOnce.objects.filter(forget_on__lt=timezone.localdate(now)).delete()
    return deleted


def lock_chain() -> AuditHead:
    """Lock the end of the chain until the caller's transaction ends.

    Whoever locks it before anything else, and then waits for nothing, is in nobody's way.
    """
    head, _ = AuditHead.objects.select_for_update(no_key=True).get_or_create(id=1)
    return head


class ChainBroken(Exception):
    """The chain does not go on from its last checkpoint: nothing more is attested."""

    def __init__(self, flaw: Flaw) -> None:
        super().__init__(str(flaw))
        self.flaw = flaw


def write_checkpoint(*, now: datetime) -> bool:
    """Attest the end of the chain; return False when its last checkpoint already does.

    Raises ChainBroken rather than attest a chain that was cut or written anew, Broken when of what
    is kept outside the database something is gone: then a person begins anew, and says why.
    """
    last = checkpoints.latest()  # before the head, which is then as far at least
    if flaw := verification.flaw_of_end():
        raise ChainBroken(flaw)
    head = AuditHead.objects.filter(id=1).first() or AuditHead()
    if last is None and head.sequence == 0:
        return False
    if (
        last is not None
        and not AuditEntry.objects.filter(
            sequence=last.sequence, entry_hash=last.entry_hash
        ).exists()
    ):
        raise ChainBroken(Flaw(last.sequence, "rewritten", "it is not what was attested"))
    return _attest(head, last, known_from=(head.sequence, head.entry_hash), now=now)


def attest(entry: AuditEntry, *, now: datetime) -> tuple[str, str] | None:
    """Attest the chain up to ``entry``, which the caller has just committed.

    Return the checkpoint as it stands in its file and the public key (PEM) it is signed for; None
    where a later one stands already. Raises as ``write_checkpoint``.
    """
    last = checkpoints.latest()
    if last is not None and last.sequence > entry.sequence:
        return None
    head = AuditHead.objects.get(id=1)
    head.sequence, head.entry_hash = entry.sequence, entry.entry_hash
    _attest(head, last, known_from=(entry.sequence, entry.entry_hash), now=now)
    return checkpoints.proof_of(entry.sequence, entry.entry_hash)


def begin_checkpoints(*, because: str, now: datetime) -> str:
    """Begin the checkpoints anew after something of them was lost; return what was found.

    The old ones are laid aside, and a key that is lost is made anew. From then on entries before
    this one are attested by their hashes and, as far as these are at hand, by the checkpoints laid
    aside; that, and why, stands in the chain and in the first new checkpoint. Raises
    NothingIsLost.
    """
    try:
        flaw = verification.verify().flaw
        found = flaw.code if flaw else ""
    except checkpoints.Broken as broken:
        found = broken.code
    if not found:
        raise NothingIsLost
    with transaction.atomic():
        head = lock_chain()
        if head.sealed_from is not None and seals.key() is None:
            AuditHead.objects.filter(id=1).update(sealed_from=None)  # the next entry makes a key
        try:
            last = checkpoints.latest()
        except checkpoints.Broken:
            last = None
        data = {"because": because, "found": found, "attested": last.sequence if last else 0}
        act = Act(
            action="audit.begin_checkpoints", target_type="audit", target_uuid=None, data=data
        )
        record(act, actor=None, now=now)
        head = lock_chain()
        checkpoints.lay_aside(now=now)
        seals.note_reached(head.sequence, head.entry_hash, is_new_beginning=True)
    checkpoints.write(
        head.sequence, head.entry_hash, now=now, sealed_from=head.sealed_from, because=because
    )
    AuditHead.objects.filter(id=1).update(is_attested=True)
    return found


class NothingIsLost(Exception):
    """The checkpoints are whole and the chain agrees with them: there is nothing to begin anew."""


def _attest(
    head: AuditHead,
    last: checkpoints.Checkpoint | None,
    *,
    known_from: tuple[int, str],
    now: datetime,
) -> bool:
    """Write a checkpoint for ``head`` if the entries since the ``last`` are as they were written.

    ``known_from``: up to there they are read; what follows the caller has just written itself.
    """
    verification.refuse_lost(head)  # before a long chain would be read in vain
    if last is not None and (last.sequence, last.entry_hash) == (head.sequence, head.entry_hash):
        return False
    if last is None or known_from[0] >= last.sequence:
        if flaw := verification.flaw_since(last, up_to=known_from):
            raise ChainBroken(flaw)
    elif known_from[0] >= head.sequence:
        raise ChainBroken(Flaw(head.sequence + 1, "cut", "it is missing from the end"))
    seals.note_reached(head.sequence, head.entry_hash)
    is_written = checkpoints.write(
        head.sequence,
        head.entry_hash,
        now=now,
        sealed_from=head.sealed_from,
        may_begin=not verification.checkpoints_were_begun(head),
    )
    if not head.is_attested:
        AuditHead.objects.filter(id=1, is_attested=False).update(is_attested=True)
    return is_written
