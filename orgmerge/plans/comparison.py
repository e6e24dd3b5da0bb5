"""What moved from one plan to the next: marked line by line when a plan is made, read by pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Exists, Max, Min, OuterRef, QuerySet, Subquery

from orgmerge.models import Plan, PlanLine

LINES_AT_ONCE = 20_000  # half a second: SQLite has one writer, and others wait for it


@dataclass(frozen=True, slots=True)
class Differences:
    """What moved between two plans, as queries to be paged.

    ``moved`` are lines of the new plan with ``old_action``, ``old_reason`` (None: the thing is
    new in it); ``gone`` are lines of the old plan whose thing the new one does not have.
    """

    moved: QuerySet[PlanLine]
    gone: QuerySet[PlanLine]


def mark(new: Plan, old: Plan, *, hold: Callable[[], None]) -> None:
    """Mark what moved from ``old`` to ``new``, some lines at a time.

    ``hold`` is called in the transaction of each part; what it raises undoes that part. What an
    attempt that was cut off has marked is marked again.
    """
    moved, gone = _moved(new, old), _gone(new, old)
    for plan, columns, lines in (
        (new, {"is_moved": True}, moved),
        (old, {"is_gone": False}, old.lines.filter(is_gone=True)),
        (old, {"is_gone": True}, gone),
    ):
        for first, last in _parts(plan):
            with transaction.atomic():
                hold()
                lines.filter(pk__range=(first, last)).order_by().update(**columns)


def differences(new: Plan, old: Plan) -> Differences:
    """Return what moved from ``old`` to ``new``: as marked, or found now where it was not."""
    is_marked = new.counts.get("compared_with") == old.number
    moved = new.lines.filter(is_moved=True) if is_marked else _moved(new, old)
    gone = old.lines.filter(is_gone=True) if is_marked else _gone(new, old)
    before = _same_thing(old)
    moved = moved.annotate(
        old_action=Subquery(before.values("action")[:1]),
        old_reason=Subquery(before.values("reason")[:1]),
    )
    return Differences(moved=moved.order_by("stage", "pk"), gone=gone.order_by("stage", "pk"))


def _moved(new: Plan, old: Plan) -> QuerySet[PlanLine]:
    same = _same_thing(old).filter(
        action=OuterRef("action"),
        reason=OuterRef("reason"),
        form=OuterRef("form"),
        is_open=OuterRef("is_open"),
    )
    return new.lines.filter(~Exists(same))


def _gone(new: Plan, old: Plan) -> QuerySet[PlanLine]:
    return old.lines.filter(~Exists(_same_thing(new)))


def _same_thing(plan: Plan) -> QuerySet[PlanLine]:
    same = plan.lines.filter(about=OuterRef("about"), target_id=OuterRef("target_id"))
    return same.order_by()


def _parts(plan: Plan) -> Iterator[tuple[int, int]]:
    """Return ranges of the keys of a plan's lines."""
    ends = plan.lines.aggregate(first=Min("pk"), last=Max("pk"))
    if ends["first"] is not None:
        for first in range(ends["first"], ends["last"] + 1, LINES_AT_ONCE):
            yield first, first + LINES_AT_ONCE - 1
