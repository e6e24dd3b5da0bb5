"""Guessing passwords: not walked round by changing addresses, not used to lock others out."""

from __future__ import annotations

from datetime import datetime, timedelta
from ipaddress import ip_network

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import Settings

from portal.accounts import services, sign_in, throttle
from portal.accounts.models import KnownPlace, User
from portal.accounts.sign_in import Place
from portal.audit.models import AuditEntry
from portal.core.roles import Role
from tests import builders
from tests.builders import NOW, PASSWORD

pytestmark = [pytest.mark.django_db, pytest.mark.both]
LOGIN = reverse("accounts:login")
OFFICE = "203.0.113.7"
MOMENT = timedelta(seconds=1)


def guess(username: str, address: str, *, mark: str = "", now: datetime = NOW) -> str:
    """Return what a wrong password is answered with."""
    try:
        sign_in.check(username, "doan mo", place=Place(address, mark), now=now)
    except sign_in.WrongPassword:
        return "looked at"
    except throttle.Closed:
        return "closed"
    raise AssertionError


def from_everywhere(username: str, *, times: int = 30) -> list[str]:
    return [guess(username, f"198.51.100.{number}") for number in range(times)]


@pytest.fixture
def clerk() -> User:
    return builders.user(Role.CLERK)


def test_thirty_addresses_get_no_more_tries_at_an_account_than_one(clerk: User) -> None:
    answers = from_everywhere(clerk.username)

    assert answers.count("looked at") <= 10
    assert answers[-1] == "closed"


def test_a_name_that_is_no_accounts_is_answered_the_same(clerk: User) -> None:
    assert from_everywhere("khong.co") == from_everywhere(clerk.username)


def test_a_hundred_invented_names_close_an_address_to_strangers_and_not_to_who_is_at_home(
    clerk: User,
) -> None:
    sign_in.check(clerk.username, PASSWORD, place=Place(OFFICE), now=NOW)

    answers = [guess(f"khong.co.{number}", OFFICE) for number in range(100)]

    assert answers.count("looked at") <= 30
    assert sign_in.check(clerk.username, PASSWORD, place=Place(OFFICE), now=NOW) == clerk


def test_an_attack_on_an_account_from_elsewhere_does_not_shut_its_owner_out(clerk: User) -> None:
    sign_in.check(clerk.username, PASSWORD, place=Place(OFFICE), now=NOW)

    from_everywhere(clerk.username)

    assert sign_in.check(clerk.username, PASSWORD, place=Place(OFFICE), now=NOW) == clerk


def test_a_colleague_at_the_same_address_does_not_shut_out_who_has_a_browser_of_their_own(
    clerk: User,
) -> None:
    mine = Place(OFFICE, "m" * 43)
    sign_in.check(clerk.username, PASSWORD, place=mine, now=NOW)
    for _time in range(8):
        guess(clerk.username, OFFICE)

    assert guess(clerk.username, OFFICE) == "closed"
    assert sign_in.check(clerk.username, PASSWORD, place=mine, now=NOW) == clerk


def test_a_known_place_is_no_free_pass(clerk: User) -> None:
    sign_in.check(clerk.username, PASSWORD, place=Place(OFFICE), now=NOW)

    assert [guess(clerk.username, OFFICE) for _time in range(6)] == ["looked at"] * 5 + ["closed"]


def test_a_place_of_one_account_is_none_of_another(clerk: User) -> None:
    sign_in.check(clerk.username, PASSWORD, place=Place(OFFICE, "m" * 43), now=NOW)
    other = builders.user(Role.HEAD)
    from_everywhere(other.username)

    assert guess(other.username, OFFICE, mark="m" * 43) == "closed"


def test_the_longest_wait_of_anybody_is_a_quarter_of_an_hour(clerk: User) -> None:
    now = NOW
    for _time in range(20):
        guess(clerk.username, "192.0.2.1", now=now)
        now += timedelta(minutes=15)

    with pytest.raises(throttle.Closed):
        sign_in.check(clerk.username, PASSWORD, place=Place("192.0.2.2"), now=now - MOMENT)
    assert sign_in.check(clerk.username, PASSWORD, place=Place("192.0.2.2"), now=now) == clerk


def test_an_invented_address_in_a_header_is_nobodys(client: Client, clerk: User) -> None:
    wrong = {"username": clerk.username, "password": "sai"}
    for number in range(6):
        client.post(LOGIN, wrong, headers={"X-Forwarded-For": f"198.51.100.{number}"})

    client.post(LOGIN, wrong | {"password": PASSWORD})

    assert "_auth_user_id" not in client.session


def test_a_header_of_our_own_proxy_is_believed(
    client: Client, clerk: User, settings: Settings
) -> None:
    settings.TRUSTED_PROXIES = [ip_network("127.0.0.1")]
    wrong = {"username": clerk.username, "password": "sai"}
    for _time in range(6):
        client.post(LOGIN, wrong, headers={"X-Forwarded-For": "198.51.100.66"})

    headers = {"X-Forwarded-For": "6.6.6.6, 198.51.100.7"}
    client.post(LOGIN, wrong | {"password": PASSWORD}, headers=headers)

    assert client.session["_auth_user_id"] == str(clerk.pk)


def test_the_browser_keeps_a_mark_that_only_the_server_reads(client: Client, clerk: User) -> None:
    client.post(LOGIN, {"username": clerk.username, "password": PASSWORD})
    mark = client.cookies["place"]

    assert mark["httponly"]
    assert len(mark.value) == 43
    assert not KnownPlace.objects.filter(key__contains=mark.value[:8]).exists()
    client.post(reverse("accounts:logout"))
    assert client.cookies["place"].value == mark.value


def test_a_reset_forgets_where_the_account_was_at_home() -> None:
    user = builders.user(Role.ADMINISTRATOR)
    sign_in.check(user.username, PASSWORD, place=Place(OFFICE), now=NOW)
    services.reset_administrator(user.username, now=NOW)
    from_everywhere(user.username)

    assert guess(user.username, OFFICE) == "closed"


def test_a_try_costs_the_same_queries_whoever_is_named(clerk: User) -> None:
    guess("khong.co", "192.0.2.8")  # the first entry of the audit costs more
    costs = []
    for name in (clerk.username, "khong.co"):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            guess(name, "192.0.2.9")
        costs.append(len(queries))

    assert costs[0] == costs[1]


def test_signing_in_out_and_tokens_are_recorded(client: Client, clerk: User) -> None:
    with time_machine.travel(NOW, tick=False):
        given = {"username": clerk.username, "password": PASSWORD}
        client.post(LOGIN, given)
        client.post(reverse("accounts:logout"))
        token = client.post("/api/v1/token", given).json()["token"]
        header = {"Authorization": f"Token {token}"}
        for _time in range(2):
            client.get("/api/v1/dossiers", headers=header)
        client.delete("/api/v1/token", headers=header)

    entries = AuditEntry.objects.filter(target_uuid=clerk.uuid)
    assert [entry.action for entry in entries] == [
        "user.sign_in", "user.sign_out", "user.make_token", "user.use_token", "user.end_token"
    ]  # fmt: skip
    assert {entry.actor_uuid for entry in entries} == {clerk.uuid}
