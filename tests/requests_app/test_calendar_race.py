"""Steps on dossiers while the calendar is edited: neither waits for what the other holds."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import date
from threading import Event

import pytest
from django.db import connection, transaction

from portal.accounts.models import User
from portal.audit import services as audit
from portal.core.calendar.workdays import work_calendar
from portal.core.models import CalendarDay
from portal.core.roles import Role
from portal.deadlines import calendar
from portal.deadlines import services as deadlines
from portal.deadlines.models import Deadline, DeadlineKind
from requests_app.acts import dossier_act
from requests_app.models import Dossier
from requests_app.workflow import Action, State
from tests import builders, story
from tests.builders import NOW

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]
PATIENCE = 30
STORM = date(2026, 11, 25)
DOSSIERS = 40


def test_steps_are_taken_while_the_calendar_is_edited_again_and_again() -> None:
    people = story.cast()
    admin = builders.user(Role.ADMINISTRATOR)
    dossiers = [received(people) for _one in range(DOSSIERS)]

    def send_back(some: list[Dossier]) -> None:
        for dossier in some:
            story.step(dossier, Action.RETURN, people.officer, reason="Thiếu ngày cấp")

    with ThreadPoolExecutor(3) as pool:
        steps = [do(pool, send_back, dossiers[start::2]) for start in range(2)]
        edits = 0
        while not all(step.done() for step in steps):
            do(pool, add_storm, admin).result(PATIENCE)
            do(pool, remove_storm, admin).result(PATIENCE)
            edits += 1
        for step in steps:
            step.result(PATIENCE)
        do(pool, add_storm, admin).result(PATIENCE)

    assert edits > 1
    assert Deadline.objects.open().count() == DOSSIERS
    assert_all_end_by_the_table()


def test_a_dossier_in_somebodys_hands_follows_when_it_is_let_go() -> None:
    dossier = received(story.cast())

    def hold() -> None:
        Dossier.objects.select_for_update().get(pk=dossier.pk)

    def go_on() -> None:
        deadlines.pass_on([dossier.uuid], agency=builders.agency(), office=None, now=NOW)

    edit_in_the_middle_of(hold, go_on)

    assert_all_end_by_the_table()


def test_who_has_written_into_the_chain_may_still_stop_a_clock() -> None:
    dossier, other = (received(story.cast()) for _one in range(2))

    def record() -> None:
        audit.record(dossier_act("dossier.stop", dossier), actor=None, now=NOW)

    def stop() -> None:
        deadlines.cancel_all(dossier.uuid, now=NOW)

    edit_in_the_middle_of(record, stop)

    assert [one.target_uuid for one in Deadline.objects.open()] == [other.uuid]
    assert_all_end_by_the_table()


def received(people: story.Cast) -> Dossier:
    """A dossier at the office, which has three working days to look at it."""
    dossier = builders.dossier(agency=people.agency, state=State.SUBMITTED)
    assert dossier.office is not None
    clock = deadlines.open_deadline(
        DeadlineKind.OFFICE_CHECK,
        agency=dossier.office,
        office=None,
        target_type="dossier",
        target_uuid=dossier.uuid,
        title="Cấp mới",
        path="",
        now=NOW,
    )
    Dossier.objects.filter(pk=dossier.pk).update(due_on=clock.due_on)
    return dossier


def edit_in_the_middle_of(first: Callable[[], None], then: Callable[[], None]) -> None:
    """Do ``first`` and ``then`` in one transaction; between them the calendar begins to change."""
    admin = builders.user(Role.ADMINISTRATOR)
    has_begun, may_go_on = Event(), Event()

    def work() -> None:
        with transaction.atomic():
            first()
            has_begun.set()
            assert may_go_on.wait(PATIENCE)
            then()

    with ThreadPoolExecutor(2) as pool:
        worker = do(pool, work)
        assert has_begun.wait(PATIENCE) or worker.result()
        editor = do(pool, add_storm, admin)
        time.sleep(0.3)  # it goes as far as it can
        assert not editor.done()
        may_go_on.set()
        worker.result(PATIENCE)
        editor.result(PATIENCE)


def add_storm(admin: User) -> None:
    calendar.add_day(STORM, kind="off", name="Nghỉ bão", is_official=True, actor=admin, now=NOW)


def remove_storm(admin: User) -> None:
    calendar.remove_day(CalendarDay.objects.get(date=STORM), actor=admin, now=NOW)


def do(pool: ThreadPoolExecutor, act: Callable[..., None], *args: object) -> Future[None]:
    """Do it in a thread, on a connection of its own."""

    def work() -> None:
        try:
            act(*args)
        finally:
            connection.close()

    return pool.submit(work)


def assert_all_end_by_the_table() -> None:
    table = work_calendar()
    for clock in Deadline.objects.open():
        assert clock.due_on == table.add(clock.received_on, clock.working_days)
        assert Dossier.objects.get(uuid=clock.target_uuid).due_on == clock.due_on
