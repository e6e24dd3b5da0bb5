"""Reminders: each threshold once, the latest only, told to whom it concerns."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from threading import Barrier

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from portal.accounts.models import User
from portal.agencies.models import Agency
from portal.core.models import CalendarDay
from portal.core.roles import Role
from portal.deadlines import calendar, services
from portal.deadlines.models import Deadline, DeadlineKind, Reminder
from portal.deadlines.services import Owed, OwedUntil
from portal.notices.models import Notice
from portal.notices.reminders import Told, remind, remind_all
from tests import builders
from tests.builders import NOW, TODAY

pytestmark = pytest.mark.django_db
TOLD, OVERTAKEN = Reminder.State.TOLD, Reminder.State.OVERTAKEN
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Cast:
    agency: Agency
    clerk: User
    head: User
    officer: User
    operator: User


@pytest.fixture
def people() -> Cast:
    office = builders.office()
    agency = builders.agency(office=office)
    return Cast(
        agency,
        clerk=builders.user(Role.CLERK, agency=agency),
        head=builders.user(Role.HEAD, agency=agency),
        officer=builders.user(Role.OFFICE_OFFICER, agency=office),
        operator=builders.user(Role.CA_OPERATOR),
    )


@pytest.fixture
def culture_day() -> None:
    """A test with transactions of its own begins with an empty table of days."""
    CalendarDay.objects.get_or_create(
        date=november(24), defaults={"kind": "off", "name": "Ngày Văn hóa Việt Nam"}
    )


def at(day: date, hour: int = 8, minute: int = 0) -> datetime:
    """A local time of day."""
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC) - 7 * HOUR


def november(day: int) -> date:
    return date(2026, 11, day)


def clock(
    agency: Agency, kind: DeadlineKind = DeadlineKind.DEVICE_RETURN, *, now: datetime = NOW
) -> Deadline:
    """Received on Friday 20/11; a return of a device ends on Monday 30/11 (24/11 is off)."""
    return services.open_deadline(
        kind,
        agency=agency,
        office=agency.office,
        target_type="device",
        target_uuid=uuid.uuid4(),
        title="Nộp lại thiết bị",
        path="/thiet-bi/x/",
        now=now,
    )


def door(agency: Agency, *, due_on: date, received_on: date = TODAY) -> Deadline:
    owed = OwedUntil(
        agency, agency.office, uuid.uuid4(), "Chứng thư", "/chung-thu/x/", received_on, due_on
    )
    (opened,) = services.open_until(
        [(DeadlineKind.RENEWAL_DOOR, owed)], target_type="certificate", now=NOW
    )
    return opened


def rows(one: Deadline) -> dict[int, str]:
    return dict(one.reminders.values_list("threshold", "state"))


def next_of(one: Deadline) -> datetime | None:
    one.refresh_from_db()
    return one.next_at


def titles(user: User) -> list[str]:
    return [notice.title for notice in user.notices.order_by("at", "pk")]


def play(days: list[date]) -> None:
    for day in days:
        remind_all(now=at(day))


def days_from(first: date, count: int) -> list[date]:
    return [first + timedelta(days=n) for n in range(count)]


def test_a_clock_tells_two_days_and_one_day_before_and_on_its_last_day(people: Cast) -> None:
    mine = clock(people.agency)

    play(days_from(TODAY, 11))

    assert rows(mine) == {2: TOLD, 1: TOLD, 0: TOLD}
    assert titles(people.clerk) == [
        "Còn 2 ngày làm việc: Nộp lại thiết bị",
        "Còn 1 ngày làm việc: Nộp lại thiết bị",
        "Hôm nay là hạn cuối: Nộp lại thiết bị",
    ]
    told_on = [notice.at for notice in people.clerk.notices.order_by("at")]
    assert told_on == [at(november(26)), at(november(27)), at(november(30))]
    assert not Notice.objects.exclude(recipient=people.clerk).exists()
    assert not Notice.objects.filter(is_urgent=True).exists()


def test_what_is_late_is_told_each_working_day_up_to_the_cap_and_further_up(people: Cast) -> None:
    mine = clock(people.agency)

    play(days_from(TODAY, 40))

    assert rows(mine) == dict.fromkeys([2, 1, 0, *range(-1, -11, -1)], TOLD)
    assert next_of(mine) is None
    assert titles(people.head)[0] == "Quá hạn 1 ngày làm việc: Nộp lại thiết bị"
    assert titles(people.officer)[0] == "Quá hạn 3 ngày làm việc: Nộp lại thiết bị"
    assert titles(people.operator)[0] == "Quá hạn 5 ngày làm việc: Nộp lại thiết bị"
    counts = [one.notices.count() for one in (people.clerk, people.head, people.officer)]
    assert counts == [13, 10, 8]
    assert people.operator.notices.count() == 6
    late = people.head.notices.latest("at")
    assert late.is_urgent
    assert "Đơn vị thực hiện: " + people.agency.name in late.text
    assert late.at.date() == date(2026, 12, 14)


@pytest.mark.parametrize(("hour", "minute", "told"), [(6, 59, False), (7, 0, True)])
def test_a_day_of_reminders_begins_in_the_morning(
    people: Cast, hour: int, minute: int, told: bool
) -> None:
    mine = clock(people.agency)

    remind_all(now=at(november(26), hour, minute))

    assert rows(mine) == ({2: TOLD} if told else {})


def test_of_what_an_outage_swallowed_the_latest_is_told_and_true_today(people: Cast) -> None:
    mine = clock(people.agency)
    play([TODAY, november(26)])

    did = remind_all(now=at(date(2026, 12, 3)))

    assert rows(mine) == {
        2: TOLD,
        1: OVERTAKEN,
        0: OVERTAKEN,
        -1: OVERTAKEN,
        -2: OVERTAKEN,
        -3: TOLD,
    }
    assert did == Told(clocks=1, told=1, overtaken=4, notices=3)
    assert titles(people.clerk)[1:] == ["Quá hạn 3 ngày làm việc: Nộp lại thiết bị"]
    assert titles(people.officer) == titles(people.head) == titles(people.clerk)[1:]
    assert next_of(mine) == at(date(2026, 12, 4), 7)


def test_an_outage_longer_than_the_cap_is_told_with_its_true_length(people: Cast) -> None:
    mine = clock(people.agency)

    remind_all(now=at(date(2026, 12, 22)))

    assert rows(mine)[-10] == TOLD
    assert list(rows(mine).values()).count(TOLD) == 1
    assert titles(people.operator) == ["Quá hạn 16 ngày làm việc: Nộp lại thiết bị"]
    assert next_of(mine) is None


def test_on_the_day_off_after_its_end_it_is_late_and_not_due_today(people: Cast) -> None:
    clock(people.agency, DeadlineKind.RECOVERY, now=at(november(26)))

    remind_all(now=at(november(28)))

    assert titles(people.clerk) == ["Đã quá hạn: Nộp lại thiết bị"]
    assert people.clerk.notices.get().is_urgent


def test_caught_up_in_the_night_it_speaks_of_the_day_before(people: Cast) -> None:
    clock(people.agency)

    remind_all(now=at(november(30), 3))
    remind_all(now=at(november(30)))

    assert titles(people.clerk) == [
        "Còn 1 ngày làm việc: Nộp lại thiết bị",
        "Hôm nay là hạn cuối: Nộp lại thiết bị",
    ]


def test_what_was_past_when_the_clock_began_is_nobody_s_news(people: Cast) -> None:
    mine = clock(people.agency, DeadlineKind.LOSS_MINUTES)  # Friday, until Monday 23/11

    remind_all(now=NOW)

    assert rows(mine) == {2: OVERTAKEN, 1: OVERTAKEN}
    assert not Notice.objects.exists()
    assert next_of(mine) == at(november(23), 7)


def test_a_hand_over_entered_late_is_late_at_once(people: Cast) -> None:
    mine = clock(people.agency, DeadlineKind.HANDOVER_NOTICE, now=at(november(16)))

    remind_all(now=NOW)

    assert [threshold for threshold, state in rows(mine).items() if state == TOLD] == [-3]
    assert titles(people.officer) == ["Quá hạn 3 ngày làm việc: Nộp lại thiết bị"]


def test_run_again_nothing_is_told_again(people: Cast) -> None:
    clock(people.agency)
    play([november(26)])

    assert remind_all(now=at(november(26))) == Told()
    assert remind_all(now=at(november(26), 8, 5)) == Told()
    Deadline.objects.update(next_at=NOW)  # as if the note of what comes next were lost
    assert remind_all(now=at(november(26), 8, 10)) == Told(clocks=1)
    assert people.clerk.notices.count() == 1


def test_a_clock_set_back_an_hour_tells_nothing_twice(people: Cast) -> None:
    mine = clock(people.agency)
    remind_all(now=at(november(26), 7, 30))

    remind_all(now=at(november(26), 6, 30))
    remind_all(now=at(november(26), 7, 30))

    assert rows(mine) == {2: TOLD}
    assert people.clerk.notices.count() == 1


def test_what_is_done_cancelled_or_past_says_no_more(people: Cast) -> None:
    done, cancelled = clock(people.agency), clock(people.agency)
    services.close(DeadlineKind.DEVICE_RETURN, done.target_uuid, now=NOW)
    services.cancel_all(cancelled.target_uuid, now=NOW)

    assert remind_all(now=at(date(2026, 12, 1))) == Told()


def test_what_a_clock_crossed_before_it_ended_is_noted_and_told_to_nobody(people: Cast) -> None:
    """Its rows do not depend on whether a sweep ran between the threshold and the end."""
    done, cancelled = clock(people.agency), clock(people.agency)
    services.close(DeadlineKind.DEVICE_RETURN, done.target_uuid, now=at(november(27), 9))
    services.cancel_all(cancelled.target_uuid, now=at(november(30), 6))

    told = remind_all(now=at(date(2026, 12, 8)))

    assert rows(done) == rows(cancelled) == {2: OVERTAKEN, 1: OVERTAKEN}
    assert (told.told, told.notices, Notice.objects.count()) == (0, 0, 0)
    assert next_of(done) is next_of(cancelled) is None
    assert remind_all(now=at(date(2026, 12, 9))) == Told()


def test_a_later_end_tells_the_same_threshold_no_second_time(people: Cast) -> None:
    mine = clock(people.agency)
    admin = builders.user(Role.ADMINISTRATOR)
    play([november(26)])

    calendar.add_day(
        november(27), kind="off", name="Bão", is_official=True, actor=admin, now=at(november(26), 9)
    )
    remind_all(now=at(november(26), 9, 5))

    assert rows(mine) == {2: TOLD}
    mine.refresh_from_db()
    assert mine.due_on == date(2026, 12, 1)
    assert next_of(mine) == at(november(30), 7)  # one working day before the new end


def test_an_earlier_end_is_told_with_the_sweep_that_follows(people: Cast) -> None:
    mine = clock(people.agency)
    admin = builders.user(Role.ADMINISTRATOR)
    culture_day = CalendarDay.objects.get(date=november(24))
    play([TODAY])

    calendar.remove_day(culture_day, actor=admin, now=at(november(25), 9))
    remind_all(now=at(november(25), 9, 5))

    assert rows(mine) == {2: TOLD}
    assert titles(people.clerk) == ["Còn 2 ngày làm việc: Nộp lại thiết bị"]
    assert next_of(mine) == at(november(26), 7)


def test_a_saturday_worked_after_the_end_counts_for_what_is_late(people: Cast) -> None:
    mine = clock(people.agency)
    admin = builders.user(Role.ADMINISTRATOR)
    friday = date(2026, 12, 4)
    play([*days_from(november(26), 9)])
    assert next_of(mine) == at(date(2026, 12, 7), 7)

    saturday = friday + timedelta(days=1)
    calendar.add_day(
        saturday, kind="work", name="Bù", is_official=True, actor=admin, now=at(friday, 9)
    )
    remind_all(now=at(friday, 9, 5))

    assert next_of(mine) == at(saturday, 7)


def test_what_was_passed_on_is_told_to_the_new_body(people: Cast) -> None:
    mine = clock(people.agency)
    other = builders.agency(office=builders.office())
    new_clerk = builders.user(Role.CLERK, agency=other)
    play([november(26)])

    services.pass_on([mine.target_uuid], agency=other, office=other.office, now=at(november(26), 9))
    play([november(26), november(27)])

    assert rows(mine) == {2: TOLD, 1: TOLD}
    assert titles(new_clerk) == ["Còn 1 ngày làm việc: Nộp lại thiết bị"]
    assert people.clerk.notices.count() == 1


def test_where_a_body_has_no_account_the_next_one_up_is_told(people: Cast) -> None:
    User.objects.filter(pk=people.clerk.pk).update(is_active=False)
    orphan = builders.agency()
    clock(people.agency)
    clock(orphan)

    play([november(26)])

    assert titles(people.head) == ["Còn 2 ngày làm việc: Nộp lại thiết bị"]
    assert titles(people.operator) == ["Còn 2 ngày làm việc: Nộp lại thiết bị"]
    assert not people.officer.notices.exists()


def test_offices_and_the_ca_are_told_of_their_own_work_only(people: Cast) -> None:
    office = people.agency.office
    assert office is not None
    office_head = builders.user(Role.OFFICE_HEAD, agency=office)
    supervisor = builders.user(Role.CA_SUPERVISOR)
    clerk_of_office = builders.user(Role.CLERK, agency=office)
    clock(office, DeadlineKind.OFFICE_CHECK)
    clock(builders.ca(), DeadlineKind.CA_ISSUE)

    play(days_from(TODAY, 40))

    assert people.officer.notices.count() == people.operator.notices.count() == 13
    assert office_head.notices.count() == supervisor.notices.count() == 10
    assert not clerk_of_office.notices.exists()
    assert not people.head.notices.exists()


def test_an_office_owes_what_any_body_owes_to_its_clerk(people: Cast) -> None:
    office = people.agency.office
    assert office is not None
    clerk_of_office = builders.user(Role.CLERK, agency=office)
    clock(office)

    play([november(26)])

    assert clerk_of_office.notices.count() == 1
    assert not people.officer.notices.exists()


def test_a_door_tells_by_days_of_the_calendar_and_says_when_it_shut(people: Cast) -> None:
    mine = door(people.agency, due_on=TODAY + timedelta(days=70))
    late = door(people.agency, due_on=TODAY + timedelta(days=70))
    assert next_of(mine) == at(TODAY + timedelta(days=10), 7)

    play(days_from(TODAY, 71))
    assert rows(mine) == {60: TOLD, 30: TOLD, 15: TOLD, 1: TOLD}
    assert titles(people.clerk)[:2] == ["Còn 60 ngày để đề nghị gia hạn, thay đổi: Chứng thư"] * 2
    Notice.objects.all().delete()
    late.reminders.filter(threshold=1).delete()
    Deadline.objects.filter(pk=late.pk).update(next_at=NOW)
    remind_all(now=at(TODAY + timedelta(days=75)))

    assert titles(people.clerk) == [
        "Đã qua hạn đề nghị gia hạn, thay đổi, chỉ còn cấp mới: Chứng thư"
    ]


def test_a_reminder_is_mailed_on_days_off_only_when_late(people: Cast) -> None:
    clock(people.agency)

    play(days_from(TODAY, 12))

    urgent = people.clerk.notices.filter(is_urgent=True)
    assert [one.title for one in urgent] == ["Quá hạn 1 ngày làm việc: Nộp lại thiết bị"]


def test_a_reminder_of_a_dossier_says_whose_work_is_meant() -> None:
    office = builders.office()
    officer = builders.user(Role.OFFICE_OFFICER, agency=office)
    owed = [Owed(office, office, uuid.uuid4(), "Cấp chứng thư cho 4 cá nhân", "/ho-so/")]
    services.open_deadlines(DeadlineKind.OFFICE_CHECK, owed, target_type="dossier", now=NOW)

    remind(now=at(november(23)))

    (title,) = titles(officer)
    assert title.endswith(": Sở KH&CN xem xét hồ sơ – Cấp chứng thư cho 4 cá nhân")


@pytest.mark.parametrize("count", [1, 60])
def test_a_sweep_asks_the_same_for_one_and_for_sixty(count: int) -> None:
    for agency in [builders.agency(office=builders.office()) for _one in range(min(count, 6))]:
        builders.user(Role.CLERK, agency=agency)
        for _one in range(count // 6 or 1):
            clock(agency)

    with CaptureQueriesContext(connection) as asked:
        did = remind(now=at(november(26)))

    assert did.told == count
    statements = [one["sql"] for one in asked if "SAVEPOINT" not in one["sql"]]
    assert len(statements) <= 7 + connection.features.has_select_for_update


def test_ten_thousand_are_told_in_bounded_pieces() -> None:
    agency = builders.agency(office=builders.office())
    clerk = builders.user(Role.CLERK, agency=agency)
    owed = [
        Owed(agency, agency.office, uuid.uuid4(), f"Thiết bị {number}", "")
        for number in range(10_000)
    ]
    services.open_deadlines(DeadlineKind.DEVICE_RETURN, owed, target_type="device", now=NOW)
    now = at(november(26))

    first = remind(now=now)
    rest = remind_all(now=now)

    assert first.clocks == 1000
    assert rest == Told(clocks=9000, told=9000, notices=9000)
    assert clerk.notices.count() == Reminder.objects.count() == 10_000


def test_what_is_due_is_found_by_its_index() -> None:
    due = Deadline.objects.filter(next_at__lte=NOW).order_by("next_at", "pk")[:1000]
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")  # the table is all but empty

    assert "deadlines_deadline_due_next" in due.explain()


@pytest.mark.django_db(transaction=True)
def test_two_sweeps_at_once_tell_each_threshold_once(culture_day: None) -> None:
    agency = builders.agency(office=builders.office())
    clerk = builders.user(Role.CLERK, agency=agency)
    clocks = [clock(agency) for _one in range(40)]
    now = at(november(26))

    done = _at_once(*[lambda: remind_all(now=now, most=7)] * 3)

    whole = [one for one in done if isinstance(one, Told)]
    assert sum(one.told for one in whole) == 40
    assert Reminder.objects.filter(state=TOLD).count() == clerk.notices.count() == 40
    assert {next_of(one) for one in clocks} == {at(november(27), 7)}


@pytest.mark.django_db(transaction=True)
def test_a_clock_that_stops_while_it_is_told_stays_stopped(culture_day: None) -> None:
    agency = builders.agency(office=builders.office())
    builders.user(Role.CLERK, agency=agency)
    clocks = [clock(agency) for _one in range(20)]
    uuids = [one.target_uuid for one in clocks]
    now = at(november(26))

    _at_once(
        lambda: remind_all(now=now, most=3),
        lambda: services.close_all(DeadlineKind.DEVICE_RETURN, uuids, now=now),
    )
    remind_all(now=now)  # notes what was crossed of those that stopped first

    assert {next_of(one) for one in clocks} == {None}


@pytest.mark.django_db(transaction=True)
def test_the_calendar_is_edited_while_a_sweep_runs(culture_day: None) -> None:
    agency = builders.agency(office=builders.office())
    clerk = builders.user(Role.CLERK, agency=agency)
    admin = builders.user(Role.ADMINISTRATOR)
    clocks = [clock(agency) for _one in range(20)]
    now = at(november(26))

    _at_once(
        lambda: remind_all(now=now, most=3),
        lambda: calendar.add_day(
            november(27), kind="off", name="Bão", is_official=True, actor=admin, now=now
        ),
    )
    for day in itertools.chain([now], map(at, days_from(november(27), 8))):
        remind_all(now=day + timedelta(minutes=5))

    for one in clocks:
        one.refresh_from_db()
        assert one.due_on == date(2026, 12, 1)
        assert rows(one) == {2: TOLD, 1: TOLD, 0: TOLD, -1: TOLD, -2: TOLD, -3: TOLD}
    assert clerk.notices.count() == 6 * 20


def _at_once(*acts: Callable[[], object]) -> list[object]:
    """Do all at the same moment, each on a connection of its own; return what came of each."""
    ready = Barrier(len(acts))

    def do(act: Callable[[], object]) -> object:
        ready.wait()
        try:
            return act()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(do, acts))
