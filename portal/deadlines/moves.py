"""Moving the clocks that a changed calendar touches, without waiting for anybody on the way.

Whoever takes a step holds a dossier or a device, then its clocks, then the end of the audit chain,
and with that in hand perhaps the next clock. An edit of the calendar needs all of these: in any
order it would wait for somebody who waits for it. So it locks the chain first, takes what nobody
has in hand, and leaves the rest for another look.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import QuerySet

from portal.core.calendar.workdays import work_calendar
from portal.deadlines.models import Counts, Deadline

_CHUNK = 500

Days = tuple[date, date]  # the first and the last
Key = TypeVar("Key")
Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Moved:
    """A deadline that ends on another day than it did; ``deadline`` holds the new day."""

    deadline: Deadline
    was_due_on: date


@dataclass(frozen=True, slots=True)
class Look:
    """What one look moved, and what it had to leave because somebody else has it in hand.

    ``held`` is a row to wait for before the next look; ``late`` are the late clocks that look must
    still set due.
    """

    moved: list[Moved]
    late: frozenset[int]
    held: QuerySet[Any] | None


Follower = Callable[[Sequence[Moved]], None]


@dataclass(frozen=True, slots=True)
class _Following:
    hear: Follower
    rows: QuerySet[Any] | None


_FOLLOWERS: dict[str, _Following] = {}


def follow(target_type: str, follower: Follower, *, rows: QuerySet[Any] | None = None) -> None:
    """Let ``follower`` hear, in the same transaction, of moved deadlines about ``target_type``.

    For apps above this one that keep a due date of their own: in ``rows``, known by ``uuid``, which
    are locked before ``follower`` is told.
    """
    _FOLLOWERS[target_type] = _Following(follower, rows)


def look(days: Days, *, late: Collection[int] | None = None, now: datetime) -> Look:
    """Move the open deadlines that count over one of ``days``; what ended before them stays.

    ``late`` are the late clocks to set due again, None all. The chain is locked (``lock_chain``).
    """
    # The clocks that do not end by the calendar as it is, each with its right day.
    calendar = work_calendar()
    first, last = days
    touched = Deadline.objects.open().filter(
        counts=Counts.WORKING, received_on__lt=last, due_on__gte=first
    )
    wrong: list[Moved] = []
    for deadline in touched.select_related("agency"):
        due_on = calendar.add(deadline.received_on, deadline.working_days)
        if due_on != deadline.due_on:
            wrong.append(Moved(deadline, deadline.due_on))
            deadline.due_on = due_on

    # What they are about is locked first; what somebody else has in hand is left, with its table.
    held: dict[UUID, QuerySet[Any]] = {}
    for target_type, ones in _by_type(wrong).items():
        following = _FOLLOWERS.get(target_type)
        if following is not None and following.rows is not None:
            uuids = [one.deadline.target_uuid for one in ones]
            _taken, in_hand = _take(following.rows, "uuid", uuids)
            held |= dict.fromkeys(in_hand, following.rows)
    free = [one for one in wrong if one.deadline.target_uuid not in held]
    clocks = Deadline.objects.open().order_by()
    taken, others = _take(clocks, "pk", [one.deadline.pk for one in free])
    moved = [one for one in free if one.deadline.pk in taken]
    by_new_day: dict[date, list[int]] = defaultdict(list)
    for one in moved:
        by_new_day[one.deadline.due_on].append(one.deadline.pk)
    for due_on, pks in by_new_day.items():
        for chunk in _chunks(pks):
            clocks.filter(pk__in=chunk).update(due_on=due_on, next_at=now, changed_at=now)

    left = _set_late_ones_due(days, late, now=now)
    for target_type, ones in _by_type(moved).items():
        if following := _FOLLOWERS.get(target_type):
            for heard in _chunks(ones):
                following.hear(heard)
    waits_for = [rows.filter(uuid=uuid) for uuid, rows in held.items()]
    waits_for += [clocks.filter(pk=pk) for pk in others | left]
    return Look(moved, frozenset(left), waits_for[0] if waits_for else None)


def _take(rows: QuerySet[Any], name: str, keys: Sequence[Key]) -> tuple[set[Key], set[Key]]:
    """Lock those of ``rows`` that nobody has in hand; return their keys and those of the rest."""
    taken: set[Key] = set()
    others: set[Key] = set()
    for chunk in _chunks(keys):
        wanted = rows.filter(**{f"{name}__in": chunk}).values_list(name, flat=True)
        known = set(wanted)
        free = set(wanted.select_for_update(skip_locked=True, no_key=True))
        taken |= free
        others |= known - free
    return taken, others


def _set_late_ones_due(days: Days, only: Collection[int] | None, *, now: datetime) -> set[int]:
    """Days after the end are counted in reminders of what is late: these look at the table again.

    Return those that somebody else has in hand.
    """
    late = Deadline.objects.open().filter(
        counts=Counts.WORKING, due_on__lt=days[1], next_at__isnull=False
    )
    pks = list(late.order_by().values_list("pk", flat=True)) if only is None else sorted(only)
    taken, others = _take(late.order_by(), "pk", pks)
    for chunk in _chunks(sorted(taken)):
        Deadline.objects.filter(pk__in=chunk).update(next_at=now)
    return others


def _by_type(moved: Sequence[Moved]) -> dict[str, list[Moved]]:
    by_type: dict[str, list[Moved]] = defaultdict(list)
    for one in moved:
        by_type[one.deadline.target_type].append(one)
    return by_type


def _chunks(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    for start in range(0, len(rows), _CHUNK):
        yield rows[start : start + _CHUNK]
