"""What a head reads beside the button that approves, and why a plan has grown."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse

from orgmerge.approval.readiness import summary_of
from orgmerge.models import Merger, Plan
from orgmerge.plans import comparison
from portal.accounts.models import User
from portal.core.roles import Role
from tests import builders
from tests.builders import NOW, TODAY
from tests.orgmerge import planned
from tests.orgmerge.planned import page_of, signed_in, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_november")]


@pytest.fixture
def head(merger: Merger) -> User:
    return builders.user(Role.OFFICE_HEAD, agency=merger.office)


def codes(merger: Merger, plan: Plan) -> set[str]:
    return {one.code for one in summary_of(merger, plan, today=TODAY).skipped}


def test_what_was_skipped_is_said_until_it_is_done(
    merger: Merger, plan: Plan, head: User, officer: User
) -> None:
    before = codes(merger, plan)

    answer = signed_in(officer).post(reverse("orgmerge:heed", args=[merger.uuid]))
    again = signed_in(head).post(reverse("orgmerge:heed", args=[merger.uuid]))
    plan.refresh_from_db()

    assert before == {"no_review_round", "not_heeded"}
    assert answer.status_code == 302
    assert again.status_code == 404
    assert plan.heeded_by == officer
    assert codes(merger, plan) == {"no_review_round"}


def test_the_summary_stands_beside_the_step(merger: Merger, plan: Plan, head: User) -> None:
    counts = dict(plan.counts)
    Plan.objects.filter(pk=plan.pk).update(counts=counts | {"open": 0})
    Merger.objects.filter(pk=merger.pk).update(state="awaiting_approval")

    page = text_of(head, reverse("orgmerge:detail", args=[merger.uuid]))

    assert 'data-code="no_review_round"' in page
    assert page.index('id="tom-tat"') < page.index('value="approve"')


@pytest.mark.both
def test_a_plan_that_grew_says_what_came(merger: Merger, officer: User, plan: Plan) -> None:
    old = merger.shares.select_related("old")[0].old
    person = builders.person(at=old)
    builders.in_hands_of(person, builders.certificate(subscriber=person).key)

    new = planned.plan_of(merger, officer, now=NOW + timedelta(hours=1))
    growth = comparison.growth_of(new)
    page = text_of(officer, page_of(merger))

    assert growth is not None
    assert growth.new_lines == growth.old_lines + 3  # certificate, device, person
    assert sum(one.number for one in growth.sorts) == 3
    assert 'id="vi-sao-doi"' in page
