"""Carrying out what was confirmed: in the background, in small transactions, resumable.

What is done to a row is its effect's business (``requests_app.kinds.effects``); here a
dossier is claimed, taken through in chunks and closed. A row is prepared (one transaction),
answered by the CA (outside any transaction), recorded (one transaction). A worker killed between
two of them is followed by another that takes up where the rows say; the CA answers a known request
key with the certificate it made, so nothing is done twice.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef

from portal.ca.authority import services as authority
from portal.core.database.bulk import collector_paused
from portal.core.steps import PORTAL
from requests_app import kinds
from requests_app.execution.rows import waiting_rows
from requests_app.kinds.effects import effect_of_kind
from requests_app.models import Decision, Dossier, DossierItem, Outcome
from requests_app.papers import Prepared
from requests_app.steps.engine import take_own_step
from requests_app.steps.rows import keep_refusal, print_refusal
from requests_app.workflow import Action, State

logger = logging.getLogger(__name__)

PENDING = Outcome.PENDING
_WAITING = (State.FORWARDED, State.ACCEPTED, State.EXECUTING)  # FORWARDED to a CA without a desk


def execute_accepted(*, now: datetime, most: int = 20) -> int:
    """Carry out dossiers that are confirmed or were left half done; return how many rows.

    Without a CA only what it is asked for waits: a revocation and an unlocking go on.
    """
    started = monotonic()
    waiting = Dossier.objects.filter(queue=PORTAL, state__in=_WAITING).unclaimed(now)
    rows_of = DossierItem.objects.filter(dossier=OuterRef("pk"), decision=Decision.ACCEPTED)
    waiting = waiting.filter(  # those whose every open row waits for a CA's answer lie still
        Exists(rows_of.filter(outcome=Outcome.NONE)) | ~Exists(rows_of.filter(outcome=PENDING))
    )
    try:
        authority.current(now)
    except authority.NotConfigured:
        asking = [code for code in kinds.KINDS if effect_of_kind(code).asks_the_ca]
        if waiting.filter(kind__in=asking).exists():
            logger.warning("no CA is configured: what it is asked for waits")
        waiting = waiting.exclude(kind__in=asking)
    rows = 0
    for pk in list(waiting.order_by("due_on", "pk").values_list("pk", flat=True)[:most]):
        try:
            rows += execute(pk, now=now + timedelta(seconds=monotonic() - started))
        except Exception:
            # Its lease runs out and the next sweep takes it up; the others need not wait for it.
            logger.exception("could not carry out dossier %s", pk)
    return rows


def execute(pk: int, *, now: datetime) -> int:
    """Carry out one dossier to its end; return the rows done. Another worker's is left alone.

    Raises authority.NotConfigured when the CA is to be asked and there is none.
    """
    effect = effect_of_kind(Dossier.objects.values_list("kind", flat=True).get(pk=pk))
    if effect.asks_the_ca:
        authority.current(now)
    if not begin(pk, now=now):
        return 0
    started = monotonic()
    assert effect.carry_out is not None  # notices and minutes are never accepted
    rows = 0
    while chunk := next_chunk(pk):
        with collector_paused():
            rows += effect.carry_out(pk, chunk, now=now)
        # The lease runs by the real clock: a long list outlives the moment it began at.
        moment = now + timedelta(seconds=monotonic() - started)
        Dossier.objects.hold(pk, now=moment, lease=settings.EXECUTION_LEASE)
    end: End | None = None  # while a failed row, or one that waits for a CA, keeps it open
    if not DossierItem.objects.filter(dossier=pk, outcome__in=(Outcome.FAILED, PENDING)).exists():
        seen = Dossier.objects.select_related("agency_version", "addressee", "agency").get(pk=pk)
        refusal = print_refusal(seen)
        end = End(refusal, effect.prepare_end(pk, now=now) if effect.prepare_end else None)
    _finish(pk, end, now=now)
    return rows


@dataclass(frozen=True, slots=True)
class End:
    """What a dossier leaves when it ends, printed before the transaction that closes it."""

    refusal: Prepared | None
    leave: Callable[[Dossier], object] | None


def begin(pk: int, *, now: datetime) -> bool:
    """Claim a dossier and set it going; say whether it is this worker's now."""
    waiting = Dossier.objects.filter(state__in=_WAITING)
    if not waiting.claim(pk, now=now, lease=settings.EXECUTION_LEASE):
        return False
    with transaction.atomic():
        dossier = Dossier.objects.select_for_update(of=("self",), no_key=True).get(pk=pk)
        if dossier.state != State.EXECUTING:
            take_own_step(dossier, Action.START, now=now)
    return True


def next_chunk(pk: int) -> list[int]:
    """Return the rows to carry out next, in order; empty when none is left."""
    return list(waiting_rows(pk).values_list("pk", flat=True)[: settings.EXECUTION_CHUNK])


@transaction.atomic
def _finish(pk: int, end: End | None, *, now: datetime) -> None:
    """Close the dossier by how its rows ended; a failed row keeps it open for a retry, one that
    waits for a CA until it answers."""
    dossier = Dossier.objects.select_for_update(of=("self",), no_key=True).get(pk=pk)
    if dossier.state != State.EXECUTING:
        return  # another worker closed it
    dossier.claimed_until = None
    outcomes = set(dossier.items.order_by().values_list("outcome", flat=True).distinct())
    if outcomes & {Outcome.NONE, PENDING} or (end is None and Outcome.FAILED not in outcomes):
        dossier.save(update_fields=["claimed_until"])  # an answer may have come this moment
        return
    if Outcome.FAILED in outcomes:
        action = Action.FAIL
    elif outcomes == {Outcome.REFUSED}:
        action = Action.REFUSE_ALL
    elif Outcome.REFUSED in outcomes:
        action = Action.COMPLETE_PARTLY
    else:
        action = Action.COMPLETE
    document = keep_refusal(dossier, end.refusal, now=now) if end else None
    if end and end.leave:
        end.leave(dossier)
    take_own_step(dossier, action, now=now, document=document)
