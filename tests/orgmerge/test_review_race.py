"""Two clerks, or a clerk and the office, at the same moment: nothing is overwritten."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from threading import Barrier

import pytest
from django.db import connection

from orgmerge.models import Merger, ReviewItem, ReviewReply, ReviewRound
from orgmerge.review import lists, rounds
from orgmerge.review import services as review
from orgmerge.review.rules import Said
from orgmerge.vocabulary import ReviewAnswer
from portal.accounts.models import User
from portal.core.roles import Role
from portal.deadlines.models import Deadline
from requests_app.errors import NotEditable, StaleVersion
from tests import builders
from tests.builders import NOW
from tests.orgmerge import builders as mergers

pytestmark = pytest.mark.django_db(transaction=True)

DUE = date(2026, 11, 27)


def at_once(*acts: Callable[[], object]) -> list[object]:
    ready = Barrier(len(acts))

    def do(act: Callable[[], object]) -> object:
        ready.wait()
        try:
            return act()
        except (StaleVersion, NotEditable):
            return "too late"
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(do, acts))


def described() -> tuple[Merger, User, User]:
    """A commune with one person passes to a new one: the reorganisation, officer, clerk."""
    officer = builders.user(Role.OFFICE_OFFICER)
    old = builders.agency(office=officer.agency)
    merger = mergers.merger(officer)
    mergers.share(merger, old, mergers.body(merger, "UBND XÃ MỚI"))
    builders.person(at=old)
    return merger, officer, builders.user(Role.CLERK, agency=old)


def test_of_two_clerks_who_save_at_once_one_is_told_that_it_changed() -> None:
    merger, officer, clerk = described()
    rounds.open_round(merger, due_on=DUE, note="", actor=officer, now=NOW)
    colleague = builders.user(Role.CLERK, agency=clerk.agency)

    def save(by: User, answer: ReviewAnswer) -> Callable[[], object]:
        reply = ReviewReply.objects.get()
        said = {1: Said(answer=answer)}
        return lambda: review.answer(reply, said, actor=by, now=NOW, version=1)

    outcomes = at_once(save(clerk, ReviewAnswer.CONTINUES), save(colleague, ReviewAnswer.LEFT))

    assert sorted(map(str, outcomes)) == ["1", "too late"]
    assert ReviewReply.objects.get().version == 2


def test_of_sending_and_closing_at_once_no_clock_is_left() -> None:
    merger, officer, clerk = described()
    held = rounds.open_round(merger, due_on=DUE, note="", actor=officer, now=NOW)
    reply = ReviewReply.objects.get()
    review.answer(reply, {1: Said(answer=ReviewAnswer.LEFT)}, actor=clerk, now=NOW, version=1)

    at_once(
        lambda: review.send(reply, actor=clerk, now=NOW, version=2),
        lambda: rounds.close_round(held, actor=officer, now=NOW),
    )

    assert ReviewRound.objects.get().closed_at == NOW
    assert not Deadline.objects.open().exists()


def test_two_workers_at_once_make_each_list_once(monkeypatch: pytest.MonkeyPatch) -> None:
    merger, officer, _clerk = described()
    monkeypatch.setattr(rounds, "AT_ONCE", -1)
    rounds.open_round(merger, due_on=DUE, note="", actor=officer, now=NOW)

    outcomes = at_once(*[lambda: lists.prepare_waiting(now=NOW)] * 2)

    assert sorted(map(str, outcomes)) == ["0", "1"]
    assert ReviewItem.objects.count() == 1
    assert Deadline.objects.open().count() == 1
