"""What moved between two plans is marked when the second is made, and read as it was found."""

from __future__ import annotations

import pytest

from orgmerge.models import Merger, Plan, PlanLine
from orgmerge.plans import access, comparison
from portal.accounts.models import User
from tests import builders
from tests.orgmerge import planned

pytestmark = pytest.mark.django_db


@pytest.fixture
def two_plans(merger: Merger, officer: User) -> tuple[Plan, Plan]:
    """Between the two somebody comes and a body no longer is transferred."""
    old = planned.plan_of(merger, officer)
    builders.certificate(subscriber=builders.person(at=planned.old_bodies(merger)[0]))
    share = merger.shares.order_by("position").last()
    assert share is not None
    share.delete()
    return planned.plan_of(merger, officer), old


def found(new: Plan, old: Plan) -> tuple[list[PlanLine], list[PlanLine]]:
    moved = comparison.differences(new, old)
    return list(moved.moved), list(moved.gone)


@pytest.mark.parametrize("at_once", [1, 20_000])
def test_what_is_marked_is_what_would_be_found_now(
    two_plans: tuple[Plan, Plan], at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    new, old = two_plans
    monkeypatch.setattr(comparison, "LINES_AT_ONCE", at_once)
    new.counts["compared_with"] = None
    now = found(new, old)
    PlanLine.objects.update(is_moved=False, is_gone=True)  # as an attempt cut off leaves it

    comparison.mark(new, old, hold=lambda: None)

    new.counts["compared_with"] = old.number
    assert found(new, old) == now
    assert all(now)


def test_a_plan_knows_which_it_was_compared_with(two_plans: tuple[Plan, Plan]) -> None:
    new, old = two_plans

    assert (new.counts["compared_with"], old.counts["compared_with"]) == (old.number, None)
    assert new.lines.filter(is_moved=True).exists()
    assert old.lines.filter(is_gone=True).exists()


def test_who_loses_the_plan_marks_nothing_more(two_plans: tuple[Plan, Plan]) -> None:
    new, old = two_plans
    PlanLine.objects.update(is_moved=False, is_gone=False)

    def lost() -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        comparison.mark(new, old, hold=lost)

    assert not PlanLine.objects.filter(is_moved=True).exists()


def test_what_is_to_be_settled_is_counted_as_it_would_be_now(officer: User) -> None:
    plan = planned.plan_of(planned.split_commune(officer), officer)
    kept = access.open_sorts(plan)

    plan.counts = {"open": plan.counts["open"]}

    assert kept == access.open_sorts(plan) != []
