"""The sweep that speaks of clocks: each threshold once, the latest only, whatever was missed."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from portal.accounts.models import User
from portal.agencies.models import AgencyKind
from portal.core.calendar.workdays import WorkCalendar, work_calendar
from portal.core.database.bulk import update_rows
from portal.core.models import CalendarDay
from portal.core.roles import Role, Scope, roles_in
from portal.core.text.numbers import with_dots
from portal.deadlines.models import Counts, Deadline, DeadlineKind, Reminder
from portal.deadlines.rules import moment_of, schedule_of
from portal.notices.models import Notice
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
        late = 0
        if one.deadline.counts != Counts.FIXED:  # a door that shuts is nobody's delay
            late = max(0, calendar.between(one.deadline.due_on, _today(now)))
        recipients = listeners(ladder, people, late=late)
        clock = one.deadline
        what = clock.title
        if clock.target_type == "dossier":  # its own title does not say whose turn it is
            what = f"{clock.get_kind_display()} – {what}"
        title = f"{_how_long(clock, calendar, now=now)}: {what}"
        text = _("Đơn vị thực hiện: %(agency)s. Hạn: %(day)s. Căn cứ: %(article)s.") % {
            "agency": clock.agency.name,
            "day": f"{clock.due_on:%d/%m/%Y}",
            "article": clock.article,
        }
        tellings += [
            Telling(
                recipient_id=pk,
                cause=f"deadline:{clock.uuid}:{one.threshold}",
                title=Truncator(title).chars(_LONGEST_TITLE),
                text=text,
                path=clock.path,
                target_type=clock.target_type,
                target_uuid=clock.target_uuid,
                is_urgent=clock.counts != Counts.FIXED and clock.due_on < _today(now),
                deadline_id=clock.pk,
            )
            for pk in sorted(recipients)
        ]
    return tell_many(tellings, now=now)


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


# What is done by whoever receives a dossier; an office owes the rest as any body does.
_RECEIVERS_WORK = frozenset(
    {
        DeadlineKind.OFFICE_CHECK,
        DeadlineKind.CA_ISSUE,
        DeadlineKind.CA_RENEW_CHANGE,
        DeadlineKind.CA_REVOKE,
        DeadlineKind.RECOVERY,
    }
)
# The CA asked for nothing here.
_BETWEEN_BODY_AND_OFFICE = frozenset(
    {
        DeadlineKind.MERGER_REVIEW,
        DeadlineKind.SELF_ASSESSMENT,
        DeadlineKind.INSPECTION_FINDING,
    }
)


@dataclass(frozen=True, slots=True)
class Audience:
    """A role of one body; ``agency_id`` None is the CA's, wherever its people sit."""

    role: str
    agency_id: int | None


@dataclass(frozen=True, slots=True)
class Rung:
    """Who is told, and from how many working days after the end."""

    late: int
    audience: Audience


def ladder_of(clock: Deadline) -> list[Rung]:
    """Return whom to tell of ``clock``, the nearest first.

    A body's clerks, then its head, the office that answers for it, the CA (not of what the office
    alone asks for). An office's officers,
    then its head; the CA's operators, then its supervisors: nobody above them is nagged.
    """
    owner = clock.agency
    if owner.kind == AgencyKind.CA:
        return _two_rungs(Role.CA_OPERATOR, Role.CA_SUPERVISOR, None)
    is_office = owner.kind == AgencyKind.OFFICE
    if is_office and clock.kind in _RECEIVERS_WORK:
        return _two_rungs(Role.OFFICE_OFFICER, Role.OFFICE_HEAD, owner.pk)
    if is_office and clock.kind == DeadlineKind.SUPPORT_ANSWER:
        heads = _two_rungs(Role.OFFICE_OFFICER, Role.OFFICE_HEAD, owner.pk)
        return [Rung(0, Audience(Role.SUPPORT_TEAM, owner.pk)), *heads]
    ladder = _two_rungs(Role.CLERK, Role.HEAD, owner.pk)
    office_id = owner.pk if is_office else clock.office_id
    if office_id is not None:
        office = Audience(Role.OFFICE_OFFICER, office_id)
        ladder.append(Rung(settings.OFFICE_TOLD_AFTER_WORKING_DAYS, office))
    if clock.kind in _BETWEEN_BODY_AND_OFFICE:
        return ladder
    ca = Audience(Role.CA_OPERATOR, None)
    return [*ladder, Rung(settings.CA_TOLD_AFTER_WORKING_DAYS, ca)]


def _two_rungs(first: Role, second: Role, agency_id: int | None) -> list[Rung]:
    return [
        Rung(0, Audience(first, agency_id)),
        Rung(settings.HEAD_TOLD_AFTER_WORKING_DAYS, Audience(second, agency_id)),
    ]


def listeners(
    ladder: Iterable[Rung], people: Mapping[Audience, Sequence[int]], *, late: int
) -> set[int]:
    """Return the accounts to tell when it is ``late`` working days after the end (0: not yet).

    Where none of those to be told has an account, the next one up is: a clock is never mute.
    """
    found: set[int] = set()
    for rung in ladder:
        if rung.late <= late or not found:
            found.update(people.get(rung.audience, ()))
    return found


def people_in(audiences: Iterable[Audience]) -> dict[Audience, Sequence[int]]:
    """Return audience → the keys of its active accounts, in one query for any number."""
    wanted = set(audiences)
    bodies = {one.agency_id for one in wanted if one.agency_id is not None}
    roles = {one.role for one in wanted}
    of_the_ca = roles_in(Scope.CA)
    users = User.objects.filter(
        Q(agency__in=bodies) | Q(role__in=roles & of_the_ca), is_active=True, role__in=roles
    )
    found: dict[Audience, list[int]] = defaultdict(list)
    for pk, role, agency_id in users.values_list("pk", "role", "agency_id"):
        audience = Audience(role, None if role in of_the_ca else agency_id)
        if audience in wanted:
            found[audience].append(pk)
    return dict(found)


# The days off of a year are announced in its last quarter; earlier there is nothing to enter.
NEXT_YEAR_FROM_MONTH = 10


def warn_of_missing_days(*, now: datetime) -> int:
    """Tell each administrator, once a month, of this year's days and from October the next year's.

    Told of: a year without a table of its own, and days that are only expected and still to come.
    Returns how many notices were written. Safe to repeat.
    """
    today = timezone.localdate(now)
    calendar = work_calendar()
    years = [today.year, today.year + 1] if today.month >= NEXT_YEAR_FROM_MONTH else [today.year]
    rows: Iterable[date] = CalendarDay.objects.filter(
        is_official=False, date__year__in=years
    ).values_list("date", flat=True)
    days = list(rows)
    past = {day.year for day in days}
    to_come = Counter(day.year for day in days if day >= today)
    texts = {}
    for year in years:
        expected = to_come[year]
        if expected:
            text = _(
                "Năm %(year)d còn %(count)s ngày dự kiến. Khi có thông báo, hãy sửa hoặc xác nhận "
                "các ngày đó."
            ) % {"year": year, "count": with_dots(expected)}
        elif year in past or calendar.is_announced(year):
            continue  # nothing is expected of it, or all that was is past
        else:
            text = _(
                "Chưa nhập lịch nghỉ chính thức năm %(year)d. Thời hạn đang tạm tính theo ngày "
                "nghỉ của Bộ luật Lao động; khi có thông báo, hãy nhập ngày nghỉ và ngày làm bù."
            ) % {"year": year}
        texts[f"calendar:{year}:{today:%Y-%m}"] = (year, text)
    known = set(Notice.objects.filter(cause__in=texts).values_list("recipient", "cause"))
    administrators = list(User.objects.administrators().values_list("pk", flat=True))
    return tell_many(
        [
            Telling(
                recipient_id=pk,
                cause=cause,
                title=_("Lịch nghỉ năm %(year)d chưa đủ") % {"year": year},
                text=text,
                path=f"{reverse('deadlines:calendar')}?nam={year}",
            )
            for cause, (year, text) in texts.items()
            for pk in administrators
            if (pk, cause) not in known
        ],
        now=now,
    )
