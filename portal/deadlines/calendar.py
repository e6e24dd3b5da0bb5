"""Keeping the working-day table: a change moves the open deadlines it touches, at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _

from portal.accounts.models import User
from portal.audit import services as audit
from portal.core.calendar.workdays import SATURDAY, work_calendar
from portal.core.models import CalendarDay
from portal.core.roles import Capability
from portal.core.rules import refuse
from portal.core.text.vietnamese import nfc
from portal.deadlines.calendar_lock import wait_for, wait_for_openers
from portal.deadlines.moves import Moved, look

KEPT_YEARS = range(2000, 2100)  # as the pages show them; a slip of the pen lies beyond
_RECORDED = 200  # deadlines named in one audit entry; the count is always whole


def add_day(
    day: date, *, kind: str, name: str, is_official: bool, actor: User, now: datetime
) -> list[Moved]:
    """Put a day into the table and return the deadlines that moved.

    Raises PermissionDenied or Refused.
    """
    _permit(actor)
    if day.year not in KEPT_YEARS:
        message = _("Lịch chỉ ghi các năm từ %(first)d đến %(last)d.")
        raise refuse("year_not_kept", message % {"first": KEPT_YEARS[0], "last": KEPT_YEARS[-1]})
    is_weekend = day.weekday() >= SATURDAY
    if is_weekend != (kind == CalendarDay.Kind.WORK):
        if is_weekend:
            message = _("%(day)s là thứ Bảy hoặc Chủ nhật nên vốn là ngày nghỉ.")
            way_out = _("Nếu đó là ngày làm bù, hãy chọn “Ngày làm bù”.")
        else:
            message = _("%(day)s là ngày trong tuần nên vốn là ngày làm việc.")
            way_out = _("Nếu đó là ngày nghỉ, hãy chọn “Ngày nghỉ”.")
        raise refuse("day_is_so_already", message % {"day": f"{day:%d/%m/%Y}"}, way_out=way_out)

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
        row = CalendarDay.objects.select_for_update(no_key=True).get(pk=day.pk)
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
        row = CalendarDay.objects.select_for_update(no_key=True).get(pk=day.pk)
        CalendarDay.objects.filter(pk=row.pk).delete()
        return row

    return _change("calendar.remove_day", remove, actor=actor, now=now)


def _change(
    action: str, change: Callable[[], CalendarDay], *, actor: User, now: datetime
) -> list[Moved]:
    """Change the table and move what it touches, then what was opened meanwhile by the old table
    and what somebody else had in hand.

    Each further look has an entry of its own, where it moved anything. None waits for a row while
    it holds one (``moves``).
    """
    with transaction.atomic():
        audit.lock_chain()
        before = work_calendar()
        row = change()
        year = row.date.year
        days = row.date, row.date  # the first and the last that may have changed
        if before.is_announced(year) != work_calendar().is_announced(year):
            # Any of the year's: its days off were computed and are known now, or the other way.
            days = date(year, 1, 1), date(year, 12, 31)
        seen = look(days, now=now)
        _record(action, row, seen.moved, actor=actor, now=now)
    moved = list(seen.moved)
    wait_for_openers()
    while True:
        with transaction.atomic():
            audit.lock_chain()
            seen = look(days, late=seen.late, now=now)
            if seen.moved:
                _record(action, row, seen.moved, actor=actor, now=now)
        moved += seen.moved
        if seen.held is None:
            return moved
        wait_for(seen.held)


def _permit(actor: User) -> None:
    if not actor.can(Capability.ADMINISTER):
        raise PermissionDenied("only an administrator keeps the calendar")


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
