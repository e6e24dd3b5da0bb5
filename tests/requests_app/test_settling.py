"""A letter says where it goes and in whose name as things stand on the day it is frozen."""

from __future__ import annotations

from datetime import date
from io import BytesIO

import pytest
from pypdf import PdfReader

from portal.agencies.models import AgencyKind, AgencyVersion
from portal.ca.models import Certificate
from portal.core.rules import Refused
from portal.core.text.names import in_proper_letters
from portal.deadlines.models import Deadline, DeadlineKind
from portal.documents import services as documents
from portal.documents.models import Document
from requests_app.execution import services as execution
from requests_app.models import RoutingRule, SigningMode
from requests_app.workflow import Action, Route, State
from tests import builders, story

pytestmark = pytest.mark.django_db


def _text(document: Document | None) -> str:
    assert document is not None
    pages = PdfReader(BytesIO(documents.read(document))).pages
    return " ".join("".join(page.extract_text() for page in pages).split())


@pytest.mark.paper
def test_the_first_frozen_letter_names_its_copies() -> None:
    people = story.cast()
    follower = builders.agency("PHÒNG VĂN HÓA XÃ HỘI")
    RoutingRule.objects.get().copies.set([follower])
    dossier = story.drafted(people)

    story.step(dossier, Action.REQUEST_SIGNATURE, people.clerk)

    assert [copy.agency for copy in dossier.copies.all()] == [follower]
    assert f"- {in_proper_letters(follower.name)} (để theo dõi);" in _text(dossier.letter)


@pytest.mark.paper
def test_the_letter_is_addressed_by_the_rule_of_its_rows() -> None:
    people = story.cast()
    special = builders.routing(storage="token", route=Route.DIRECT, valid_from=date(2025, 1, 1))
    special.addressee = builders.agency("TRUNG TÂM CHỨNG THỰC SỐ", kind=AgencyKind.AGENCY)
    special.save()
    dossier = story.drafted(people)
    assert dossier.addressee.kind == AgencyKind.CA

    story.step(dossier, Action.REQUEST_SIGNATURE, people.clerk)

    assert (dossier.route, dossier.addressee) == (Route.DIRECT, special.addressee)
    assert f"Kính gửi: {in_proper_letters(special.addressee.name)}" in _text(dossier.letter)


@pytest.mark.paper
def test_a_draft_from_before_a_new_name_goes_out_in_the_new_name() -> None:
    people = story.cast()
    dossier = story.drafted(people)
    new = "ỦY BAN NHÂN DÂN PHƯỜNG MỚI"
    for item in dossier.items.all():
        item.answers = item.answers | {"org2": new}
        item.save()
    version = people.agency.versions.get()
    AgencyVersion.objects.filter(pk=version.pk).update(valid_until=builders.TODAY)
    version.pk = None
    version.name, version.valid_from = new, builders.TODAY
    version.save()

    story.step(dossier, Action.REQUEST_SIGNATURE, people.clerk)

    assert dossier.agency_version.name == new
    assert "PHƯỜNG MỚI" in _text(dossier.letter)


def test_a_body_without_an_office_writes_to_the_ca_itself() -> None:
    people = story.cast(Route.VIA_OFFICE)
    people.agency.office = None
    people.agency.save()

    dossier = story.sent(people)

    assert (dossier.route, dossier.state) == (Route.DIRECT, State.SUBMITTED)
    assert dossier.signing_mode == SigningMode.INK
    assert dossier.queue == people.operator.role


def test_a_dossier_of_a_body_that_ceased_is_not_confirmed() -> None:
    people = story.cast()
    dossier = story.decided(people)
    people.agency.dissolved_on = builders.TODAY
    people.agency.save()

    with pytest.raises(Refused) as refusal:
        story.step(dossier, Action.CONFIRM, people.supervisor)

    assert [one.code for one in refusal.value.violations] == ["sender_dissolved"]


def test_nothing_is_issued_for_a_body_that_ceased_after_the_confirmation(ca: None) -> None:
    people = story.cast()
    dossier = story.confirmed(people)
    people.agency.dissolved_on = builders.TODAY
    people.agency.save()

    execution.execute_accepted(now=story.LATER)

    dossier.refresh_from_db()
    assert dossier.state == State.EXECUTION_FAILED
    assert "chấm dứt hoạt động" in dossier.items.get().outcome_reason
    assert not Certificate.objects.exists()


def test_a_rule_may_give_the_ca_less_time_than_the_law() -> None:
    people = story.cast(Route.DIRECT)
    RoutingRule.objects.update(working_days=1)

    dossier = story.sent(people)

    clock = Deadline.objects.get(kind=DeadlineKind.CA_ISSUE, target_uuid=dossier.uuid)
    assert clock.working_days == 1
    assert dossier.due_on == clock.due_on == date(2026, 11, 23)
