"""Carrying out what was confirmed: in the background, in small transactions, resumable.

A row goes through three moments: prepared (subscriber, key or device, serial: one transaction),
answered by the CA (outside any transaction), recorded (one transaction). A worker killed between
two of them is followed by another that takes up where the rows say; the CA answers a known
request key with the certificate it made, so nothing is issued twice.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from time import monotonic
from typing import TypeAlias, TypeVar

from django.conf import settings
from django.db import DataError, IntegrityError, transaction
from django.db.models import Q, QuerySet

from portal.audit import services as audit
from portal.ca import authority
from portal.ca import services as ca
from portal.ca.authority import Answer, Order
from portal.ca.models import Certificate
from portal.core.bulk import update_rows
from portal.core.collector import collector_paused
from requests_app import kinds
from requests_app.models import Decision, Dossier, DossierItem, Outcome
from requests_app.preparing import Keys, make_keys_ahead, prepare_rows, validity_from
from requests_app.services.drafts import dossier_act
from requests_app.services.steps import take_own_step
from requests_app.workflow import PORTAL, Action, State

logger = logging.getLogger(__name__)

UNWRITABLE = "Dữ liệu của dòng này không ghi được; xem lại các ô quá dài hoặc trùng số hiệu."
Answered: TypeAlias = tuple[DossierItem, Order, Answer]
T = TypeVar("T")
R = TypeVar("R")
_WAITING = (State.ACCEPTED, State.EXECUTING)


def execute_accepted(*, now: datetime, most: int = 20) -> int:
    """Carry out dossiers that are confirmed or were left half done; return how many rows."""
    started = monotonic()
    waiting = (
        Dossier.objects.filter(_free(now), queue=PORTAL, state__in=_WAITING)
        .order_by("due_on", "pk")
        .values_list("pk", flat=True)[:most]
    )
    rows = 0
    for pk in list(waiting):
        try:
            rows += execute(pk, now=now + timedelta(seconds=monotonic() - started))
        except authority.NotConfigured:
            logger.warning("no CA is configured: accepted dossiers wait")
            return rows
        except Exception:
            # Its lease runs out and the next sweep takes it up; the others need not wait for it.
            logger.exception("could not carry out dossier %s", pk)
    return rows


def execute(pk: int, *, now: datetime) -> int:
    """Carry out one dossier to its end; return the rows done. Another worker's is left alone.

    Raises authority.NotConfigured when there is no CA to ask.
    """
    authority.current()
    if not begin(pk, now=now):
        return 0
    started = monotonic()
    rows = 0
    while True:
        chunk = _next_chunk(pk)
        if not chunk:
            break
        with collector_paused():
            rows += _do_chunk(pk, chunk, now=now)
        # The lease runs by the real clock: a long list outlives the moment it began at.
        passed = timedelta(seconds=monotonic() - started)
        Dossier.objects.filter(pk=pk).update(claimed_until=now + passed + settings.EXECUTION_LEASE)
    _finish(pk, now=now)
    return rows


def _do_chunk(pk: int, chunk: Sequence[int], *, now: datetime) -> int:
    keys = make_keys_ahead(_storages_of_fresh_rows(chunk), now=now)
    items = _in_pieces(chunk, partial(_prepare, pk, keys, now=now), partial(_mark_failed, now=now))
    return _carry_out(pk, items, now=now)


def _free(now: datetime) -> Q:
    return Q(claimed_until__isnull=True) | Q(claimed_until__lt=now)


def _claim(pk: int, *, now: datetime) -> bool:
    found = Dossier.objects.filter(_free(now), pk=pk, state__in=_WAITING)
    return found.update(claimed_until=now + settings.EXECUTION_LEASE) == 1


def begin(pk: int, *, now: datetime) -> bool:
    """Claim a dossier and set it going; say whether it is this worker's now."""
    if not _claim(pk, now=now):
        return False
    _start(pk, now=now)
    return True


@transaction.atomic
def _start(pk: int, *, now: datetime) -> None:
    dossier = Dossier.objects.select_for_update(of=("self",)).get(pk=pk)
    if dossier.state == State.ACCEPTED:
        take_own_step(dossier, Action.START, now=now)


def _waiting_rows(pk: int) -> QuerySet[DossierItem]:
    return DossierItem.objects.filter(
        dossier=pk, decision=Decision.ACCEPTED, outcome=Outcome.NONE
    ).order_by("position")


def _next_chunk(pk: int) -> list[int]:
    return list(_waiting_rows(pk).values_list("pk", flat=True)[: settings.EXECUTION_CHUNK])


def _storages_of_fresh_rows(chunk: Sequence[int]) -> list[str]:
    fresh = DossierItem.objects.filter(pk__in=chunk, serial="")
    return list(fresh.values_list("storage", flat=True))


def _in_pieces(
    rows: Sequence[T], work: Callable[[Sequence[T]], list[R]], fail: Callable[[T], object]
) -> list[R]:
    """Do ``work`` on all rows at once; where the database refuses, on halves, down to the bad row.

    ``work`` is one transaction. A row it can't be done on is handed to ``fail``; its neighbours
    are done.
    """
    try:
        return work(rows)
    except (DataError, IntegrityError):
        if len(rows) == 1:
            logger.exception("a row could not be written")
            fail(rows[0])
            return []
    middle = len(rows) // 2
    return [*_in_pieces(rows[:middle], work, fail), *_in_pieces(rows[middle:], work, fail)]


@transaction.atomic
def _prepare(pk: int, keys: Keys, chunk: Sequence[int], *, now: datetime) -> list[DossierItem]:
    dossier = Dossier.objects.select_for_update(of=("self",)).get(pk=pk)
    items = list(
        _waiting_rows(pk)
        .filter(pk__in=chunk)
        .select_related("key", "subscriber__agency", "subscriber__organisation__parent")
    )
    fresh = [item for item in items if not item.serial]
    prepared = prepare_rows(dossier, items, keys, now=now)
    if fresh:
        data = {
            "rows": [item.position for item in fresh if item.serial],
            "devices": [item.device.serial for item in fresh if item.device],
            "failed_rows": [item.position for item in fresh if item.outcome == Outcome.FAILED],
        }
        audit.record(dossier_act("device.allocate", dossier, data=data), actor=None, now=now)
    return prepared


@transaction.atomic
def _mark_failed(item_pk: int, *, now: datetime) -> None:
    """Fail one row that could not be written, unless another worker has ended it meanwhile."""
    item = DossierItem.objects.select_for_update(of=("self",)).get(pk=item_pk)
    if item.outcome != Outcome.NONE:
        return
    item.outcome, item.outcome_reason = Outcome.FAILED, UNWRITABLE
    item.save(update_fields=["outcome", "outcome_reason"])
    data = {"serials": [], "failed_rows": [item.position]}
    audit.record(dossier_act("certificate.issue", item.dossier, data=data), actor=None, now=now)


def _carry_out(pk: int, items: Sequence[DossierItem], *, now: datetime) -> int:
    dossier = Dossier.objects.select_related("agency", "office").get(pk=pk)
    ready = [item for item in items if item.serial and item.outcome == Outcome.NONE]
    if not ready:
        return 0
    orders = [_order(dossier, item, now=now) for item in ready]
    answers = authority.current().issue_many(orders, now=now)
    answered = list(zip(ready, orders, answers, strict=True))
    done = _in_pieces(
        answered, partial(_record, dossier, now=now), lambda row: _mark_failed(row[0].pk, now=now)
    )
    return len(done)


def _order(dossier: Dossier, item: DossierItem, *, now: datetime) -> Order:
    assert item.subscriber is not None
    assert item.key is not None
    make_subject = kinds.get(dossier.kind).subject_name
    assert make_subject is not None, "only forms that issue are carried out here"
    organisation = item.subscriber.organisation
    superior = organisation.parent.name if organisation and organisation.parent else ""
    not_before, not_after = validity_from(now)
    return Order(
        request_key=item.request_key,
        serial=item.serial,
        kind=item.subscriber.kind,
        subject=make_subject(item.answers, superior),
        public_key=bytes(item.key.public_key),
        not_before=not_before,
        not_after=not_after,
    )


@transaction.atomic
def _record(dossier: Dossier, rows: Sequence[Answered], *, now: datetime) -> list[DossierItem]:
    """Write certificates and outcomes; rows another worker recorded meanwhile are left alone."""
    open_rows = set(
        DossierItem.objects.select_for_update(of=("self",))
        .filter(pk__in=[item.pk for item, _, _ in rows], outcome=Outcome.NONE)
        .values_list("pk", flat=True)
    )
    made: list[tuple[DossierItem, Certificate]] = []
    touched: list[DossierItem] = []
    for item, order, answer in rows:
        if item.pk not in open_rows:
            continue
        touched.append(item)
        if answer.der is None:
            item.outcome, item.outcome_reason = Outcome.FAILED, answer.error
        else:
            made.append((item, _certificate(dossier, item, order, answer, now=now)))
    Certificate.objects.bulk_create([certificate for _, certificate in made])
    for item, certificate in made:
        item.outcome, item.result = Outcome.DONE, certificate
    update_rows(touched, ["outcome", "outcome_reason", "result"])
    audit.record(
        dossier_act(
            "certificate.issue",
            dossier,
            data={
                "serials": [certificate.serial for _, certificate in made],
                "failed_rows": [item.position for item in touched if item.result_id is None],
            },
        ),
        actor=None,
        now=now,
    )
    return touched


def _certificate(
    dossier: Dossier, item: DossierItem, order: Order, answer: Answer, *, now: datetime
) -> Certificate:
    assert item.subscriber is not None
    assert item.key is not None
    return ca.certificate_from(
        order,
        answer,
        subscriber=item.subscriber,
        agency=item.subscriber.agency,
        office=dossier.office,
        key=item.key,
        now=now,
    )


@transaction.atomic
def _finish(pk: int, *, now: datetime) -> None:
    """Close the dossier by how its rows ended; a failed row keeps it open for a retry."""
    dossier = Dossier.objects.select_for_update(of=("self",)).get(pk=pk)
    if dossier.state != State.EXECUTING:
        return  # another worker closed it
    dossier.claimed_until = None
    outcomes = set(dossier.items.order_by().values_list("outcome", flat=True).distinct())
    if Outcome.FAILED in outcomes:
        action = Action.FAIL
    elif Outcome.REFUSED in outcomes:
        action = Action.COMPLETE_PARTLY
    else:
        action = Action.COMPLETE
    take_own_step(dossier, action, now=now)
