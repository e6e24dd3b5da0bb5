"""Until when a desk answers, what a changed calendar does to it, who hears of a delay; and every
step of the table is taken by its part alone."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import timezone

from portal.accounts.models import User
from portal.agencies.models import Agency
from portal.audit.look_only import LookOnly
from portal.core.models import CalendarDay
from portal.core.roles import Role
from portal.core.rules import Refused
from portal.core.steps import IllegalStep
from portal.deadlines import calendar
from portal.deadlines.models import Deadline
from portal.notices import reminders
from portal.notices.models import Notice
from portal.support.models import Question
from portal.support.questions import services
from portal.support.questions.about import About
from portal.support.questions.services import Wording
from portal.support.workflow import STEPS, Action, Category, Desk, Part, State
from tests import builders

pytestmark = pytest.mark.django_db
FRIDAY = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)  # 16:00 in Hà Nội
WORDING = Wording(Category.DRIVER, "Máy không nhận", "Đã cài lại.")


def test_the_hours_end_in_a_deadline_that_the_calendar_moves_and_a_delay_climbs() -> None:
    builders.ca()
    office = builders.office()
    clerk = builders.user(Role.CLERK, agency=builders.agency(office=office))
    team = builders.user(Role.SUPPORT_TEAM, agency=office)
    head = builders.user(Role.OFFICE_HEAD, agency=office)

    question = services.ask(WORDING, about=About(), actor=clerk, now=FRIDAY)
    clock = Deadline.objects.get(target_uuid=question.uuid)
    assert f"{timezone.localtime(question.due_at):%d %H:%M}" == "23 16:30"  # eight hours of work
    assert (clock.due_on, clock.agency) == (date(2026, 11, 23), office)

    calendar.add_day(
        date(2026, 11, 23),
        kind=CalendarDay.Kind.OFF,
        name="Bão",
        is_official=True,
        actor=builders.user(Role.ADMINISTRATOR),
        now=FRIDAY,
    )
    question.refresh_from_db()
    clock.refresh_from_db()
    assert f"{timezone.localtime(question.due_at):%d %H:%M}" == "25 16:30"  # the 24th is a day off
    assert clock.due_on == date(2026, 11, 25)

    reminders.remind_all(now=FRIDAY + timedelta(days=7))
    late = Notice.objects.filter(deadline=clock, is_urgent=True)
    assert {one.recipient for one in late} == {team, head}


def _question(asker: User, office: Agency, *, state: str, desk: str) -> Question:
    return Question.objects.create(
        category=Category.OTHER,
        subject="Hỏi",
        text="Hỏi",
        asked_by=asker,
        agency=asker.agency,
        office=office,
        asked_at=FRIDAY,
        waiting_since=FRIDAY,
        due_at=FRIDAY if state == State.WAITING else None,
        reached_ca_at=FRIDAY,
        desk=desk,
        state=state,
    )


def test_each_step_is_taken_by_its_part_alone() -> None:
    builders.ca()
    office = builders.office()
    people = {
        Part.ASKER: builders.user(Role.CLERK, agency=builders.agency(office=office)),
        Part.OFFICE_DESK: builders.user(Role.OFFICE_OFFICER, agency=office),
        Part.CA_DESK: builders.user(Role.CA_OPERATOR),
    }
    taken = set()
    for state, desk, (part, user) in itertools.product(State, Desk, people.items()):
        question = _question(people[Part.ASKER], office, state=state, desk=desk)
        offered = {step.action for step in services.steps_of(question, user)}
        for action in Action:
            one = _question(people[Part.ASKER], office, state=state, desk=desk)
            try:
                services.take_step(one, action, text="x", actor=user, now=FRIDAY, version=1)
            except IllegalStep:
                assert action not in offered
            else:
                assert action in offered
                taken.add((action, part))

    assert taken == {(step.action, step.role) for step in STEPS}


def test_an_account_that_only_looks_on_asks_and_takes_no_step() -> None:
    builders.ca()
    clerk = builders.user(Role.CLERK, agency=builders.agency(office=builders.office()))
    clerk.look_only_until = FRIDAY + timedelta(hours=1)
    clerk.save()
    clerk.note_time(FRIDAY)

    question = services.ask(WORDING, about=About(), actor=clerk, now=FRIDAY)

    assert services.steps_of(question, clerk) == []
    with pytest.raises(LookOnly):
        services.take_step(question, Action.ADD, text="x", actor=clerk, now=FRIDAY, version=1)


def test_without_an_office_the_ca_answers_and_cannot_hand_back() -> None:
    builders.ca()
    ca = builders.user(Role.CA_OPERATOR)
    asker = builders.user(Role.CLERK, agency=builders.agency())

    question = services.ask(WORDING, about=About(), actor=asker, now=FRIDAY)

    assert question.desk == Desk.CA
    assert {step.action for step in services.steps_of(question, ca)} == {Action.ANSWER}
    with pytest.raises(Refused):
        services.take_step(question, Action.HAND_BACK, text="x", actor=ca, now=FRIDAY, version=1)
