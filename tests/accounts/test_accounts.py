"""Making and closing accounts, and who sees them."""

from __future__ import annotations

from datetime import date

import pytest
from django.core import mail
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError
from django.test import Client
from django.urls import reverse
from knox.models import AuthToken
from pytest_django import DjangoAssertNumQueries

from portal.accounts import services, sign_in
from portal.accounts.models import RoleGrant, User
from portal.accounts.services import AccountFacts
from portal.agencies.models import Agency, Subscriber
from portal.audit.models import AuditEntry
from portal.core.roles import Role
from portal.core.rules import Refused
from tests import builders
from tests.builders import NOW, PASSWORD

pytestmark = pytest.mark.django_db
NUMBER = "012090000123"


def _facts(agency: Agency, **changes: str) -> AccountFacts:
    values = {
        "username": "vanthu.thu",
        "full_name": "Lò Thị Thử",
        "identity_number": NUMBER,
        "email": "vanthu@laichau.gov.vn",
    }
    return AccountFacts(agency=agency, birth_on=date(1990, 1, 1), **(values | changes))


def _administrator() -> User:
    user = builders.user(Role.ADMINISTRATOR)
    user.person = builders.person(f"Quản trị {user.pk}", at=user.agency)
    user.save()
    return user


def test_a_new_account_has_no_password_and_no_link_until_a_second_person_confirmed_it() -> None:
    agency, one, other = builders.agency(), _administrator(), _administrator()

    grant = services.create_account(_facts(agency), role=Role.CLERK, actor=one, now=NOW)

    assert (grant.user.role, grant.user.is_active) == ("", False)
    assert not grant.user.has_usable_password()
    assert services.send_links(now=NOW) == 0
    services.confirm_role(grant, actor=other, now=NOW)
    assert services.send_links(now=NOW) == 1
    assert mail.outbox[0].to == ["vanthu@laichau.gov.vn"]
    user = User.objects.get(username="vanthu.thu")
    assert (user.role, user.agency, user.has_usable_password()) == (Role.CLERK, agency, False)


def test_who_has_a_password_gets_no_link_with_another_role() -> None:
    one, other = _administrator(), _administrator()
    clerk = builders.user(Role.CLERK, person=builders.person(at=builders.agency()))
    grant = services.propose_role(clerk, role=Role.HEAD, agency=clerk.agency, actor=one, now=NOW)

    services.confirm_role(grant, actor=other, now=NOW)

    assert services.send_links(now=NOW) == 0


def test_the_person_behind_a_second_account_is_found_and_left_where_they_work() -> None:
    home, away = builders.agency(), builders.agency()
    person = builders.person("Lò Thị Thử", at=home, number=NUMBER)

    grant = services.create_account(
        _facts(away), role=Role.AUDITOR, actor=_administrator(), now=NOW
    )

    assert grant.user.person == person
    person.refresh_from_db()
    assert person.agency == home


def test_a_number_of_somebody_elses_name_is_refused_and_nothing_is_kept() -> None:
    agency = builders.agency()
    builders.person("Vàng A Khác", at=agency, number=NUMBER)

    with pytest.raises(Refused) as refusal:
        services.create_account(_facts(agency), role=Role.CLERK, actor=_administrator(), now=NOW)

    assert refusal.value.violations[0].code == "person_differs"
    assert not User.objects.filter(username="vanthu.thu").exists()


def test_account_names_differ_by_more_than_capitals() -> None:
    agency, administrator = builders.agency(), _administrator()
    services.create_account(_facts(agency), role=Role.CLERK, actor=administrator, now=NOW)

    with pytest.raises(Refused) as refusal:
        services.create_account(
            _facts(agency, username="VanThu.Thu", identity_number="012090000124"),
            role=Role.CLERK,
            actor=administrator,
            now=NOW,
        )

    assert refusal.value.violations[0].code == "username_taken"
    assert Subscriber.objects.people().filter(name="Lò Thị Thử").count() == 1


def test_making_an_account_is_audited_without_numbers() -> None:
    services.create_account(
        _facts(builders.agency()), role=Role.CLERK, actor=_administrator(), now=NOW
    )

    written = str(list(AuditEntry.objects.values()))

    assert "user.create" in written
    assert NUMBER not in written


def test_only_an_administrator_makes_and_closes_accounts() -> None:
    head = builders.user(Role.HEAD)
    clerk = builders.user(Role.CLERK, agency=head.agency)

    with pytest.raises(PermissionDenied):
        services.create_account(_facts(head.agency), role=Role.CLERK, actor=head, now=NOW)
    with pytest.raises(PermissionDenied):
        services.deactivate(clerk, actor=head, now=NOW)


def test_a_closed_account_opens_again_only_by_two_people() -> None:
    one, other = _administrator(), _administrator()
    clerk = builders.user(Role.CLERK, person=builders.person(at=builders.agency()))
    AuthToken.objects.create(user=clerk)
    waiting = services.propose_role(clerk, role=Role.HEAD, agency=clerk.agency, actor=one, now=NOW)

    services.deactivate(clerk, actor=one, now=NOW)

    waiting.refresh_from_db()
    clerk.refresh_from_db()
    assert (clerk.is_active, waiting.is_granted) == (False, False)
    assert not AuthToken.objects.exists()
    with pytest.raises(sign_in.WrongPassword):
        sign_in.check(clerk.username, PASSWORD, place=sign_in.Place("192.0.2.1"), now=NOW)
    grant = services.propose_role(clerk, role=Role.CLERK, agency=clerk.agency, actor=one, now=NOW)
    services.confirm_role(grant, actor=other, now=NOW)
    assert (
        sign_in.check(clerk.username, PASSWORD, place=sign_in.Place("192.0.2.1"), now=NOW) == clerk
    )


def test_an_active_account_without_a_role_can_not_exist() -> None:
    with pytest.raises(IntegrityError):
        User.objects.create(username="x", full_name="X", agency=builders.agency(), role="")


def test_who_sees_which_accounts() -> None:
    head = builders.user(Role.HEAD)
    clerk = builders.user(Role.CLERK, agency=head.agency)
    stranger = builders.user(Role.CLERK)
    administrator = builders.user(Role.ADMINISTRATOR)

    def seen(user: User) -> set[User]:
        return set(User.objects.visible_to(user))

    assert seen(administrator) == {head, clerk, stranger, administrator}
    assert seen(head) == {head, clerk}
    assert seen(clerk) == {clerk}


def test_a_head_reads_the_accounts_of_the_body_and_changes_nothing(client: Client) -> None:
    head = builders.user(Role.HEAD)
    clerk = builders.user(Role.CLERK, agency=head.agency)
    stranger = builders.user(Role.CLERK)
    client.force_login(head)

    page = client.get(reverse("accounts:users")).content.decode()
    detail = client.get(reverse("accounts:detail", args=[clerk.uuid])).content.decode()

    assert clerk.full_name in page
    assert stranger.username not in page
    assert (
        'method="post" action="/tai-khoan/'
        not in detail.partition("<main")[2].partition("</main>")[0]
    )
    assert client.get(reverse("accounts:create")).status_code == 403
    for name in ("deactivate", "propose_reset", "propose_address", "propose_role"):
        assert client.post(reverse(f"accounts:{name}", args=[clerk.uuid])).status_code == 403
        assert client.post(reverse(f"accounts:{name}", args=[stranger.uuid])).status_code == 404


def test_the_administrator_makes_an_account_in_the_browser(client: Client) -> None:
    agency = builders.agency("ỦY BAN NHÂN DÂN XÃ TÂN UYÊN")
    client.force_login(_administrator())
    data = {
        "username": "vanthu.tanuyen",
        "full_name": "Lò Thị Thử",
        "identity_number": "012190000123",
        "birth_on": "05/06/1990",
        "email": "vanthu@laichau.gov.vn",
        "agency": "uy ban nhan dan xa tan uyen",
        "role": Role.CLERK,
    }

    wrong = client.post(reverse("accounts:create"), data | {"identity_number": "12"})
    right = client.post(reverse("accounts:create"), data)

    assert "field-invalid" in wrong.content.decode()
    made = RoleGrant.objects.get().user
    assert made.agency == agency
    assert made.person is not None
    assert made.person.birth_on == date(1990, 6, 5)
    assert right["Location"] == reverse("accounts:detail", args=[made.uuid])
    assert not made.has_usable_password()


def test_a_name_that_fits_several_bodies_is_asked_about(client: Client) -> None:
    builders.agency("XÃ MƯỜNG A")
    builders.agency("XÃ MƯỜNG B")
    clerk = builders.user(Role.CLERK)
    client.force_login(_administrator())

    answer = client.post(
        reverse("accounts:propose_role", args=[clerk.uuid]),
        {"role": Role.HEAD, "agency": "muong"},
    )

    text = answer.content.decode()
    assert "XÃ MƯỜNG A (Lai Châu); XÃ MƯỜNG B (Lai Châu)" in text


def test_the_list_is_filtered_and_pages_cost_the_same(
    client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client.force_login(_administrator())
    for _number in range(30):
        builders.user(Role.CLERK)
    wanted = builders.user(Role.HEAD, name="Giàng Thị Tìm")

    found = client.get(reverse("accounts:users"), {"q": "giàng", "role": Role.HEAD})
    with django_assert_max_num_queries(9):
        client.get(reverse("accounts:users"), {"page": 2})

    assert [user.pk for user in found.context["page"]] == [wanted.pk]
