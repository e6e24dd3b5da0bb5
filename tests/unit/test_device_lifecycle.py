"""The whole table of the devices' life, cell by cell, and the page generated from it."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from devices.lifecycle import (
    LIFE,
    Condition,
    Custody,
    IllegalMove,
    Move,
    find_rule,
    moves_open_to,
)
from devices.management.commands.write_device_lifecycle import lifecycle_page
from portal.core.roles import Role

PLACES: list[tuple[Custody | None, Condition | None]] = [
    (None, None),
    *itertools.product(Custody, Condition),
]
ROLES: list[Role | None] = [None, *Role]
LEGAL = {
    (rule.move, custody, condition, role)
    for rule in LIFE
    for role in rule.roles
    for custody, condition in (
        itertools.product(rule.sources, rule.conditions) if rule.sources else [(None, None)]
    )
}
# Trouble that can't come about: see the comments of the table.
NEVER = {
    *itertools.product(
        (Custody.STOCK, Custody.ALLOCATED, Custody.ON_ITS_WAY, Custody.AT_AGENCY),
        [Condition.LOCKED],
    ),
    (Custody.ON_ITS_WAY, Condition.DAMAGED),  # seen when it arrives
    (Custody.RETIRED, Condition.LOST),
}


@pytest.mark.parametrize("move", list(Move))
def test_only_the_moves_in_the_table_exist(move: Move) -> None:
    for (custody, condition), role in itertools.product(PLACES, ROLES):
        if (move, custody, condition, role) in LEGAL:
            assert find_rule(move, custody, condition, role).move == move
        else:
            with pytest.raises(IllegalMove):
                find_rule(move, custody, condition, role)


def test_no_two_lines_answer_the_same_question() -> None:
    cells = [
        (rule.move, custody, condition, role)
        for rule in LIFE
        for custody in rule.sources or [None]
        for condition in rule.conditions
        for role in rule.roles
    ]

    assert len(cells) == len(set(cells))


def test_buttons_are_what_the_table_allows() -> None:
    for (custody, condition), role in itertools.product(PLACES[1:], ROLES):
        assert custody is not None
        assert condition is not None
        offered = {rule.move for rule in moves_open_to(role, custody=custody, condition=condition)}

        assert offered == {move for move in Move if (move, custody, condition, role) in LEGAL}


def test_every_move_is_in_the_table() -> None:
    assert {rule.move for rule in LIFE} == set(Move)


def test_every_cell_but_the_impossible_ones_is_reached_from_the_stock() -> None:
    reached = {(Custody.STOCK, Condition.OK)}
    fresh = set(reached)
    while fresh:
        fresh = {after for place in fresh for after in _after(*place)} - reached
        reached |= fresh

    assert reached == set(itertools.product(Custody, Condition)) - NEVER


def test_a_device_can_leave_every_place_but_the_last() -> None:
    for custody in set(Custody) - {Custody.RETIRED}:
        assert any(rule.sources and custody in rule.sources and rule.to for rule in LIFE)
    assert not any(rule.sources and Custody.RETIRED in rule.sources for rule in LIFE)


def test_what_is_lost_can_only_be_found_or_get_another_agency() -> None:
    for custody, role in itertools.product(Custody, ROLES):
        offered = moves_open_to(role, custody=custody, condition=Condition.LOST)
        assert {rule.move for rule in offered} <= {Move.FIND, Move.TRANSFER, Move.READDRESS}


def test_what_is_lost_can_be_found_by_whoever_may_report_it() -> None:
    losses = {
        (custody, role)
        for move, custody, _condition, role in LEGAL
        if move == Move.REPORT_LOST and role is not None
    }
    finds = {(custody, role) for move, custody, _condition, role in LEGAL if move == Move.FIND}

    assert losses == finds


def test_the_page_in_docs_is_what_the_table_says() -> None:
    written = Path("docs/device-lifecycle.md").read_text(encoding="utf-8")

    assert written == lifecycle_page(), "run manage.py write_device_lifecycle"


def _after(custody: Custody, condition: Condition) -> set[tuple[Custody, Condition]]:
    """Where a device gets to in one move; one that is found gets to nothing new."""
    return {
        (rule.to or custody, rule.to_condition or condition)
        for rule in LIFE
        if rule.sources and custody in rule.sources and condition in rule.conditions
        if not rule.restores
    }
