"""The whole table of steps: what is in it exists, what is not does not."""

from __future__ import annotations

import itertools
from contextlib import suppress

import pytest

from portal.core.roles import OFFICE_ROLES, Role
from portal.core.steps import IllegalStep
from requests_app.workflow import (
    ENDED,
    STEPS,
    Action,
    Route,
    State,
    find_step,
    queue_of,
    steps_open_to,
)

LEGAL = {
    (step.role, source, step.action, route): step
    for step in STEPS
    for source in step.sources
    for route in step.routes
}
WHO = [*Role, None]


def test_the_table_says_each_thing_once() -> None:
    assert len(LEGAL) == sum(len(step.sources) * len(step.routes) for step in STEPS)


def test_only_the_steps_in_the_table_exist() -> None:
    found = {}
    for role, state, action, route in itertools.product(WHO, State, Action, Route):
        with suppress(IllegalStep):
            step = find_step(action, state=state, role=role, route=route)
            found[role, state, action, route] = step

    assert found == LEGAL


@pytest.mark.parametrize("route", Route)
def test_a_dossier_always_waits_for_somebody_until_it_has_ended(route: Route) -> None:
    reachable = _reachable(route)
    for state in State:
        if state in reachable - ENDED:
            assert queue_of(state, route) in {*Role, "portal"}
        elif state in ENDED:
            assert queue_of(state, route) == ""


@pytest.mark.parametrize("route", Route)
def test_every_reachable_state_leads_to_an_end(route: Route) -> None:
    reachable = _reachable(route)
    assert reachable & ENDED
    for state in reachable - ENDED:
        assert _reachable(route, start=state) & ENDED


def test_who_approves_is_never_who_drafted_signed_or_decided() -> None:
    approvals = [step for step in STEPS if step.action in (Action.CONFIRM, Action.REJECT)]
    assert approvals
    for step in approvals:
        assert {Action.REQUEST_SIGNATURE, Action.SIGN, Action.DECIDE} <= step.barred_by


def test_a_forwarding_office_returns_and_never_refuses() -> None:
    for step in STEPS:
        if step.role in OFFICE_ROLES and step.action in (Action.REJECT, Action.DECIDE):
            # Beside what it decides itself: what failed while another CA's answer was recorded.
            was_asked = step.sources <= {State.EXECUTION_FAILED, State.DECIDED}
            outside = {Route.OUTSIDE} if was_asked else set()
            assert step.routes <= {Route.OFFICE_ONLY} | outside


def test_returning_sending_back_and_withdrawing_need_a_reason() -> None:
    for step in STEPS:
        expected = step.action in {
            Action.RETURN, Action.SEND_BACK, Action.SEND_BACK_TO_DRAFT, Action.WITHDRAW
        }  # fmt: skip
        assert step.needs_reason == expected


NO_STEPS = {Role.AUDITOR, Role.ADMINISTRATOR, Role.IT_OFFICER, Role.SUPPORT_TEAM}


def test_who_only_looks_on_or_drafts_takes_no_step() -> None:
    for role, state, route in itertools.product(NO_STEPS, State, Route):
        assert steps_open_to(role, state=state, route=route) == []
    assert {step.role for step in STEPS} == {*Role, None} - NO_STEPS


def _reachable(route: Route, start: State = State.DRAFT) -> set[State]:
    found = {start}
    while True:
        more = {
            step.target for step in STEPS if route in step.routes and step.sources & found
        } - found
        if not more:
            return found
        found |= more
