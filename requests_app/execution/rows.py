"""What every effect shares: the rows that wait, work on many with only the bad one failing."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import TypeVar

from django.db import DataError, IntegrityError, transaction
from django.db.models import QuerySet

from portal.audit import services as audit
from portal.ca.authority.services import Answer
from requests_app.acts import dossier_act
from requests_app.models import Decision, DossierItem, Outcome

logger = logging.getLogger(__name__)

UNWRITABLE = "Dữ liệu của dòng này không ghi được; xem lại các ô quá dài hoặc trùng số hiệu."
T = TypeVar("T")
R = TypeVar("R")


def waiting_rows(pk: int) -> QuerySet[DossierItem]:
    """Return the accepted rows of dossier ``pk`` that have no outcome yet, in order."""
    return DossierItem.objects.filter(
        dossier=pk, decision=Decision.ACCEPTED, outcome=Outcome.NONE
    ).order_by("position")


def in_pieces(
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
    return [*in_pieces(rows[:middle], work, fail), *in_pieces(rows[middle:], work, fail)]


def mark_failed(item: DossierItem, reason: str) -> None:
    """Set the outcome of a row that can't be done; the caller saves."""
    item.outcome, item.outcome_reason = Outcome.FAILED, reason


# What the CA's answer may change of a row beside what it brings.
ANSWERED = ("decision", "decision_reason", "outcome", "outcome_reason")


def mark_unanswered(item: DossierItem, answers: Iterable[Answer]) -> bool:
    """Set the outcome of a row that waits for a CA or was refused by it; the caller saves ANSWERED.

    Returns False for a row whose answers are all there and good.
    """
    said = list(answers)
    refusals = [one.error for one in said if one.is_refused]
    if any(one.is_pending for one in said):
        item.outcome = Outcome.PENDING
    elif refusals:
        # In its own words; the sender gets them with the notice of refusal.
        item.decision, item.decision_reason = Decision.REFUSED, " ".join(dict.fromkeys(refusals))
        item.outcome = Outcome.REFUSED
    else:
        return False
    return True


@transaction.atomic
def fail_unwritable(item_pk: int, *, act: str, now: datetime) -> None:
    """Fail one row that could not be written, unless another worker has ended it meanwhile."""
    item = DossierItem.objects.select_for_update(of=("self",), no_key=True).get(pk=item_pk)
    if item.outcome != Outcome.NONE:
        return
    mark_failed(item, UNWRITABLE)
    item.save(update_fields=["outcome", "outcome_reason"])
    data = {"serials": [], "failed_rows": [item.position]}
    audit.record(dossier_act(act, item.dossier, data=data), actor=None, now=now)
