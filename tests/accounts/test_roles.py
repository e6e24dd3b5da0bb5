"""Giving roles takes two people, counted by person and not by account."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection
from django.test import Client
from django.urls import reverse

from portal.accounts import services
from portal.accounts.models import RoleGrant, User
from portal.agencies.models import Agency
from portal.audit.models import AuditEntry
from portal.core.roles import Role
from portal.core.rules import Refused
from tests import builders
from tests.builders import NOW

pytestmark = pytest.mark.django_db


def _account(role: Role, *, agency: Agency | None = None) -> User:
    """An account of a person of its own."""
    user = builders.user(role, agency=agency)
    user.person = builders.person(f"Người {user.pk}", at=user.agency)
    user.save()
    return user


def _propose(user: User, role: Role, *, by: User, agency: Agency | None = None) -> RoleGrant:
    return services.propose_role(user, role=role, agency=agency or user.agency, actor=by, now=NOW)


def _codes(refusal: pytest.ExceptionInfo[Refused]) -> list[str]:
    return [violation.code for violation in refusal.value.violations]


def test_a_proposal_changes_nothing() -> None:
    clerk, administrator = _account(Role.CLERK), _account(Role.ADMINISTRATOR)

    _propose(clerk, Role.HEAD, by=administrator)

    clerk.refresh_from_db()
    assert clerk.role == Role.CLERK


def test_a_second_administrator_gives_the_role_at_the_body() -> None:
    clerk, one, other = _account(Role.CLERK), *(_account(Role.ADMINISTRATOR) for _ in "ab")
    elsewhere = builders.agency()
    grant = _propose(clerk, Role.HEAD, by=one, agency=elsewhere)

    services.confirm_role(grant, actor=other, now=NOW)

    clerk.refresh_from_db()
    grant.refresh_from_db()
    assert (clerk.role, clerk.agency) == (Role.HEAD, elsewhere)
    assert (grant.is_granted, grant.decided_by) == (True, other)
    assert [entry.action for entry in AuditEntry.objects.all()] == [
        "user.propose_role",
        "user.confirm_role",
    ]


def test_who_proposed_does_not_confirm() -> None:
    clerk, administrator = _account(Role.CLERK), _account(Role.ADMINISTRATOR)
    grant = _propose(clerk, Role.HEAD, by=administrator)

    with pytest.raises(Refused) as refusal:
        services.confirm_role(grant, actor=administrator, now=NOW)

    assert _codes(refusal) == ["not_a_second_person"]
    clerk.refresh_from_db()
    assert clerk.role == Role.CLERK


def test_a_person_in_two_accounts_is_one_person() -> None:
    clerk, administrator = _account(Role.CLERK), _account(Role.ADMINISTRATOR)
    second_account = builders.user(Role.ADMINISTRATOR, person=administrator.person)
    grant = _propose(clerk, Role.HEAD, by=administrator)

    for service in (services.confirm_role, services.decline_role):
        with pytest.raises(Refused) as refusal:
            service(grant, actor=second_account, now=NOW)
        assert _codes(refusal) == ["not_a_second_person"]


def test_nobody_confirms_a_role_of_their_own() -> None:
    one, other = _account(Role.ADMINISTRATOR), _account(Role.ADMINISTRATOR)
    others_clerk_account = builders.user(Role.CLERK, person=other.person)
    grant = _propose(others_clerk_account, Role.HEAD, by=one)

    with pytest.raises(Refused) as refusal:
        services.confirm_role(grant, actor=other, now=NOW)

    assert _codes(refusal) == ["own_role"]


def test_an_account_of_nobody_takes_no_part() -> None:
    clerk = _account(Role.CLERK)
    nobody = builders.user(Role.ADMINISTRATOR)
    grant = _propose(clerk, Role.HEAD, by=_account(Role.ADMINISTRATOR))

    with pytest.raises(Refused) as proposing:
        _propose(_account(Role.CLERK), Role.HEAD, by=nobody)
    with pytest.raises(Refused) as confirming:
        services.confirm_role(grant, actor=nobody, now=NOW)

    assert _codes(proposing) == _codes(confirming) == ["account_without_person"]


@pytest.mark.parametrize("role", [role for role in Role if role != Role.ADMINISTRATOR])
def test_only_administrators_take_part(role: Role) -> None:
    administrator, somebody = _account(Role.ADMINISTRATOR), _account(role)
    clerk = _account(Role.CLERK, agency=somebody.agency)
    grant = _propose(clerk, Role.AUDITOR, by=administrator)

    with pytest.raises(PermissionDenied):
        _propose(_account(Role.CLERK), Role.HEAD, by=somebody)
    for service in (services.confirm_role, services.decline_role, services.withdraw_role):
        with pytest.raises(PermissionDenied):
            service(grant, actor=somebody, now=NOW)


@pytest.mark.parametrize(
    ("role", "code"),
    [
        (Role.OFFICE_HEAD, "role_of_an_office"),
        (Role.CA_OPERATOR, "role_of_the_ca"),
        (Role.CA_SUPERVISOR, "role_of_the_ca"),
    ],
)
def test_a_commune_has_no_officers_of_the_office_or_the_ca(role: Role, code: str) -> None:
    with pytest.raises(Refused) as refusal:
        _propose(_account(Role.CLERK), role, by=_account(Role.ADMINISTRATOR))

    assert _codes(refusal) == [code]


def test_one_proposal_at_a_time() -> None:
    clerk, one, other = _account(Role.CLERK), *(_account(Role.ADMINISTRATOR) for _ in "ab")
    _propose(clerk, Role.HEAD, by=one)

    with pytest.raises(Refused) as refusal:
        _propose(clerk, Role.AUDITOR, by=other)

    assert _codes(refusal) == ["grant_is_open"]


def test_declined_and_withdrawn_proposals_change_nothing_and_make_room() -> None:
    clerk, one, other = _account(Role.CLERK), *(_account(Role.ADMINISTRATOR) for _ in "ab")

    services.decline_role(_propose(clerk, Role.HEAD, by=one), actor=other, now=NOW)
    services.withdraw_role(_propose(clerk, Role.HEAD, by=one), actor=one, now=NOW)
    grant = _propose(clerk, Role.HEAD, by=one)
    with pytest.raises(PermissionDenied):
        services.withdraw_role(grant, actor=other, now=NOW)

    clerk.refresh_from_db()
    assert clerk.role == Role.CLERK
    assert RoleGrant.objects.filter(is_granted=False).count() == 2


def test_a_decided_proposal_is_not_decided_again() -> None:
    clerk, one, other = _account(Role.CLERK), *(_account(Role.ADMINISTRATOR) for _ in "ab")
    grant = _propose(clerk, Role.HEAD, by=one)
    services.decline_role(grant, actor=other, now=NOW)

    with pytest.raises(Refused) as refusal:
        services.confirm_role(grant, actor=other, now=NOW)

    assert _codes(refusal) == ["already_decided"]


def test_the_database_knows_the_second_person_too() -> None:
    clerk, administrator = _account(Role.CLERK), _account(Role.ADMINISTRATOR)
    grant = _propose(clerk, Role.HEAD, by=administrator)

    grant.decided_by, grant.decided_at, grant.is_granted = administrator, NOW, True
    with pytest.raises(IntegrityError):
        grant.save()


def test_two_administrators_always_remain() -> None:
    one, other = _account(Role.ADMINISTRATOR), _account(Role.ADMINISTRATOR)
    grant = _propose(one, Role.AUDITOR, by=one)

    with pytest.raises(Refused) as demoting:
        services.confirm_role(grant, actor=other, now=NOW)
    with pytest.raises(Refused) as closing:
        services.deactivate(one, actor=other, now=NOW)
    _account(Role.ADMINISTRATOR)
    with pytest.raises(Refused) as two_left_but_not_with_this_one:
        services.deactivate(other, actor=other, now=NOW)

    assert _codes(demoting) == _codes(closing) == ["too_few_administrators"]
    assert _codes(two_left_but_not_with_this_one) == ["own_account"]
    services.deactivate(one, actor=other, now=NOW)


@pytest.mark.django_db(transaction=True)
def test_two_who_decide_at_once_get_one_outcome() -> None:
    clerk, one = _account(Role.CLERK), _account(Role.ADMINISTRATOR)
    deciders = [_account(Role.ADMINISTRATOR), _account(Role.ADMINISTRATOR)]
    grant = _propose(clerk, Role.HEAD, by=one)
    ready = Barrier(2)

    def decide(number: int) -> str:
        service = (services.confirm_role, services.decline_role)[number]
        ready.wait()
        try:
            service(grant, actor=deciders[number], now=NOW)
        except Refused as refusal:
            return refusal.violations[0].code
        finally:
            connection.close()
        return "done"

    with ThreadPoolExecutor(2) as pool:
        outcomes = sorted(pool.map(decide, range(2)))

    assert outcomes == ["already_decided", "done"]


def test_the_story_in_the_browser(client: Client) -> None:
    one, other = _account(Role.ADMINISTRATOR), _account(Role.ADMINISTRATOR)
    clerk = _account(Role.CLERK)
    client.force_login(one)
    client.post(
        reverse("accounts:propose_role", args=[clerk.uuid]),
        {"role": Role.HEAD, "agency": clerk.agency.name.lower()},
    )
    grant = RoleGrant.objects.get()

    own = client.post(reverse("accounts:confirm_role", args=[grant.uuid]), follow=True)
    page = client.get(reverse("accounts:grants")).content.decode()
    client.force_login(other)
    client.post(reverse("accounts:confirm_role", args=[grant.uuid]))

    assert "không được tự xác nhận" in own.content.decode()
    assert reverse("accounts:withdraw_role", args=[grant.uuid]) in page
    assert reverse("accounts:confirm_role", args=[grant.uuid]) not in page
    clerk.refresh_from_db()
    assert clerk.role == Role.HEAD
