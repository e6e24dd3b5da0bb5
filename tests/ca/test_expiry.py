"""The two clocks of a certificate: when each begins, ends, and gives way to the next."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from threading import Barrier

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from portal.agencies.models import Subscriber
from portal.ca.models import Certificate, RevocationReason
from portal.ca.register import expiry, services
from portal.core.roles import Role
from portal.deadlines.models import Counts, Deadline, DeadlineKind, Reminder
from portal.notices.reminders import remind_all
from tests import builders
from tests.builders import NOW, TODAY

pytestmark = pytest.mark.django_db
DOOR, EXPIRY = DeadlineKind.RENEWAL_DOOR, DeadlineKind.CERTIFICATE_EXPIRY
DAY = timedelta(days=1)


def certificate(days_left: int, *, subscriber: Subscriber | None = None) -> Certificate:
    """A certificate in its 400th day; ``days_left`` is as the law counts it on ``TODAY``."""
    return builders.certificate(subscriber=subscriber, not_after=NOW + days_left * DAY)


def opened(*certificates: Certificate, now: datetime = NOW) -> int:
    return expiry.open_doors(certificates, now=now)


def clocks(one: Certificate) -> list[tuple[str, str]]:
    """Kind and fate of each clock of a certificate, in the order they were opened."""
    fates = ("done_at", "cancelled_at", "lapsed_at")
    return [
        (clock.kind, next((fate for fate in fates if getattr(clock, fate)), "open"))
        for clock in Deadline.objects.filter(target_uuid=one.uuid).order_by("pk")
    ]


def morning(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 1, tzinfo=UTC)  # 8 in the morning


def play(days: Iterable[date]) -> None:
    for day in days:
        remind_all(now=morning(day))
        expiry.shut_doors(now=morning(day))


def rows() -> set[tuple[str, int]]:
    return set(Reminder.objects.values_list("deadline__kind", "threshold"))


@pytest.mark.parametrize(
    ("days_left", "kind", "due_on"),
    [
        (1000, DOOR, TODAY + 970 * DAY),
        (31, DOOR, TODAY + DAY),
        (30, DOOR, TODAY),  # to be asked for today at the latest
        (29, EXPIRY, TODAY + 29 * DAY),
        (0, EXPIRY, TODAY),
    ],
)
def test_which_clock_a_certificate_begins_with(
    days_left: int, kind: DeadlineKind, due_on: date
) -> None:
    mine = certificate(days_left)

    opened(mine)

    clock = Deadline.objects.get()
    assert (clock.kind, clock.due_on, clock.counts) == (kind, due_on, Counts.FIXED)
    assert clock.received_on == timezone.localdate(mine.issued_at)
    assert (clock.agency, clock.office) == (mine.agency, mine.office)
    assert clock.path == f"/chung-thu/{mine.uuid}/"


def test_the_last_day_is_that_of_hanoi() -> None:
    mine = builders.certificate(not_after=datetime(2027, 3, 1, 17, 30, tzinfo=UTC))  # 0:30 on 2/3

    opened(mine)

    assert Deadline.objects.get().due_on == date(2027, 3, 2) - 30 * DAY


def test_what_has_ended_gets_no_clock() -> None:
    assert opened(certificate(-1)) == 0
    assert not Deadline.objects.exists()


def test_opened_again_nothing_is_added() -> None:
    mine = certificate(1000)

    assert [opened(mine), opened(mine)] == [1, 0]


def test_the_title_names_holder_and_number_of_the_certificate_alone() -> None:
    person = builders.person("Lò Văn Thử", at=builders.agency(), number="012090012345")
    mine = certificate(100, subscriber=person)
    renewed = builders.certificate(not_after=NOW + 100 * DAY, renewals=1)

    opened(mine, renewed)

    title = Deadline.objects.get(target_uuid=mine.uuid).title
    assert title == f"Chứng thư {mine.serial} của Lò Văn Thử"
    assert "chỉ còn thay đổi" in Deadline.objects.get(target_uuid=renewed.uuid).title


def test_a_very_long_name_fits() -> None:
    person = builders.person("X" * 250, at=builders.agency())
    mine = builders.certificate(subscriber=person, renewals=1)

    opened(mine)

    assert len(Deadline.objects.get().title) <= 250


def test_the_door_shuts_when_its_day_is_over_and_the_next_clock_begins() -> None:
    mine = certificate(40)
    opened(mine)

    play([TODAY + 10 * DAY])
    assert clocks(mine) == [(DOOR, "open")]
    play([TODAY + 11 * DAY])

    assert clocks(mine) == [(DOOR, "lapsed_at"), (EXPIRY, "open")]


def test_a_certificate_that_ran_out_has_no_clock_any_more() -> None:
    mine = certificate(40)
    opened(mine)

    play([TODAY + n * DAY for n in range(42)])

    assert clocks(mine) == [(DOOR, "lapsed_at"), (EXPIRY, "lapsed_at")]
    assert expiry.open_missing(now=NOW + 42 * DAY) == 0


def test_each_threshold_is_told_on_its_day() -> None:
    """90, 60, 45 and 31 days before it ends; 14, 7 and 1 when only a new one is left."""
    agency = builders.agency(office=builders.office())
    clerk = builders.user(Role.CLERK, agency=agency)
    mine = certificate(100, subscriber=builders.person(at=agency))
    opened(mine)

    play([TODAY + n * DAY for n in range(102)])

    told = [(TODAY + 100 * DAY - one.at.date()).days for one in clerk.notices.order_by("at")]
    assert told == [90, 60, 45, 31, 14, 7, 1]
    assert set(Reminder.objects.values_list("state", flat=True)) == {"told"}


@pytest.mark.parametrize("away", [range(35, 46), range(64, 75), range(69, 80), range(80, 95)])
def test_days_without_sweeps_lose_no_threshold(away: range) -> None:
    opened(certificate(100))

    play([TODAY + n * DAY for n in range(102) if n not in away])

    assert rows() == {*((DOOR, n) for n in (60, 30, 15, 1)), *((EXPIRY, n) for n in (14, 7, 1))}


@pytest.mark.parametrize("away", [range(68, 104), range(72, 140), range(30, 140)])
def test_an_outage_over_its_last_weeks_loses_no_threshold_either(away: range) -> None:
    """The door shut and the certificate ended before a sweep came: the latest of each is told."""
    agency = builders.agency(office=builders.office())
    clerk = builders.user(Role.CLERK, agency=agency)
    mine = certificate(100, subscriber=builders.person(at=agency))
    opened(mine)

    play([TODAY + n * DAY for n in range(150) if n not in away])

    assert rows() == {*((DOOR, n) for n in (60, 30, 15, 1)), *((EXPIRY, n) for n in (14, 7, 1))}
    ends = Reminder.objects.filter(deadline__kind=EXPIRY).order_by("threshold")
    assert list(ends.values_list("state", flat=True)) == ["told", "overtaken", "overtaken"]
    titles = list(clerk.notices.order_by("at").values_list("title", flat=True))
    assert titles[-1].startswith("Chứng thư đã hết hạn")
    assert clocks(mine) == [(DOOR, "lapsed_at"), (EXPIRY, "lapsed_at")]


def test_a_door_does_not_shut_before_it_has_told_all() -> None:
    mine = certificate(40)
    opened(mine)
    late = NOW + 15 * DAY

    assert expiry.shut_doors(now=late) == 0
    remind_all(now=late)
    assert expiry.shut_doors(now=late) == 1

    assert clocks(mine) == [(DOOR, "lapsed_at"), (EXPIRY, "open")]


def test_revoked_it_needs_no_clock() -> None:
    one, two, three = certificate(1000), certificate(20), certificate(1000)
    opened(one, two, three)

    services.revoke(one, RevocationReason.CESSATION, actor=None, now=NOW)
    reasons = dict.fromkeys([two.pk], RevocationReason.CESSATION)
    services.revoke_many([two], reasons, actor=None, now=NOW)

    assert clocks(one) == [(DOOR, "cancelled_at")]
    assert clocks(two) == [(EXPIRY, "cancelled_at")]
    assert clocks(three) == [(DOOR, "open")]
    assert expiry.open_missing(now=NOW) == 0


def test_renewed_its_clock_is_done_and_stays_so_until_it_is_revoked() -> None:
    mine = certificate(40)
    opened(mine)

    expiry.renewed([mine], now=NOW)

    assert clocks(mine) == [(DOOR, "done_at")]
    assert expiry.open_missing(now=NOW) == 0


def test_a_new_issue_ends_the_last_weeks_of_the_old_one() -> None:
    holder = builders.person(at=builders.agency())
    old = certificate(20, subscriber=holder)
    named = certificate(60, subscriber=holder)
    on_sim = builders.certificate(
        subscriber=holder, key_pair=builders.key("sim"), not_after=NOW + 20 * DAY
    )
    somebody_else_s = certificate(20)
    opened(old, named, on_sim, somebody_else_s)
    new = certificate(1825, subscriber=holder)

    expiry.issued_anew([new], instead_of={named.serial, somebody_else_s.serial}, now=NOW)

    assert clocks(old) == [(EXPIRY, "done_at")]
    assert clocks(named) == [(DOOR, "done_at")]
    assert clocks(on_sim) == clocks(somebody_else_s) == [(EXPIRY, "open")]


def test_certificates_made_before_there_were_clocks_get_theirs() -> None:
    near, far, gone = certificate(20), certificate(400), certificate(-5)
    revoked = certificate(400)
    services.revoke(revoked, RevocationReason.CESSATION, actor=None, now=NOW)
    successor = certificate(900)
    renewed = certificate(60)
    Certificate.objects.filter(pk=successor.pk).update(predecessor=renewed)

    first = expiry.open_missing(now=NOW, most=2)
    rest = expiry.open_missing(now=NOW, most=2)

    assert (first, rest, expiry.open_missing(now=NOW)) == (2, 1, 0)
    assert clocks(near) == [(EXPIRY, "open")]
    assert clocks(far) == clocks(successor) == [(DOOR, "open")]
    assert clocks(gone) == clocks(revoked) == clocks(renewed) == []


def test_one_that_got_its_clock_late_is_told_the_latest_threshold() -> None:
    agency = builders.agency(office=builders.office())
    clerk = builders.user(Role.CLERK, agency=agency)
    certificate(70, subscriber=builders.person(at=agency))
    expiry.open_missing(now=NOW)

    remind_all(now=NOW)

    assert clerk.notices.get().title.startswith("Còn 40 ngày để đề nghị gia hạn, thay đổi")


def test_shutting_twice_does_it_once() -> None:
    mine = certificate(40)
    opened(mine)
    late = NOW + 12 * DAY
    remind_all(now=late)

    assert [expiry.shut_doors(now=late), expiry.shut_doors(now=late)] == [1, 0]

    assert clocks(mine) == [(DOOR, "lapsed_at"), (EXPIRY, "open")]


@pytest.mark.parametrize("act", ["open", "shut", "missing"])
def test_each_act_asks_the_same_for_one_and_for_forty(act: str) -> None:
    asked = []
    for count in (1, 40):
        Deadline.objects.all().delete()
        Certificate.objects.all().delete()
        many = [certificate(40) for _one in range(count)]
        if act == "shut":
            opened(*many)
            remind_all(now=NOW + 12 * DAY)
        with CaptureQueriesContext(connection) as queries:
            did = {
                "open": lambda: opened(*many),  # noqa: B023 (called at once)
                "shut": lambda: expiry.shut_doors(now=NOW + 12 * DAY),
                "missing": lambda: expiry.open_missing(now=NOW),
            }[act]()
        assert did == count
        asked.append(len(queries))

    assert asked[0] == asked[1]


@pytest.mark.parametrize("kind", [DOOR, EXPIRY])
def test_what_has_shut_is_found_by_its_index(kind: DeadlineKind) -> None:
    past = Deadline.objects.open().filter(kind=kind, due_on__lt=TODAY, next_at__isnull=True)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")  # the table is all but empty

    assert "deadlines_deadline_open" in past.explain()


@pytest.mark.django_db(transaction=True)
def test_shut_and_revoked_at_once_no_clock_stays_open() -> None:
    many = [certificate(40) for _one in range(10)]
    opened(*many)
    late = NOW + 12 * DAY
    remind_all(now=late)
    reasons = dict.fromkeys((one.pk for one in many), RevocationReason.CESSATION)

    _at_once(
        lambda: [expiry.shut_doors(now=late, most=2) for _turn in range(10)],
        lambda: services.revoke_many(many, reasons, actor=None, now=late),
        lambda: [expiry.shut_doors(now=late, most=2) for _turn in range(10)],
    )

    assert not Deadline.objects.open().exists()


@pytest.mark.django_db(transaction=True)
def test_missing_clocks_opened_by_two_at_once_are_one_each() -> None:
    for _one in range(12):
        certificate(400)

    done = _at_once(*[lambda: sum(expiry.open_missing(now=NOW, most=4) for _turn in range(5))] * 2)

    assert sum(map(int, map(str, done))) == Deadline.objects.open().count() == 12


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
