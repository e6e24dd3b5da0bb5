"""Undoing a reorganisation that is in force: a new one, the other way round."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from django.test import Client
from django.urls import reverse

from orgmerge.description.values import MergerFacts
from orgmerge.models import Merger, MergerShare, Plan, PlanLine
from orgmerge.repeal import services as repeal
from orgmerge.vocabulary import MergerKind, MergerState
from portal.accounts.models import User
from portal.agencies.models import Agency
from portal.core.roles import Role
from portal.core.rules import Refused
from tests import builders
from tests.builders import NOW
from tests.orgmerge import builders as mergers

pytestmark = pytest.mark.django_db

DECISION = MergerFacts(
    title="Bãi bỏ sắp xếp",
    kind=MergerKind.MIXED,
    decision="99/NQ-UBTVQH16",
    decided_on=date(2027, 1, 4),
    effective_on=date(2027, 2, 1),
)


def in_force(officer: User) -> tuple[Merger, list[Agency], Agency]:
    """Two communes ended in a new one, and the school of one followed."""
    merger = mergers.merger(officer, state=MergerState.IN_FORCE)
    olds = [builders.agency(office=officer.agency) for _ in range(2)]
    new = builders.agency("ỦY BAN NHÂN DÂN XÃ MỚI", office=officer.agency)
    body = mergers.body(merger, new.name, agency=new)
    school = builders.agency("TRƯỜNG MỘT", office=officer.agency, parent=olds[0])
    for old in olds:
        mergers.share(merger, old, body)
    mergers.share(merger, school, mergers.body(merger, school.name, agency=school, parent=new))
    Agency.objects.filter(pk__in=[old.pk for old in olds]).update(dissolved_on=merger.effective_on)
    return merger, [*olds, school], new


def test_the_rows_are_turned_round_as_a_proposal() -> None:
    officer = builders.user(Role.OFFICE_OFFICER)
    merger, (first, second, school), new = in_force(officer)

    made = repeal.repeal(merger, DECISION, actor=officer, now=NOW)

    rows = [(row.old, row.new.name if row.new else "", row.extent) for row in made.shares.all()]
    assert rows == [
        (new, first.name, "partly"),
        (new, second.name, "partly"),
        (school, school.name, "whole"),
    ]
    again = made.bodies.get(name=first.name)
    assert again.agency is None
    assert made.bodies.get(agency=school).parent_body == again
    assert (made.repeals, made.state) == (merger, MergerState.DRAFT)
    merger.refresh_from_db()
    assert merger.state == MergerState.IN_FORCE


def test_a_body_that_kept_its_name_goes_on_and_gives_the_others_back() -> None:
    officer = builders.user(Role.OFFICE_OFFICER)
    merger = mergers.merger(officer, state=MergerState.COMPLETED)
    kept, ended = (builders.agency(office=officer.agency) for _ in range(2))
    body = mergers.body(merger, kept.name, agency=kept)
    mergers.share(merger, kept, body)
    mergers.share(merger, ended, body)
    Agency.objects.filter(pk=ended.pk).update(dissolved_on=merger.effective_on)

    made = repeal.repeal(merger, DECISION, actor=officer, now=NOW)

    assert [(row.old, row.new.agency if row.new else None) for row in made.shares.all()] == [
        (kept, kept),
        (kept, None),
    ]


def test_an_office_that_ended_with_its_body_gives_nothing_back() -> None:
    officer = builders.user(Role.OFFICE_OFFICER)
    merger, (first, *_others), new = in_force(officer)
    unit = builders.agency("VĂN PHÒNG", office=officer.agency, parent=first, has_seal=False)
    row = mergers.share(merger, unit, mergers.body(merger, unit.name, agency=unit))
    MergerShare.objects.filter(pk=row.pk).update(is_implied=True)
    Agency.objects.filter(pk=unit.pk).update(dissolved_on=merger.effective_on)

    made = repeal.repeal(merger, DECISION, actor=officer, now=NOW)

    assert not made.shares.filter(old__dissolved_on__isnull=False).exists()
    assert made.shares.filter(old=new).count() == 2
    assert not made.bodies.filter(name=unit.name).exists()


def test_what_is_not_in_force_or_repealed_already_is_not_repealed() -> None:
    officer = builders.user(Role.OFFICE_OFFICER)
    merger, _olds, _new = in_force(officer)
    repeal.repeal(merger, DECISION, actor=officer, now=NOW)
    draft = mergers.merger(officer)

    for one in (merger, draft):
        with pytest.raises(Refused) as refusal:
            repeal.repeal(one, replace(DECISION, title="Lần hai"), actor=officer, now=NOW)
        assert [violation.code for violation in refusal.value.violations] == ["not_repealable"]


def test_a_withdrawn_repeal_leaves_the_way_open() -> None:
    officer = builders.user(Role.OFFICE_OFFICER)
    merger, _olds, _new = in_force(officer)
    first = repeal.repeal(merger, DECISION, actor=officer, now=NOW)
    Merger.objects.filter(pk=first.pk).update(state=MergerState.WITHDRAWN)

    assert repeal.may_be_repealed(merger)


def test_the_page_lists_what_can_be_restored_and_what_cannot() -> None:
    officer = builders.user(Role.OFFICE_OFFICER)
    merger, _olds, _new = in_force(officer)
    plan = Plan.objects.create(merger=merger, number=1, merger_version=1, asked_at=NOW)
    for number, action in enumerate(("revoke", "revoke", "change"), start=1):
        certificate = builders.certificate()
        PlanLine.objects.create(
            plan=plan,
            about="certificate",
            target_id=certificate.pk,
            target_uuid=certificate.uuid,
            title=str(number),
            search_title=str(number),
            action=action,
            reason="merged",
            stage=5,
            state="done",
        )
    Merger.objects.filter(pk=merger.pk).update(approved_plan=plan)
    client = Client()
    client.force_login(officer)

    url = reverse("orgmerge:repeal", args=[merger.uuid])
    found = client.get(url).context["found"]
    typed = {
        "title": DECISION.title,
        "kind": "mixed",
        "decision": DECISION.decision,
        "decided_on": "04/01/2027",
        "effective_on": "01/02/2027",
    }
    bad = client.post(url, typed | {"effective_on": "01/01/2027"})
    good = client.post(url, typed)

    assert found == repeal.Restorable(bodies_living=1, bodies_ended=2, changed=1, revoked=2)
    assert 'data-code="effective_before_decided"' in bad.content.decode()
    assert good.headers["Location"] == reverse(
        "orgmerge:detail", args=[Merger.objects.get(repeals=merger).uuid]
    )
