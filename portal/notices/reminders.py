"""The sweep that speaks of clocks: each threshold once, the latest only, whatever was missed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from portal.core.calendar.workdays import WorkCalendar, work_calendar
from portal.core.database.bulk import update_rows
from portal.deadlines.escalation import ladder_of, listeners, people_in
from portal.deadlines.models import Counts, Deadline, DeadlineKind, Reminder
from portal.deadlines.rules import moment_of, schedule_of
from portal.notices.services import Telling, tell_many

MOST = 1000  # clocks of one transaction
_LONGEST_TITLE = 250


@dataclass(frozen=True, slots=True)
class Told:
    """What a sweep did: clocks looked at, thresholds told and overtaken, notices written."""

    clocks: int = 0
    told: int = 0
    overtaken: int = 0
    notices: int = 0

    def __add__(self, other: Told) -> Told:
        return Told(
            self.clocks + other.clocks,
            self.told + other.told,
            self.overtaken + other.overtaken,
            self.notices + other.notices,
        )


@transaction.atomic
def remind(*, now: datetime, most: int = MOST) -> Told:
    """Tell of the thresholds crossed by ``now``; at most ``most`` clocks.

    Of several crossed since the last time the latest is told, the others are marked overtaken; all
    are where the clock has ended meanwhile. Safe twice and twice at once: the clocks are locked, a
    threshold has one row. Run again while it returns ``most`` clocks.
    """
    due = Deadline.objects.filter(next_at__lte=now).order_by("next_at", "pk")
    clocks = list(
        due.select_for_update(of=("self",), skip_locked=True, no_key=True).select_related("agency")[
            :most
        ]
    )
    if not clocks:
        return Told()
    # Read with the clocks locked: a change of the calendar comes before, or sets them due again.
    calendar = work_calendar()
    known: dict[int, set[int]] = {clock.pk: set() for clock in clocks}
    rows = Reminder.objects.filter(deadline__in=clocks).order_by()
    for pk, threshold in rows.values_list("deadline_id", "threshold"):
        known[pk].add(threshold)
    crossed: list[Reminder] = []
    for clock in clocks:
        crossed += _cross(clock, calendar, known[clock.pk], now=now)
    Reminder.objects.bulk_create(crossed, ignore_conflicts=True, batch_size=500)
    update_rows(clocks, ["next_at"])
    told = [one for one in crossed if one.state == Reminder.State.TOLD]
    notices = _tell(told, calendar, now=now) if told else 0
    return Told(len(clocks), len(told), len(crossed) - len(told), notices)


def remind_all(*, now: datetime, most: int = MOST) -> Told:
    """Tell of every threshold crossed by ``now``, ``most`` clocks in a transaction."""
    whole = Told()
    while (part := remind(now=now, most=most)).clocks:
        whole += part
        if part.clocks < most:
            break
    return whole


def _cross(
    clock: Deadline, calendar: WorkCalendar, known: set[int], *, now: datetime
) -> list[Reminder]:
    """Return what ``clock`` crossed and has no row yet; sets when it speaks next.

    What was crossed before the clock began, or on that day, is nobody's news: whoever opened it
    has told of it. Nor is what it crossed before it ended.
    """
    schedule = schedule_of(clock.kind)
    until = clock.ended_at or now
    crossed: list[Reminder] = []
    clock.next_at = None
    latest = now
    for threshold in schedule.thresholds:
        if threshold in known:
            continue
        at = moment_of(threshold, clock.due_on, schedule=schedule, calendar=calendar)
        if at > until:
            clock.next_at = at if clock.is_open else None
            break
        state = Reminder.State.OVERTAKEN
        crossed.append(Reminder(deadline=clock, threshold=threshold, state=state, at=now))
        latest = at
    if crossed and clock.is_open and timezone.localdate(latest) > clock.received_on:
        crossed[-1].state = Reminder.State.TOLD
    return crossed


def _tell(told: Sequence[Reminder], calendar: WorkCalendar, *, now: datetime) -> int:
    ladders = [ladder_of(one.deadline) for one in told]
    people = people_in(rung.audience for ladder in ladders for rung in ladder)
    tellings: list[Telling] = []
    for one, ladder in zip(told, ladders, strict=True):
        late = _working_days_late(one.deadline, calendar, now=now)
        recipients = listeners(ladder, people, late=late)
        tellings += _tellings(one, recipients, calendar, now=now)
    return tell_many(tellings, now=now)


def _tellings(
    reminder: Reminder, recipients: Iterable[int], calendar: WorkCalendar, *, now: datetime
) -> Iterable[Telling]:
    clock = reminder.deadline
    title = f"{_how_long(clock, calendar, now=now)}: {_what(clock)}"
    text = _("Đơn vị thực hiện: %(agency)s. Hạn: %(day)s. Căn cứ: %(article)s.") % {
        "agency": clock.agency.name,
        "day": f"{clock.due_on:%d/%m/%Y}",
        "article": clock.article,
    }
    for pk in sorted(recipients):
        yield Telling(
            recipient_id=pk,
            cause=f"deadline:{clock.uuid}:{reminder.threshold}",
            title=Truncator(title).chars(_LONGEST_TITLE),
            text=text,
            path=clock.path,
            target_type=clock.target_type,
            target_uuid=clock.target_uuid,
            is_urgent=clock.counts != Counts.FIXED and clock.due_on < _today(now),
        )


def _what(clock: Deadline) -> str:
    """Say what is to be done; a dossier's own title does not say whose turn it is."""
    if clock.target_type != "dossier":
        return clock.title
    return f"{clock.get_kind_display()} – {clock.title}"


def _working_days_late(clock: Deadline, calendar: WorkCalendar, *, now: datetime) -> int:
    """Return how late it is; a door that shuts is nobody's delay."""
    if clock.counts == Counts.FIXED:
        return 0
    return max(0, calendar.between(clock.due_on, _today(now)))


def _today(now: datetime) -> date:
    """Return the day that reminders count from: it begins when they are told."""
    return timezone.localdate(now - timedelta(hours=settings.REMINDER_HOUR))


def _how_long(clock: Deadline, calendar: WorkCalendar, *, now: datetime) -> str:
    """Say how long is left, or since when it is over: as it is today, however late it is told."""
    today = _today(now)
    if clock.counts == Counts.FIXED:
        return _how_long_to_a_day(clock, (clock.due_on - today).days)
    if today == clock.due_on:
        return _("Hôm nay là hạn cuối")
    if today < clock.due_on:
        return _("Còn %(days)d ngày làm việc") % {"days": calendar.between(today, clock.due_on)}
    if days := calendar.between(clock.due_on, today):
        return _("Quá hạn %(days)d ngày làm việc") % {"days": days}
    return _("Đã quá hạn")


def _how_long_to_a_day(clock: Deadline, left: int) -> str:
    is_door = clock.kind == DeadlineKind.RENEWAL_DOOR
    if left < 0:
        shut = _("Đã qua hạn đề nghị gia hạn, thay đổi, chỉ còn cấp mới")
        return shut if is_door else _("Chứng thư đã hết hạn")
    if left == 0:
        last = _("Hôm nay là ngày cuối đề nghị gia hạn, thay đổi")
        return last if is_door else _("Hôm nay chứng thư hết hạn")
    if is_door:
        return _("Còn %(days)d ngày để đề nghị gia hạn, thay đổi") % {"days": left}
    return _("Còn %(days)d ngày chứng thư hết hạn, chỉ còn cấp mới") % {"days": left}
