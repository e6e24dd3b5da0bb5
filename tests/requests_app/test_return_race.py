"""Two officers at one table: what one confirms, the other does not confirm again."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from devices.lifecycle import Move
from devices.models import CustodyMove
from portal.accounts.models import User
from portal.core.roles import Role
from portal.core.rules import Refused
from portal.core.steps import IllegalStep
from requests_app.decision.services import RowDecision, decide_rows
from requests_app.errors import StaleVersion
from requests_app.models import DeliveredPaper, Dossier
from requests_app.steps.engine import take_step
from requests_app.workflow import Action, Route, State
from tests import builders
from tests.builders import NOW
from tests.requests_app import returns

pytestmark = pytest.mark.django_db(transaction=True)


def _at_once(*acts: Callable[[], str]) -> list[str]:
    ready = Barrier(len(acts))

    def do(act: Callable[[], str]) -> str:
        ready.wait()
        try:
            return act()
        except (StaleVersion, IllegalStep, Refused):
            return "too late"
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return sorted(pool.map(do, acts))


def test_of_two_officers_who_confirm_at_once_one_does() -> None:
    people = returns.cast(Route.OFFICE_MINUTES)
    beside = builders.user(Role.OFFICE_OFFICER, agency=people.officer.agency)
    dossier = returns.look_at_all(returns.sent(people, returns.at_agency(people, 2)), people)

    def confirm(officer: User) -> Callable[[], str]:
        mine = Dossier.objects.get(pk=dossier.pk)

        def act() -> str:
            take_step(mine, Action.TAKE_ALL, actor=officer, now=NOW, version=mine.version)
            return "done"

        return act

    outcomes = _at_once(confirm(people.officer), confirm(beside))

    assert outcomes == ["done", "too late"]
    dossier.refresh_from_db()
    assert dossier.state == State.COMPLETED
    assert CustodyMove.objects.filter(move=Move.PASS_TO_OFFICE).count() == 2
    assert DeliveredPaper.objects.count() == 1


def test_a_row_looked_at_anew_is_not_confirmed_as_it_was() -> None:
    people = returns.cast(Route.OFFICE_MINUTES)
    beside = builders.user(Role.OFFICE_OFFICER, agency=people.officer.agency)
    dossier = returns.look_at_all(returns.sent(people, returns.at_agency(people, 2)), people)
    item = dossier.items.all()[0]
    mine, theirs = (Dossier.objects.get(pk=dossier.pk) for _ in range(2))

    def confirm() -> str:
        take_step(mine, Action.TAKE_ALL, actor=people.officer, now=NOW, version=mine.version)
        return "confirmed"

    def look_anew() -> str:
        decide_rows(
            theirs,
            {item.uuid: RowDecision("refused", "Không phải thiết bị này")},
            actor=beside,
            now=NOW,
            version=theirs.version,
        )
        return "looked anew"

    outcomes = _at_once(confirm, look_anew)

    assert "too late" in outcomes
    item.refresh_from_db()
    moved = CustodyMove.objects.filter(move=Move.PASS_TO_OFFICE).count()
    assert (item.decision, moved) in {("accepted", 2), ("refused", 0)}
