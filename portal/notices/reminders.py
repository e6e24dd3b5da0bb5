"""The sweep that speaks of clocks: each threshold once, the latest only, whatever was missed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from portal.core.workdays import WorkCalendar, work_calendar
from portal.deadlines.escalation import Audience, audiences_of, people_in
from portal.deadlines.models import Deadline, DeadlineKind, Reminder
from portal.deadlines.rules import schedule_of
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


def remind(*, now: datetime, most: int = MOST) -> Told:
    """Tell of the thresholds crossed by ``now``; at most ``most`` clocks.

    Of several crossed since the last time the latest is told, the others are marked overtaken.
    Safe twice and twice at once: the clocks are locked, a threshold has one row. Run again while
    it returns ``most`` clocks.
    """
    calendar = work_calendar()
    with transaction.atomic():
        due = Deadline.objects.filter(next_at__lte=now).order_by("next_at", "pk")
        clocks = list(
            due.select_for_update(of=("self",), skip_locked=True).select_related("agency")[:most]
        )
        if not clocks:
            return Told()
        return _speak(clocks, calendar, now=now)


def remind_all(*, now: datetime, most: int = MOST) -> Told:
    """Tell of every threshold crossed by ``now``, ``most`` clocks in a transaction."""
    whole = Told()
    while (part := remind(now=now, most=most)).clocks:
        whole += part
        if part.clocks < most:
            break
    return whole


def moment_of(
    threshold: int, due_on: date, calendar: WorkCalendar, *, is_working: bool
) -> datetime:
    """Return when a threshold is crossed: in the morning of its day."""
    day = calendar.add(due_on, -threshold) if is_working else due_on - timedelta(days=threshold)
    return timezone.make_aware(datetime.combine(day, time(settings.REMINDER_HOUR)))


def _speak(clocks: Sequence[Deadline], calendar: WorkCalendar, *, now: datetime) -> Told:
    known: dict[int, set[int]] = {clock.pk: set() for clock in clocks}
    for pk, threshold in Reminder.objects.filter(deadline__in=clocks).values_list(
        "deadline_id", "threshold"
    ):
        known[pk].add(threshold)
    rows: list[Reminder] = []
    told: list[tuple[Deadline, int]] = []
    for clock in clocks:
        fresh = _crossed(clock, calendar, known[clock.pk], now=now)
        rows += [
            Reminder(deadline=clock, threshold=threshold, state=state, at=now)
            for threshold, state in fresh
        ]
        told += [(clock, threshold) for threshold, state in fresh if state == Reminder.State.TOLD]
    Reminder.objects.bulk_create(rows, ignore_conflicts=True, batch_size=500)
    _move_on(clocks)
    notices = _tell(told, now=now)
    return Told(len(clocks), len(told), len(rows) - len(told), notices)


def _crossed(
    clock: Deadline, calendar: WorkCalendar, known: set[int], *, now: datetime
) -> list[tuple[int, Reminder.State]]:
    """Return the thresholds crossed and not yet on record; sets when the clock speaks next.

    What was crossed before the clock began is nobody's news: whoever opened it has told of it.
    """
    schedule = schedule_of(clock.kind)
    crossed: list[int] = []
    clock.next_at = None
    for threshold in schedule.thresholds:
        at = moment_of(threshold, clock.due_on, calendar, is_working=schedule.is_working)
        if at > now:
            clock.next_at = at
            break
        if threshold not in known:
            crossed.append(threshold)
    news = [one for one in crossed if _day_of(one, clock, calendar) > clock.received_on]
    latest = news[-1] if news and news[-1] == crossed[-1] else None
    return [
        (one, Reminder.State.TOLD if one == latest else Reminder.State.OVERTAKEN) for one in crossed
    ]


def _day_of(threshold: int, clock: Deadline, calendar: WorkCalendar) -> date:
    schedule = schedule_of(clock.kind)
    at = moment_of(threshold, clock.due_on, calendar, is_working=schedule.is_working)
    return timezone.localdate(at)


def _move_on(clocks: Sequence[Deadline]) -> None:
    Deadline.objects.bulk_update(clocks, ["next_at"], batch_size=500)


def _tell(told: Sequence[tuple[Deadline, int]], *, now: datetime) -> int:
    audiences = {
        clock.pk: audiences_of(clock.agency, clock.office_id, late=_late(clock, threshold))
        for clock, threshold in told
    }
    people = people_in(one for ones in audiences.values() for one in ones)
    return tell_many(
        [
            telling
            for clock, threshold in told
            for telling in _tellings(clock, threshold, audiences[clock.pk], people)
        ],
        now=now,
    )


def _late(clock: Deadline, threshold: int) -> int:
    return -threshold if schedule_of(clock.kind).is_working else 0


def _tellings(
    clock: Deadline,
    threshold: int,
    audiences: Iterable[Audience],
    people: dict[Audience, Sequence[int]],
) -> Iterable[Telling]:
    recipients = {pk for audience in audiences for pk in people.get(audience, ())}
    title = Truncator(f"{_how_long(clock, threshold)}: {clock.title}").chars(_LONGEST_TITLE)
    text = _("%(kind)s. Hạn: %(day)s. Căn cứ: %(article)s.") % {
        "kind": clock.get_kind_display(),
        "day": f"{clock.due_on:%d/%m/%Y}",
        "article": clock.article,
    }
    for pk in sorted(recipients):
        yield Telling(
            recipient_id=pk,
            cause=f"deadline:{clock.uuid}:{threshold}",
            title=title,
            text=text,
            path=clock.path,
            target_type=clock.target_type,
            target_uuid=clock.target_uuid,
            is_urgent=threshold < 0,
        )


def _how_long(clock: Deadline, threshold: int) -> str:
    if threshold == 0:
        return _("Hôm nay là hạn cuối")
    values = {"days": abs(threshold)}
    if threshold < 0:
        return _("Quá hạn %(days)d ngày làm việc") % values
    if clock.kind == DeadlineKind.RENEWAL_DOOR:
        return _("Còn %(days)d ngày để đề nghị gia hạn, thay đổi") % values
    if clock.kind == DeadlineKind.CERTIFICATE_EXPIRY:
        return _("Còn %(days)d ngày chứng thư hết hạn, chỉ còn cấp mới") % values
    return _("Còn %(days)d ngày làm việc") % values
