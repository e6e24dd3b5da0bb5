"""The way of a reorganisation: only the steps in the table exist."""

from __future__ import annotations

import itertools
from contextlib import suppress

from orgmerge.vocabulary import MergerState
from orgmerge.workflow import BEFORE_FORCE, EDITING, STEPS, MergerAction
from portal.core.roles import Role
from portal.core.steps import IllegalStep

S, A = MergerState, MergerAction
# Written out by hand: role (None: the portal), from, action → to.
LEGAL = {
    (Role.OFFICE_OFFICER, S.DRAFT, A.SUBMIT): S.AWAITING_APPROVAL,
    (Role.OFFICE_HEAD, S.AWAITING_APPROVAL, A.APPROVE): S.APPROVED,
    (Role.OFFICE_HEAD, S.AWAITING_APPROVAL, A.SEND_BACK): S.DRAFT,
    (Role.OFFICE_HEAD, S.APPROVED, A.SEND_BACK): S.DRAFT,
    (Role.OFFICE_OFFICER, S.DRAFT, A.WITHDRAW): S.WITHDRAWN,
    (Role.OFFICE_OFFICER, S.AWAITING_APPROVAL, A.WITHDRAW): S.WITHDRAWN,
    (Role.OFFICE_OFFICER, S.APPROVED, A.WITHDRAW): S.WITHDRAWN,
    (Role.OFFICE_HEAD, S.DRAFT, A.WITHDRAW): S.WITHDRAWN,
    (Role.OFFICE_HEAD, S.AWAITING_APPROVAL, A.WITHDRAW): S.WITHDRAWN,
    (Role.OFFICE_HEAD, S.APPROVED, A.WITHDRAW): S.WITHDRAWN,
    (None, S.APPROVED, A.TAKE_EFFECT): S.IN_FORCE,
    (None, S.IN_FORCE, A.COMPLETE): S.COMPLETED,
}


def test_only_the_steps_in_the_table_exist() -> None:
    found = {}
    for role, state, action in itertools.product([*Role, None], S, A):
        with suppress(IllegalStep):
            found[role, state, action] = STEPS.find(action, state=state, role=role).target

    assert found == LEGAL


def test_what_goes_back_or_ends_early_says_why() -> None:
    reasoned = {step.action for step in STEPS if step.needs_reason}

    assert reasoned == {A.SEND_BACK, A.WITHDRAW}


def test_approval_alone_asks_for_other_eyes() -> None:
    assert {step.action for step in STEPS if EDITING in step.barred_by} == {A.APPROVE}


def test_nothing_is_withdrawn_once_it_is_in_force() -> None:
    sources = {state for step in STEPS if step.action == A.WITHDRAW for state in step.sources}

    assert sources == BEFORE_FORCE
    assert {S.IN_FORCE, S.COMPLETED, S.WITHDRAWN}.isdisjoint(sources)


def test_what_has_ended_has_no_step() -> None:
    for state in (S.COMPLETED, S.WITHDRAWN):
        assert [step for role in [*Role, None] for step in STEPS.open_to(role, state=state)] == []
