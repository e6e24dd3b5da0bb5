"""The table of covering letters, whole: every role, stage and action."""

from __future__ import annotations

import itertools
from contextlib import suppress

from portal.core.roles import OFFICE_ROLES, Role
from requests_app.covering_letters.workflow import (
    LETTER_STEPS,
    WAITS_FOR,
    IllegalLetterStep,
    LetterAction,
    Stage,
    find_letter_step,
    letter_steps_open_to,
)

LEGAL = {(step.role, source, step.action) for step in LETTER_STEPS for source in step.sources}


def test_only_the_steps_in_the_table_exist() -> None:
    found = set()
    for role, stage, action in itertools.product(Role, Stage, LetterAction):
        with suppress(IllegalLetterStep):
            found.add((role, stage, find_letter_step(action, stage=stage, role=role).action))

    assert found == LEGAL


def test_only_an_office_has_to_do_with_its_letters() -> None:
    assert {step.role for step in LETTER_STEPS} == OFFICE_ROLES


def test_the_head_signs_what_others_made_and_never_sends() -> None:
    (sign,) = (step for step in LETTER_STEPS if step.action == LetterAction.SIGN)
    (seal,) = (step for step in LETTER_STEPS if step.action == LetterAction.SEAL)

    assert (sign.role, sign.not_by_editor) == (Role.OFFICE_HEAD, True)
    assert (seal.role, seal.not_by_signer) == (Role.OFFICE_OFFICER, True)


def test_what_waits_for_somebody_is_what_they_can_do() -> None:
    for stage, role in WAITS_FOR.items():
        assert letter_steps_open_to(role, stage)
    for stage in set(Stage) - set(WAITS_FOR):
        assert not any(letter_steps_open_to(role, stage) for role in Role)
