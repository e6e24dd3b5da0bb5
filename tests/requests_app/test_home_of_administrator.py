"""What waits for an administrator stands on the home page, each count with its list."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from portal.accounts.models import RoleGrant, User
from portal.core.calendar.workdays import WorkCalendar, unannounced_years
from portal.core.roles import Role
from requests_app.models import Procedure, RoutingRule
from tests import builders
from tests.builders import NOW, TODAY

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(NOW):
        yield


@pytest.fixture
def administrator(client: Client) -> User:
    user = builders.user(Role.ADMINISTRATOR, person=builders.person(at=builders.agency()))
    client.force_login(user)
    return user


def closed_by_a_reorganisation() -> User:
    user = builders.user(Role.CLERK)
    User.objects.filter(pk=user.pk).update(role="", is_active=False)
    user.refresh_from_db()
    return user


def proposed(user: User, by: User, **decided: object) -> RoleGrant:
    return RoleGrant.objects.create(
        user=user, role=Role.CLERK, agency=user.agency, proposed_by=by, proposed_at=NOW, **decided
    )


@pytest.mark.both
def test_accounts_locked_by_a_reorganisation_are_counted_and_listed(
    client: Client, administrator: User
) -> None:
    waiting, asked, declined = (closed_by_a_reorganisation() for _one in range(3))
    other = builders.user(Role.ADMINISTRATOR)
    proposed(asked, other)
    proposed(declined, other, decided_at=NOW, decided_by=administrator, is_granted=False)
    proposed(waiting, other, decided_at=NOW, is_granted=False)  # fell with the old body

    home = client.get("/")
    address = f"{reverse('accounts:users')}?active=without_role"
    listed = client.get(address)

    assert home.context["without_role"] == 1
    assert address in home.text
    assert [one.pk for one in listed.context["page"]] == [waiting.pk]


@pytest.mark.both
def test_routes_that_end_without_a_next_one_are_counted_and_listed(
    client: Client, administrator: User
) -> None:
    soon, late = TODAY + timedelta(days=20), TODAY + timedelta(days=200)
    office = builders.office()
    ending = builders.routing(valid_until=soon)
    followed = builders.routing(Procedure.REVOKE, valid_until=soon, office=office)
    builders.routing(Procedure.REVOKE, valid_from=soon, office=office)
    builders.routing(Procedure.RECOVER, valid_until=late)
    builders.routing(valid_from=soon, office=office)  # of one office: no rule for the others

    home = client.get("/")
    address = f"{reverse('requests_app:routing')}?het-han=1"
    listed = client.get(address)

    assert home.context["ending_routes"] == 1
    assert address in home.text
    assert [one.pk for one in listed.context["page"]] == [ending.pk]
    assert followed not in RoutingRule.objects.ending_without_next(TODAY)


def test_the_calendar_of_a_year_that_is_not_announced_is_asked_for() -> None:
    calendar = WorkCalendar([], [], announced={2026})

    assert unannounced_years(date(2026, 9, 30), calendar) == []
    assert unannounced_years(date(2026, 10, 1), calendar) == [2027]
    assert unannounced_years(date(2027, 1, 1), calendar) == [2027]


def test_a_new_body_offers_an_account_and_a_part_of_a_name_is_not_taken(
    client: Client, administrator: User
) -> None:
    first = builders.agency("ỦY BAN NHÂN DÂN XÃ TÂN UYÊN")
    second = builders.agency("ỦY BAN NHÂN DÂN XÃ TÂN UYÊN MỘT")
    link = f"{reverse('accounts:create')}?don-vi={first.uuid}"
    typed = {
        "full_name": "Lò Thị Mới",
        "identity_number": "012190009999",
        "birth_on": "01/01/1990",
        "email": "moi@laichau.gov.vn",
        "role": Role.CLERK,
        "username": "moi.tanuyen",
    }

    body = client.get(reverse("agencies:detail", args=[first.uuid])).text
    page = client.get(link).text
    part = client.post(link, typed | {"agency": "tan uyen mot"})
    offered = client.get(reverse("agencies:suggest"), {"agency": "tan uyen mot"}).text
    whole = client.post(link, typed | {"agency": f"{second.name} ({second.province})"})

    assert link in body
    assert f'value="{first.name} ({first.province})"' in page
    assert second.name in str(part.context["form"].errors["agency"])
    assert second.name in offered
    assert whole.status_code == 302
    assert User.objects.get(username="moi.tanuyen").agency == second
