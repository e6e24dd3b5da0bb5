"""Keeping the working-day table: a change moves the open deadlines it touches, at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _

from portal.accounts.models import User
from portal.audit import services as audit
from portal.core.models import CalendarDay
from portal.core.roles import Role
from portal.core.rules import refuse
from portal.core.text import nfc
from portal.core.workdays import WorkCalendar, work_calendar
from portal.deadlines.meanwhile import wait_for_openers
from portal.deadlines.models import Counts, Deadline

_SATURDAY = 5
_CHUNK = 500
_RECORDED = 200  # deadlines named in one audit entry; the count is always whole


@dataclass(frozen=True, slots=True)
class Moved:
    """A deadline that ends on another day than it did; ``deadline`` holds the new day."""

    deadline: Deadline
    was_due_on: date


Follower = Callable[[Sequence[Moved]], None]
_FOLLOWERS: dict[str, Follower] = {}


def follow(target_type: str, follower: Follower) -> None:
    """Let ``follower`` hear, in the same transaction, of moved deadlines about ``target_type``.

    For apps above this one that keep a due date of their own.
    """
    _FOLLOWERS[target_type] = follower


def add_day(
    day: date, *, kind: str, name: str, is_official: bool, actor: User, now: datetime
) -> list[Moved]:
    """Put a day into the table and return the deadlines that moved.

    Raises PermissionDenied or Refused.
    """
    _permit(actor)
    _check_kind(day, kind)

    def add() -> CalendarDay:
        row, is_new = CalendarDay.objects.get_or_create(
            date=day, defaults={"kind": kind, "name": nfc(name), "is_official": is_official}
        )
        if not is_new:
            raise refuse(
                "day_taken",
                _("Ngày %(day)s đã có trong lịch: %(name)s.")
                % {"day": f"{day:%d/%m/%Y}", "name": row.name},
                way_out=_("Hãy sửa ngày đó thay vì thêm."),
            )
        return row

    return _change("calendar.add_day", add, actor=actor, now=now)


def edit_day(
    day: CalendarDay, *, name: str, is_official: bool, actor: User, now: datetime
) -> list[Moved]:
    """Correct what a day is called and whether it is announced; return the deadlines that moved.

    None does, but when it decides whether the year's days off are known or computed. Raises
    PermissionDenied or CalendarDay.DoesNotExist (removed meanwhile).
    """
    _permit(actor)

    def edit() -> CalendarDay:
        row = CalendarDay.objects.select_for_update().get(pk=day.pk)
        row.name, row.is_official = nfc(name), is_official
        row.save(update_fields=["name", "is_official"])
        return row

    return _change("calendar.edit_day", edit, actor=actor, now=now)


def remove_day(day: CalendarDay, *, actor: User, now: datetime) -> list[Moved]:
    """Take a day out of the table and return the deadlines that moved.

    Raises PermissionDenied or CalendarDay.DoesNotExist (removed meanwhile).
    """
    _permit(actor)

    def remove() -> CalendarDay:
        row = CalendarDay.objects.select_for_update().get(pk=day.pk)
        CalendarDay.objects.filter(pk=row.pk).delete()
        return row

    return _change("calendar.remove_day", remove, actor=actor, now=now)


def _change(
    action: str, change: Callable[[], CalendarDay], *, actor: User, now: datetime
) -> list[Moved]:
    """Change the table and move what it touches, then what was opened meanwhile by the old table.

    The second look has an entry of its own, where it moved anything.
    """
    with transaction.atomic():
        before = work_calendar()
        row = change()
        moved = _recompute(row.date, before, now=now)
        _record(action, row, moved, actor=actor, now=now)
    wait_for_openers()
    with transaction.atomic():
        if meanwhile := _recompute(row.date, before, now=now):
            _record(action, row, meanwhile, actor=actor, now=now)
    return moved + meanwhile


def _permit(actor: User) -> None:
    if actor.role != Role.ADMINISTRATOR:
        raise PermissionDenied("only an administrator keeps the calendar")


def _check_kind(day: date, kind: str) -> None:
    is_weekend = day.weekday() >= _SATURDAY
    if is_weekend == (kind == CalendarDay.Kind.WORK):
        return
    if is_weekend:
        message = _("%(day)s là thứ Bảy hoặc Chủ nhật nên vốn là ngày nghỉ.")
        way_out = _("Nếu đó là ngày làm bù, hãy chọn “Ngày làm bù”.")
    else:
        message = _("%(day)s là ngày trong tuần nên vốn là ngày làm việc.")
        way_out = _("Nếu đó là ngày nghỉ, hãy chọn “Ngày nghỉ”.")
    raise refuse("day_is_so_already", message % {"day": f"{day:%d/%m/%Y}"}, way_out=way_out)


def _recompute(day: date, before: WorkCalendar, *, now: datetime) -> list[Moved]:
    """Move the open deadlines that count over ``day``; what ended before it stays.

    Where a year's days off were computed ``before`` and are known now, or the other way round, any
    of its days may have changed.
    """
    calendar = work_calendar()
    first, last = day, day
    if before.is_announced(day.year) != calendar.is_announced(day.year):
        first, last = date(day.year, 1, 1), date(day.year, 12, 31)
    touched = Deadline.objects.open().filter(
        counts=Counts.WORKING, received_on__lt=last, due_on__gte=first
    )
    moved: list[Moved] = []
    by_new_day: dict[date, list[int]] = defaultdict(list)
    for deadline in touched.select_related("agency"):
        due_on = calendar.add(deadline.received_on, deadline.working_days)
        if due_on != deadline.due_on:
            moved.append(Moved(deadline, deadline.due_on))
            deadline.due_on = due_on
            by_new_day[due_on].append(deadline.pk)
    for due_on, pks in by_new_day.items():
        for start in range(0, len(pks), _CHUNK):
            still_open = Deadline.objects.open().filter(pk__in=pks[start : start + _CHUNK])
            still_open.update(due_on=due_on, next_at=now, changed_at=now)
    # Days after the end are counted in reminders of what is late: these look at the table again.
    late = Deadline.objects.open().filter(counts=Counts.WORKING, due_on__lt=last)
    late.filter(next_at__isnull=False).update(next_at=now)
    _tell_followers(moved)
    return moved


def _tell_followers(moved: Sequence[Moved]) -> None:
    by_type: dict[str, list[Moved]] = defaultdict(list)
    for one in moved:
        by_type[one.deadline.target_type].append(one)
    for target_type, ones in by_type.items():
        if follower := _FOLLOWERS.get(target_type):
            follower(ones)


def _record(
    action: str, day: CalendarDay, moved: Sequence[Moved], *, actor: User, now: datetime
) -> None:
    data: dict[str, Any] = {
        "date": day.date.isoformat(),
        "kind": day.kind,
        "name": day.name,
        "is_official": day.is_official,
        "moved_count": len(moved),
        "moved": [
            {
                "deadline": str(one.deadline.uuid),
                "from": one.was_due_on.isoformat(),
                "to": one.deadline.due_on.isoformat(),
            }
            for one in moved[:_RECORDED]
        ],
    }
    act = audit.Act(action=action, target_type="calendar_day", target_uuid=None, data=data)
    audit.record(act, actor=actor, now=now)
