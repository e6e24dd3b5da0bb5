"""What the CA has handed over the office carries out itself; the CA follows it and does nothing."""

from __future__ import annotations

import itertools

import pytest
from django.test import Client
from django.urls import reverse

from portal.accounts.models import User
from portal.ca.models import Certificate
from portal.core.roles import CA_ROLES, Role
from portal.core.rules import Refused
from portal.core.steps import IllegalStep
from portal.deadlines.models import Deadline, DeadlineKind
from requests_app.errors import Barred
from requests_app.execution import services as execution
from requests_app.models import Dossier, Procedure, RoutingRule
from requests_app.models.querysets import is_at_ca
from requests_app.steps.engine import allowed_steps
from requests_app.workflow import Action, Route, State, steps_open_to
from tests import builders, story
from tests.story import Cast

pytestmark = pytest.mark.django_db

SEEN = {
    State.DECIDED,
    State.ACCEPTED,
    State.EXECUTING,
    State.COMPLETED,
    State.PARTLY_COMPLETED,
    State.EXECUTION_FAILED,
    State.REJECTED,
}


def _renewal(people: Cast) -> Dossier:
    """A renewal that has reached the office."""
    certificate = story.give_certificate(builders.person(at=people.agency), days_left=100)
    row = {
        "certificate_name": certificate.common_name,
        "certificate_serial": certificate.serial,
        "email": "thu@laichau.gov.vn",
        "renews": "x",
    }
    return story.send_in_ink(story.draft_of(people, "mau_04_renew_change", [row]), people)


def _sees(user: User, dossier: Dossier) -> bool:
    return Dossier.objects.visible_to(user).filter(pk=dossier.pk).exists()


@pytest.mark.parametrize("state", State)
def test_the_ca_sees_what_an_office_decided_and_not_before(state: State) -> None:
    assert bool(is_at_ca(state, Route.OFFICE_ONLY)) == (state in SEEN)


def test_no_step_of_it_is_the_cas() -> None:
    for role, state in itertools.product(CA_ROLES, State):
        assert steps_open_to(role, state=state, route=Route.OFFICE_ONLY) == [], (role, state)


@pytest.mark.usefixtures("ca")
def test_a_renewal_is_carried_out_by_the_office_with_four_eyes_and_the_ca_follows() -> None:
    people = story.cast(Route.OFFICE_ONLY, procedure=Procedure.RENEW_CHANGE)
    dossier = _renewal(people)
    assert dossier.addressee == people.officer.agency
    assert not _sees(people.operator, dossier)

    story.decide(dossier, people)
    assert _sees(people.operator, dossier)
    with pytest.raises(IllegalStep):
        story.step(dossier, Action.CONFIRM, people.supervisor)
    story.confirm(dossier, people)
    execution.execute_accepted(now=story.LATER)

    dossier.refresh_from_db()
    item = dossier.items.get()
    assert dossier.state == State.COMPLETED
    assert isinstance(item.result, Certificate)
    assert _sees(people.operator, dossier)
    assert _sees(people.supervisor, dossier)
    assert allowed_steps(dossier, people.operator) == []


@pytest.mark.usefixtures("ca")
def test_the_officer_who_decided_does_not_confirm_under_another_account() -> None:
    people = story.cast(Route.OFFICE_ONLY, procedure=Procedure.RENEW_CHANGE)
    people.officer.person = builders.person(at=people.officer.agency)
    people.officer.save()
    second_account = builders.user(
        Role.OFFICE_HEAD, agency=people.officer.agency, person=people.officer.person
    )
    dossier = story.decide(_renewal(people), people)

    with pytest.raises(Barred):
        story.step(dossier, Action.CONFIRM, second_account)


@pytest.mark.usefixtures("ca")
def test_the_rules_of_renewal_are_the_same_at_the_office() -> None:
    people = story.cast(Route.OFFICE_ONLY, procedure=Procedure.RENEW_CHANGE)
    certificate = story.give_certificate(
        builders.person(at=people.agency), days_left=100, renewals=1
    )
    row = {
        "certificate_name": certificate.common_name,
        "certificate_serial": certificate.serial,
        "email": "thu@laichau.gov.vn",
        "renews": "x",
    }
    dossier = story.draft_of(people, "mau_04_renew_change", [row])

    with pytest.raises(Refused):
        story.step(dossier, Action.REQUEST_SIGNATURE, people.clerk)


@pytest.mark.usefixtures("ca")
@pytest.mark.parametrize(("typed", "days"), [(None, 3), (1, 1), (30, 3)])
def test_the_offices_clock_may_be_shorter_than_the_law_never_longer(
    typed: int | None, days: int
) -> None:
    people = story.cast(Route.OFFICE_ONLY, procedure=Procedure.RENEW_CHANGE)
    RoutingRule.objects.update(working_days=typed)

    dossier = _renewal(people)

    clock = Deadline.objects.open().get(target_uuid=dossier.uuid)
    assert clock.kind == DeadlineKind.CA_RENEW_CHANGE
    assert clock.agency == people.officer.agency
    assert clock.working_days == days


def test_the_ca_lists_apart_what_offices_carry_out(client: Client) -> None:
    builders.dossier(route=Route.OFFICE_ONLY, state=State.ACCEPTED, letter_number="1/PHAN-CAP")
    builders.dossier(route=Route.DIRECT, state=State.ACCEPTED, letter_number="2/CUA-CUC")
    client.force_login(builders.user(Role.CA_OPERATOR))
    address = reverse("requests_app:list")

    delegated = client.get(address, {"delegated": "yes"}).text
    own = client.get(address, {"delegated": "no"}).text

    assert "1/PHAN-CAP" in delegated
    assert "Sở giải quyết theo phân cấp" in delegated
    assert "2/CUA-CUC" not in delegated
    assert "2/CUA-CUC" in own
    assert "1/PHAN-CAP" not in own


def test_the_ca_reads_a_delegated_dossier_and_finds_no_button(client: Client) -> None:
    dossier = builders.dossier(route=Route.OFFICE_ONLY, state=State.EXECUTION_FAILED)
    client.force_login(builders.user(Role.CA_OPERATOR))

    page = client.get(reverse("requests_app:detail", args=[dossier.uuid]))
    tried = client.post(
        reverse("requests_app:take_step", args=[dossier.uuid]),
        {"action": "retry", "version": dossier.version},
    )

    assert page.status_code == 200
    assert 'name="action"' not in page.text
    assert tried.status_code == 409
    dossier.refresh_from_db()
    assert dossier.state == State.EXECUTION_FAILED
