"""Signing in: right and wrong passwords, the closed door, what is written down."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.urls import reverse

from portal.accounts import sign_in, throttle
from portal.accounts.models import LoginFailure
from portal.audit.models import AuditEntry
from portal.core.roles import Role
from tests import builders
from tests.builders import NOW, PASSWORD

pytestmark = pytest.mark.django_db
LOGIN = reverse("accounts:login")
HOME_IP = "203.0.113.7"


def _fail(username: str, *, times: int, address: str = HOME_IP) -> None:
    for _time in range(times):
        with pytest.raises(sign_in.WrongPassword):
            sign_in.check(username, "sai mật khẩu", address=address, now=NOW)


def test_the_right_password_opens_the_account() -> None:
    user = builders.user(Role.CLERK)

    assert sign_in.check(user.username, PASSWORD, address=HOME_IP, now=NOW) == user


def test_five_failures_close_the_door_even_for_the_right_password() -> None:
    user = builders.user(Role.CLERK)
    _fail(user.username, times=5)

    with pytest.raises(throttle.Closed) as closed:
        sign_in.check(user.username, PASSWORD, address=HOME_IP, now=NOW)

    assert closed.value.until == NOW + timedelta(minutes=15)


def test_the_door_opens_again_when_the_window_is_over() -> None:
    user = builders.user(Role.CLERK)
    _fail(user.username, times=5)
    later = NOW + timedelta(minutes=15)

    with pytest.raises(throttle.Closed):
        sign_in.check(user.username, PASSWORD, address=HOME_IP, now=later - timedelta(seconds=1))

    assert sign_in.check(user.username, PASSWORD, address=HOME_IP, now=later) == user


def test_trying_at_a_closed_door_does_not_keep_it_closed() -> None:
    user = builders.user(Role.CLERK)
    _fail(user.username, times=5)
    for minute in range(15):
        with pytest.raises(throttle.Closed):
            sign_in.check(user.username, "x", address=HOME_IP, now=NOW + timedelta(minutes=minute))

    assert LoginFailure.objects.count() == 10  # five under the account's key, five the address's


def test_another_address_and_another_account_are_not_shut_out() -> None:
    user, neighbour = builders.user(Role.CLERK), builders.user(Role.HEAD)
    _fail(user.username, times=5)

    assert sign_in.check(user.username, PASSWORD, address="198.51.100.9", now=NOW) == user
    assert sign_in.check(neighbour.username, PASSWORD, address=HOME_IP, now=NOW) == neighbour


def test_one_address_can_not_try_many_accounts() -> None:
    user = builders.user(Role.CLERK)
    for number in range(sign_in.ADDRESS_FAILURES_ALLOWED):
        _fail(f"khong.co.{number}", times=1)

    with pytest.raises(throttle.Closed):
        sign_in.check(user.username, PASSWORD, address=HOME_IP, now=NOW)

    assert sign_in.check(user.username, PASSWORD, address="198.51.100.9", now=NOW) == user


def test_a_right_password_forgets_the_failures_before_it() -> None:
    user = builders.user(Role.CLERK)
    _fail(user.username, times=4)

    sign_in.check(user.username, PASSWORD, address=HOME_IP, now=NOW)

    _fail(user.username, times=4)
    assert sign_in.check(user.username, PASSWORD, address=HOME_IP, now=NOW) == user


def test_unknown_accounts_are_shut_out_like_known_ones() -> None:
    _fail("khong.co", times=5)

    with pytest.raises(throttle.Closed):
        sign_in.check("Khong.Co", "x", address=HOME_IP, now=NOW)


def test_a_closed_account_does_not_open() -> None:
    user = builders.user(Role.CLERK)
    user.is_active = False
    user.save()

    with pytest.raises(sign_in.WrongPassword):
        sign_in.check(user.username, PASSWORD, address=HOME_IP, now=NOW)


def test_a_refusal_is_audited_without_password_or_unknown_names() -> None:
    user = builders.user(Role.CLERK)
    with pytest.raises(sign_in.WrongPassword):
        sign_in.check(user.username, "bi-mat-cua-toi", address=HOME_IP, now=NOW)
    with pytest.raises(sign_in.WrongPassword):
        sign_in.check("go-nham-mat-khau-vao-day", "x", address=HOME_IP, now=NOW)

    known, unknown = AuditEntry.objects.filter(action="user.sign_in_refused")

    assert known.target_uuid == user.uuid
    assert known.agency_uuid == user.agency.uuid
    assert unknown.target_uuid is None
    for entry in (known, unknown):
        assert entry.data == {"address": HOME_IP, "closes": False}


def test_attempts_at_a_closed_door_do_not_fill_the_audit() -> None:
    user = builders.user(Role.CLERK)
    _fail(user.username, times=5)
    with pytest.raises(throttle.Closed):
        sign_in.check(user.username, "x", address=HOME_IP, now=NOW)

    entries = AuditEntry.objects.filter(action="user.sign_in_refused")

    assert [entry.data["closes"] for entry in entries] == [False] * 4 + [True]


@pytest.mark.django_db(transaction=True)
def test_many_guesses_at_once_get_no_more_tries_than_one_after_another() -> None:
    user = builders.user(Role.CLERK)
    ready = Barrier(8)

    def guess(number: int) -> str:
        ready.wait()
        try:
            sign_in.check(user.username, f"doan {number}", address=HOME_IP, now=NOW)
        except sign_in.WrongPassword:
            return "looked at"
        except throttle.Closed:
            return "closed"
        finally:
            connection.close()
        return "opened"

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(guess, range(8)))

    assert outcomes.count("looked at") <= 5
    assert "opened" not in outcomes


def test_the_page_signs_in_and_starts_a_new_session(client: Client) -> None:
    user = builders.user(Role.CLERK)
    client.get(LOGIN)
    before = client.session.session_key

    answer = client.post(
        LOGIN, {"username": user.username, "password": PASSWORD, "next": "/tai-khoan/"}
    )

    assert answer.status_code == 302
    assert answer["Location"] == "/tai-khoan/"
    assert client.session.session_key != before
    assert client.session["_auth_user_id"] == str(user.pk)


def test_the_page_leads_to_no_other_site(client: Client) -> None:
    user = builders.user(Role.CLERK)

    answer = client.post(
        LOGIN, {"username": user.username, "password": PASSWORD, "next": "https://la.example/"}
    )

    assert answer["Location"] == "/"


def test_the_page_says_how_many_tries_are_left_and_when_to_come_back(client: Client) -> None:
    user = builders.user(Role.CLERK)
    data = {"username": user.username, "password": "sai"}

    with time_machine.travel(NOW, tick=False):
        first = client.post(LOGIN, data)
        for _time in range(4):
            client.post(LOGIN, data)
        closed = client.post(LOGIN, data | {"password": PASSWORD})

    assert "Còn 4 lần thử" in first.content.decode()
    assert "Có thể thử lại sau 09:15:00 ngày 20/11/2026" in closed.content.decode()
    assert "_auth_user_id" not in client.session


def test_an_untyped_password_is_asked_for_and_not_counted(client: Client) -> None:
    answer = client.post(LOGIN, {"username": "", "password": ""})

    assert answer.status_code == 200
    assert not LoginFailure.objects.exists()


def test_a_part_of_a_page_is_not_filled_with_the_sign_in_page(client: Client) -> None:
    answer = client.get(reverse("accounts:users"), headers={"HX-Request": "true"}, follow=True)

    assert answer["HX-Refresh"] == "true"


def test_signing_out_ends_the_session_and_needs_a_post(client: Client) -> None:
    user = builders.user(Role.CLERK)
    client.force_login(user)

    assert client.get(reverse("accounts:logout")).status_code == 405
    answer = client.post(reverse("accounts:logout"))

    assert answer.status_code == 302
    assert answer["Clear-Site-Data"] == '"cache", "storage"'
    assert "_auth_user_id" not in client.session
