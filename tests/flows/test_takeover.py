"""One account, whatever its role, causes no certificate: the attack of an administrator, played
through the pages."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from portal.accounts import services as accounts
from portal.accounts.models import AccountChange, RoleGrant, User
from portal.audit.models import AuditEntry
from portal.ca.models import Certificate
from portal.core.roles import Role
from portal.notices import delivery
from requests_app.execution import services as execution
from requests_app.models import Dossier
from requests_app.workflow import PETITIONS, STEPS, Action, State
from tests import builders, story
from tests.accounts.cast import LINK, account, links_to

HIS = "ke.tan.cong@laichau.gov.vn"  # the attacker's own mailbox
CHOSEN = "con đường làng em dài lắm"


def _people(people: story.Cast) -> dict[Role, User]:
    found = {
        Role.CLERK: people.clerk,
        Role.HEAD: people.head,
        Role.OFFICE_OFFICER: people.officer,
        Role.OFFICE_HEAD: people.office_head,
        Role.CA_OPERATOR: people.operator,
        Role.CA_SUPERVISOR: people.supervisor,
        Role.AUDITOR: account(Role.AUDITOR),
        Role.ADMINISTRATOR: account(Role.ADMINISTRATOR),
    }
    for user in found.values():
        if user.person is None:
            user.person = builders.person(f"Chủ Nhân {user.pk}", at=user.agency)
            user.save()
    return found


def _sweep() -> None:
    accounts.send_links(now=timezone.now())
    delivery.send_waiting(now=timezone.now())
    execution.execute_accepted(now=timezone.now())


def _everything_seen(attacker: Client, users: Sequence[User]) -> str:
    """Every page an administrator has about accounts, mails and acts."""
    changes = AccountChange.objects.values_list("uuid", flat=True)
    paths = [
        reverse("home"),
        reverse("accounts:users"),
        reverse("accounts:grants"),
        reverse("notices:list"),
        reverse("notices:dead_mails"),
        reverse("notices:outbox"),
        reverse("audit:list"),
        *(reverse("accounts:detail", args=[user.uuid]) for user in users),
    ]
    seen = "".join(attacker.get(path).content.decode() for path in paths)
    for uuid in changes:  # his own, none of which he confirms
        seen += attacker.post(reverse("accounts:confirm_change", args=[uuid])).content.decode()
    return seen


def _attack(attacker: Client, user: User) -> None:
    """All that one administrator can do to become another's account."""
    about = [user.uuid]
    attacker.post(reverse("accounts:propose_address", args=about), {"email": HIS})
    attacker.post(reverse("accounts:propose_reset", args=about))
    attacker.post(reverse("accounts:propose_reset", args=about), {"by": "code"})
    role = {"role": user.role, "agency": user.agency.name}
    attacker.post(reverse("accounts:deactivate", args=about))
    attacker.post(reverse("accounts:propose_role", args=about), role)
    assert user.person is not None
    attacker.post(
        reverse("accounts:create"),
        role
        | {
            "username": f"the.than.{user.pk}",
            "full_name": user.person.name,
            "identity_number": user.person.identity_number,
            "birth_on": "01/01/1990",
            "email": HIS,
        },
    )
    for grant in RoleGrant.objects.open():
        attacker.post(reverse("accounts:confirm_role", args=[grant.uuid]))


@pytest.mark.usefixtures("ca")
def test_one_administrator_becomes_nobody_and_no_certificate_is_issued(
    settings: Settings, tmp_path: Path
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = str(tmp_path)
    people = story.cast()
    waiting = {
        State.SUBMITTED: _sent(people, 1),
        State.FORWARDED: story.step(_sent(people, 2), Action.FORWARD, people.officer),
        State.DECIDED: story.decide(_sent(people, 3), people),
    }
    users = _people(people)
    attacker = Client()
    attacker.force_login(account(Role.ADMINISTRATOR))
    resets = list(users.values())
    for user in resets:  # first each by a mere reset, while it is still as it was
        attacker.post(reverse("accounts:propose_reset", args=[user.uuid]))
    _sweep()

    for user in resets:
        _attack(attacker, user)
    _sweep()
    seen = _everything_seen(attacker, list(User.objects.all()))

    assert not LINK.search(seen)
    for user in User.objects.exclude(pk__in=[one.pk for one in resets]):
        assert user.role in {"", Role.ADMINISTRATOR}, "no account of his own making has a role"
    for user in resets:
        before = user.password
        user.refresh_from_db()
        assert user.password == before
        assert user.email != HIS
    assert not AuditEntry.objects.filter(
        action__in=["user.use_reset", "user.confirm_role"]
    ).exists()
    for state, dossier in waiting.items():
        dossier.refresh_from_db()
        assert dossier.state == state
    assert not Certificate.objects.exists()
    written = "".join(file.read_text() for file in tmp_path.glob("*.log"))
    assert len(LINK.findall(written)) == 1, "the clerk's own, to the clerk's own mailbox"
    (its_mail,) = (part for part in written.split("-" * 79) if LINK.search(part))
    assert f"To: {people.clerk.email}" in its_mail


def _sent(people: story.Cast, number: int) -> Dossier:
    answers = [builders.person_answers(number)]
    return story.send_in_ink(story.draft_of(people, "mau_01_person", answers), people)


@pytest.mark.usefixtures("ca")
@pytest.mark.django_db
def test_an_address_turned_to_the_attacker_with_a_careless_second_buys_nothing_for_a_day() -> None:
    """The second administrator is deceived; the owner and the head hear of it before it counts."""
    people = story.cast()
    dossier = story.decided(people)
    users = _people(people)
    victim, old = users[Role.CA_SUPERVISOR], users[Role.CA_SUPERVISOR].email
    attacker, careless = Client(), Client()
    attacker.force_login(account(Role.ADMINISTRATOR))
    careless.force_login(account(Role.ADMINISTRATOR))

    attacker.post(reverse("accounts:propose_address", args=[victim.uuid]), {"email": HIS})
    _confirm(careless)
    attacker.post(reverse("accounts:propose_reset", args=[victim.uuid]))
    _confirm(careless)
    _sweep()
    thief = Client()
    thief.get(links_to(HIS)[-1])
    chosen = {"new_password": CHOSEN, "repeated": CHOSEN}
    thief.post(reverse("accounts:choose_password"), chosen)
    login = {"username": victim.username, "password": CHOSEN}
    assert thief.post(reverse("accounts:login"), login).status_code == 302

    def confirm() -> str:
        dossier.refresh_from_db()
        sent = {"action": Action.CONFIRM, "version": dossier.version}
        thief.post(reverse("requests_app:take_step", args=[dossier.uuid]), sent)
        dossier.refresh_from_db()
        return dossier.state

    assert confirm() == State.DECIDED
    _sweep()
    assert not Certificate.objects.exists()
    told = [str(one.subject) for one in mail.outbox if one.to == [old]]
    assert len([subject for subject in told if "đổi" in subject]) == 2, told
    with time_machine.travel(timezone.now() + timedelta(hours=23, minutes=59), tick=False):
        thief.post(reverse("accounts:login"), login)
        assert confirm() == State.DECIDED
    with time_machine.travel(timezone.now() + timedelta(hours=24, minutes=1), tick=False):
        thief.post(reverse("accounts:login"), login)
        assert confirm() == State.ACCEPTED, "what holds is the day, and nothing else held it"


def _confirm(administrator: Client) -> None:
    change = AccountChange.objects.open().get()
    administrator.post(reverse("accounts:confirm_change", args=[change.uuid]))


@pytest.mark.parametrize("role", list(Role))
def test_no_role_alone_leads_a_petition_from_draft_to_accepted(role: Role) -> None:
    for route in PETITIONS:
        reached = {State.DRAFT}
        while True:
            more = {
                step.target
                for step in STEPS
                if step.role == role and route in step.routes and step.sources & reached
            }
            if more <= reached:
                break
            reached |= more
        assert State.ACCEPTED not in reached


def test_no_two_roles_lead_a_petition_to_the_ca_from_draft_to_accepted() -> None:
    pairs = itertools.combinations([role for role in Role if role != Role.ADMINISTRATOR], 2)
    for (one, other), route in itertools.product(pairs, PETITIONS - {"office_only"}):
        reached = {State.DRAFT}
        while True:
            more = {
                step.target
                for step in STEPS
                if step.role in {one, other} and route in step.routes and step.sources & reached
            }
            if more <= reached:
                break
            reached |= more
        assert State.ACCEPTED not in reached, (one, other, route)
