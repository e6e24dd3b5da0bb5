"""Opening, closing and cancelling clocks, in the transaction of what causes them."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from django.utils import timezone

from portal.agencies.models import Agency
from portal.core.workdays import work_calendar
from portal.deadlines.models import Deadline, DeadlineKind
from portal.deadlines.rules import LIMITS


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
) -> Deadline:
    """Start a clock on the day of ``now`` (day 0) and return it; an open one is returned as it is.

    ``working_days`` shortens the legal limit of the kind (a RoutingRule may), never lengthens it.
    """
    standing = Deadline.objects.open().filter(kind=kind, target_uuid=target_uuid).first()
    if standing is not None:
        return standing
    limit = LIMITS[kind]
    days = min(limit.working_days, working_days or limit.working_days)
    received_on = timezone.localdate(now)
    return Deadline.objects.create(
        kind=kind,
        article=limit.article,
        agency=agency,
        office=office,
        target_type=target_type,
        target_uuid=target_uuid,
        title=title,
        path=path,
        received_on=received_on,
        working_days=days,
        due_on=work_calendar().add(received_on, days),
        next_at=now,
    )


def close(kind: DeadlineKind, target_uuid: UUID, *, now: datetime) -> int:
    """Mark what was owed as done; return how many clocks stopped (0 or 1)."""
    found = Deadline.objects.open().filter(kind=kind, target_uuid=target_uuid)
    return found.update(done_at=now, next_at=None)


def cancel_all(target_uuid: UUID, *, now: datetime) -> int:
    """Cancel every open clock about ``target_uuid`` (a return, a withdrawal); return how many."""
    found = Deadline.objects.open().filter(target_uuid=target_uuid)
    return found.update(cancelled_at=now, next_at=None)


def next_due(target_uuid: UUID) -> date | None:
    """Return the earliest day an open clock about ``target_uuid`` ends, or None."""
    return (
        Deadline.objects.open()
        .filter(target_uuid=target_uuid)
        .order_by("due_on")
        .values_list("due_on", flat=True)
        .first()
    )
