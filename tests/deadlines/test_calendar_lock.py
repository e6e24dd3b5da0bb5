"""A clock opened while the calendar is edited ends by the calendar as it is now."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import date
from threading import Event

import pytest
from django.db import connection, transaction

from portal.agencies.models import Agency
from portal.audit.models import AuditEntry
from portal.core.calendar.workdays import work_calendar
from portal.core.models import CalendarDay
from portal.core.roles import Role
from portal.deadlines import calendar, services
from portal.deadlines.calendar_lock import wait_for
from portal.deadlines.models import Deadline, DeadlineKind
from tests import builders
from tests.builders import NOW

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE = 30
STORM = date(2026, 11, 25)


def test_a_clock_that_was_being_opened_moves_too() -> None:
    agency, admin = builders.agency(), builders.user(Role.ADMINISTRATOR)
    has_opened, may_commit = Event(), Event()

    def open_slowly() -> None:
        with transaction.atomic():
            _open(agency)
            has_opened.set()
            assert may_commit.wait(PATIENCE)

    def edit() -> None:
        calendar.add_day(STORM, kind="off", name="Nghỉ bão", is_official=True, actor=admin, now=NOW)

    with ThreadPoolExecutor(2) as pool:
        opener = _do(pool, open_slowly)
        assert has_opened.wait(PATIENCE) or opener.result()
        editor = _do(pool, edit)
        _wait_for_the_storm()
        was_waiting = not editor.done()
        may_commit.set()
        opener.result(PATIENCE)
        editor.result(PATIENCE)

    clock = Deadline.objects.get()
    assert was_waiting
    assert clock.due_on == work_calendar().add(clock.received_on, clock.working_days)
    assert clock.next_at == NOW
    entries = AuditEntry.objects.filter(action="calendar.add_day")
    assert sum(entry.data["moved_count"] for entry in entries) == 1


def _open(agency: Agency) -> None:
    services.open_deadline(
        DeadlineKind.CA_ISSUE,
        agency=agency,
        office=None,
        target_type="trial",
        target_uuid=uuid.uuid4(),
        title="Cấp mới",
        path="",
        now=NOW,
    )


def _do(pool: ThreadPoolExecutor, act: Callable[[], None]) -> Future[None]:
    """Do it in a thread, on a connection of its own."""

    def work() -> None:
        try:
            act()
        finally:
            connection.close()

    return pool.submit(work)


def test_a_row_in_nobodys_hands_is_not_waited_for() -> None:
    _open(builders.agency())

    wait_for(Deadline.objects.all())

    assert not connection.in_atomic_block


def _wait_for_the_storm() -> None:
    """Wait until the edit has put the day into the table, or (SQLite) has long waited to."""
    ends_at = time.monotonic() + 0.5
    while time.monotonic() < ends_at and not CalendarDay.objects.filter(date=STORM).exists():
        time.sleep(0.02)
    time.sleep(0.05)
