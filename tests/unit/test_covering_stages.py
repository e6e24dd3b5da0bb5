"""The table of covering letters, whole: every role, stage and action."""

from __future__ import annotations

import itertools
from contextlib import suppress

from portal.core.roles import OFFICE_ROLES, Role
from portal.core.steps import IllegalStep
from requests_app.letter_workflow import EDITING, LETTER_STEPS, LetterAction, Stage

LEGAL = {(step.role, source, step.action) for step in LETTER_STEPS for source in step.sources}


def test_only_the_steps_in_the_table_exist() -> None:
    found = set()
    for role, stage, action in itertools.product(Role, Stage, LetterAction):
        with suppress(IllegalStep):
            found.add((role, stage, LETTER_STEPS.find(action, state=stage, role=role).action))

    assert found == LEGAL


def test_only_an_office_has_to_do_with_its_letters() -> None:
    assert {step.role for step in LETTER_STEPS} == OFFICE_ROLES - {Role.SUPPORT_TEAM}


def test_the_head_signs_what_others_made_and_never_sends() -> None:
    (sign,) = (step for step in LETTER_STEPS if step.action == LetterAction.SIGN)
    (seal,) = (step for step in LETTER_STEPS if step.action == LetterAction.SEAL)

    assert (sign.role, sign.barred_by) == (Role.OFFICE_HEAD, frozenset({EDITING}))
    assert (seal.role, seal.barred_by) == (Role.OFFICE_OFFICER, frozenset({LetterAction.SIGN}))


def test_what_waits_for_somebody_is_what_they_can_do() -> None:
    waits_for = {stage: LETTER_STEPS.awaited(stage) for stage in Stage}

    assert waits_for == {
        Stage.DRAFT: Role.OFFICE_OFFICER,
        Stage.AWAITING_SIGNATURE: Role.OFFICE_HEAD,
        Stage.AWAITING_SEAL: Role.OFFICE_OFFICER,
        Stage.FORWARDING: "",
        Stage.SENT: "",
        Stage.CANCELLED: "",
    }
    for stage, waited_for in waits_for.items():
        for role in Role:
            assert bool(LETTER_STEPS.open_to(role, state=stage)) <= bool(waited_for)
