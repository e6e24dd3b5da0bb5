"""Two people at once: exactly one wins, the other is told; two workers at once: one result."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.conf import settings
from django.db import connection

from portal.accounts.models import User
from portal.ca.authority import ceremony, keystore
from portal.ca.authority import services as authority
from portal.ca.models import Certificate
from portal.ca.register import services as ca
from portal.core.roles import Role
from portal.core.steps import IllegalStep
from requests_app.errors import StaleVersion
from requests_app.execution import services as execution
from requests_app.models import Dossier
from requests_app.steps.engine import take_step
from requests_app.workflow import Action, State
from tests import builders, story

pytestmark = pytest.mark.django_db(transaction=True)


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


def test_of_approving_and_sending_back_at_once_exactly_one_happens() -> None:
    people = story.cast()
    other = builders.user(Role.CA_SUPERVISOR)
    dossier = story.decided(people)

    def press(supervisor: User, action: Action, reason: str = "") -> Callable[[], object]:
        mine = Dossier.objects.get(pk=dossier.pk)

        def act() -> str:
            try:
                take_step(
                    mine,
                    action,
                    actor=supervisor,
                    now=builders.NOW,
                    version=mine.version,
                    reason=reason,
                )
            except (StaleVersion, IllegalStep):
                return "too late"
            return "done"

        return act

    outcomes = _at_once(
        press(people.supervisor, Action.CONFIRM),
        press(other, Action.SEND_BACK, "Xem lại dòng 1"),
    )

    assert sorted(map(str, outcomes)) == ["done", "too late"]
    dossier.refresh_from_db()
    assert dossier.state in (State.ACCEPTED, State.FORWARDED)
    assert dossier.events.filter(action__in=[Action.CONFIRM, Action.SEND_BACK]).count() == 1


def test_two_sweeps_at_once_issue_each_row_once() -> None:
    authority.open_for_signing()
    ceremony.set_up(now=builders.NOW)
    for key in ca.make_keys("token", 6, now=builders.NOW):
        builders.device(key_pair=key)
    people = story.cast()
    first = story.confirmed(people, rows=3)
    authority.own()
    now = builders.NOW + timedelta(seconds=5)

    done = _at_once(
        lambda: execution.execute_accepted(now=now), lambda: execution.execute_accepted(now=now)
    )

    keystore.close()
    assert sum(int(str(rows)) for rows in done) == 3
    assert Certificate.objects.count() == 3
    first.refresh_from_db()
    assert first.state == State.COMPLETED


def test_a_second_worker_past_the_lease_does_no_harm() -> None:
    authority.open_for_signing()
    ceremony.set_up(now=builders.NOW)
    for key in ca.make_keys("token", 4, now=builders.NOW):
        builders.device(key_pair=key)
    dossier = story.confirmed(story.cast(), rows=4)
    late = builders.NOW + settings.EXECUTION_LEASE + timedelta(minutes=1)
    authority.own()

    _at_once(
        lambda: execution.execute(dossier.pk, now=builders.NOW),
        lambda: execution.execute(dossier.pk, now=late),
    )

    keystore.close()
    assert Certificate.objects.count() == 4
    dossier.refresh_from_db()
    assert dossier.state == State.COMPLETED
