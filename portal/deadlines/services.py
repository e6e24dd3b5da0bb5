"""Opening, closing and cancelling clocks, in the transaction of what causes them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeVar
from uuid import UUID

from django.db.models import Case, F, OuterRef, QuerySet, When
from django.utils import timezone

from portal.agencies.models import Agency
from portal.core.calendar.workdays import work_calendar
from portal.core.database.bulk import update_rows
from portal.deadlines.calendar_lock import reads_the_calendar
from portal.deadlines.models import Counts, Deadline, DeadlineKind
from portal.deadlines.rules import first_moment, limit_of


@dataclass(frozen=True, slots=True)
class Owed:
    """What one of many clocks of a kind is about, and who owes it."""

    agency: Agency
    office: Agency | None
    target_uuid: UUID
    title: str
    path: str


@dataclass(frozen=True, slots=True)
class OwedUntil(Owed):
    """What ends on a day of its own, whatever is worked until then."""

    received_on: date
    due_on: date


AnyOwed = TypeVar("AnyOwed", bound=Owed)


def open_deadline(
    kind: DeadlineKind,
    *,
    agency: Agency,
    office: Agency | None,
    target_type: str,
    target_uuid: UUID,
    title: str,
    path: str,
    now: datetime,
    working_days: int | None = None,
    received_on: date | None = None,
) -> Deadline:
    """Start a clock on the day of ``now`` (day 0) and return it; an open one is returned as it is.

    ``working_days`` shortens the legal limit of the kind (a RoutingRule may), never lengthens it;
    0 is the end of the day itself. ``received_on`` is day 0 of what came on paper before it was
    recorded.
    """
    standing = Deadline.objects.open().filter(kind=kind, target_uuid=target_uuid).first()
    if standing is not None:
        return standing
    owed = Owed(agency, office, target_uuid, title, path)
    (opened,) = open_deadlines(
        kind,
        [owed],
        target_type=target_type,
        now=now,
        working_days=working_days,
        received_on=received_on,
    )
    return opened


def open_deadlines(
    kind: DeadlineKind,
    owed: Iterable[Owed],
    *,
    target_type: str,
    now: datetime,
    working_days: int | None = None,
    received_on: date | None = None,
) -> list[Deadline]:
    """Start many clocks of one kind on the day of ``now``; return those that were not open yet.

    ``working_days`` and ``received_on`` as in ``open_deadline``.
    """
    wanted = _not_open_yet([kind], owed)
    limit = limit_of(kind)
    days = limit.working_days
    if working_days is not None:
        days = min(days, working_days)
    received_on = received_on or timezone.localdate(now)
    reads_the_calendar()
    calendar = work_calendar()
    due_on = calendar.add(received_on, days)
    next_at = max(now, first_moment(kind, due_on, calendar))
    return Deadline.objects.bulk_create(
        [
            Deadline(
                kind=kind,
                article=limit.article,
                agency=one.agency,
                office=one.office,
                target_type=target_type,
                target_uuid=one.target_uuid,
                title=one.title,
                path=one.path,
                received_on=received_on,
                working_days=days,
                due_on=due_on,
                next_at=next_at,
                changed_at=now,
            )
            for one in wanted
        ],
        batch_size=500,
    )


def open_until(
    owed: Iterable[tuple[DeadlineKind, OwedUntil]],
    *,
    target_type: str,
    now: datetime,
    counts: Counts = Counts.FIXED,
) -> list[Deadline]:
    """Start many clocks that end on days of their own; return those that were not open yet.

    Of the kinds named, one is open about a target at a time. One that ``counts`` calendar days is
    late when its day is over; a fixed one, a door that shuts, is not.
    """
    pairs = list(owed)
    kinds = {kind for kind, _one in pairs}
    kind_of = {one.target_uuid: kind for kind, one in pairs}
    calendar = work_calendar()
    opened = []
    for one in _not_open_yet(kinds, [one for _kind, one in pairs]):
        kind = kind_of[one.target_uuid]
        opened.append(
            Deadline(
                kind=kind,
                article=limit_of(kind).article,
                agency=one.agency,
                office=one.office,
                target_type=target_type,
                target_uuid=one.target_uuid,
                title=one.title,
                path=one.path,
                received_on=one.received_on,
                counts=counts,
                working_days=(
                    max(0, (one.due_on - one.received_on).days) if counts == Counts.CALENDAR else 0
                ),
                due_on=one.due_on,
                next_at=max(now, first_moment(kind, one.due_on, calendar)),
                changed_at=now,
            )
        )
    return Deadline.objects.bulk_create(opened, batch_size=500)


def _not_open_yet(kinds: Collection[DeadlineKind], owed: Iterable[AnyOwed]) -> list[AnyOwed]:
    wanted = {one.target_uuid: one for one in owed}
    standing = Deadline.objects.open().filter(kind__in=kinds, target_uuid__in=list(wanted))
    for target_uuid in standing.values_list("target_uuid", flat=True):
        wanted.pop(target_uuid, None)
    return list(wanted.values())


def close(kind: DeadlineKind, target_uuid: UUID, *, now: datetime) -> int:
    """Mark what was owed as done; return how many clocks stopped (0 or 1)."""
    return close_all(kind, [target_uuid], now=now)


def close_all(kind: DeadlineKind, target_uuids: Collection[UUID], *, now: datetime) -> int:
    """Mark what was owed about each of these as done; return how many clocks stopped."""
    found = Deadline.objects.open().filter(kind=kind, target_uuid__in=target_uuids)
    return found.update(done_at=now, next_at=_what_it_crossed(now))


def cancel(kind: DeadlineKind, target_uuids: Collection[UUID], *, now: datetime) -> int:
    """Cancel what need not be done any more about each of these; return how many stopped."""
    found = Deadline.objects.open().filter(kind=kind, target_uuid__in=target_uuids)
    return found.update(cancelled_at=now, next_at=_what_it_crossed(now))


def _what_it_crossed(now: datetime) -> Case:
    """Leave a clock that ends to the next sweep where no sweep saw yet what it crossed.

    A threshold crossed has its row, whenever the sweeps ran: told of no more, but noted.
    """
    return Case(When(next_at__lte=now, then=F("next_at")), default=None)


def pass_on(
    target_uuids: Collection[UUID],
    *,
    agency: Agency,
    office: Agency | None,
    now: datetime,
    owed_by: Collection[int] | None = None,
) -> int:
    """Let ``agency`` owe what is open about these from now on; day 0 stays. Return how many.

    ``owed_by`` leaves out what others than these bodies owe about the same.
    """
    found = Deadline.objects.open().filter(target_uuid__in=target_uuids)
    if owed_by is not None:
        found = found.filter(agency__in=owed_by)
    return found.update(agency=agency, office=office, next_at=now, changed_at=now)


def reassign_watching_offices(clocks: Sequence[Deadline], offices: Mapping[int, Agency]) -> int:
    """Let the offices of ``offices`` (by clock) watch locked clocks; return how many changed.

    Nobody is reminded anew by that: the thresholds are those of the clock.
    """
    changed = []
    for clock in clocks:
        office = offices.get(clock.pk)
        if office is not None and office.pk != clock.office_id:
            clock.office = office
            changed.append(clock)
    update_rows(changed, ["office"])
    return len(changed)


def cancel_all(target_uuid: UUID, *, now: datetime) -> int:
    """Cancel every open clock about ``target_uuid`` (a return, a withdrawal); return how many."""
    found = Deadline.objects.open().filter(target_uuid=target_uuid)
    return found.update(cancelled_at=now, next_at=_what_it_crossed(now))


def next_dues(target_uuid: UUID | OuterRef) -> QuerySet[Deadline, date]:
    """Return the days on which open clocks about ``target_uuid`` end, the earliest first."""
    clocks = Deadline.objects.open().filter(target_uuid=target_uuid).order_by("due_on")
    return clocks.values_list("due_on", flat=True)
