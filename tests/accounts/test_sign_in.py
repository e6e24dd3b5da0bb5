"""Signing in: right and wrong passwords, the closed door, what is written down."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
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
HOME = sign_in.Place(HOME_IP)


def _fail(username: str, *, times: int, now: datetime = NOW) -> None:
    for _time in range(times):
        with pytest.raises(sign_in.WrongPassword):
            sign_in.check(username, "sai mật khẩu", place=HOME, now=now)


def test_the_right_password_opens_the_account() -> None:
    user = builders.user(Role.CLERK)

    assert sign_in.check(user.username, PASSWORD, place=HOME, now=NOW) == user


def test_five_failures_cost_nothing_and_the_next_waits_even_with_the_right_password() -> None:
    user = builders.user(Role.CLERK)
    _fail(user.username, times=5)

    with pytest.raises(throttle.Closed) as closed:
        sign_in.check(user.username, PASSWORD, place=HOME, now=NOW)

    assert closed.value.until == NOW + timedelta(seconds=30)
    later = closed.value.until
    with pytest.raises(throttle.Closed):
        sign_in.check(user.username, PASSWORD, place=HOME, now=later - timedelta(seconds=1))
    assert sign_in.check(user.username, PASSWORD, place=HOME, now=later) == user


def test_each_further_failure_doubles_the_wait_up_to_a_quarter_of_an_hour() -> None:
    builders.user(Role.CLERK)
    _fail("khong.co", times=5)
    at, waits = NOW, []
    for _time in range(7):
        with pytest.raises(throttle.Closed) as closed:
            sign_in.check("khong.co", "x", place=HOME, now=at)
        waits.append((closed.value.until - at).total_seconds())
        at = closed.value.until
        with pytest.raises(sign_in.WrongPassword):
            sign_in.check("khong.co", "x", place=HOME, now=at)

    assert waits == [30, 60, 120, 240, 480, 900, 900]


def test_what_was_yesterday_counts_no_more() -> None:
    user = builders.user(Role.CLERK)
    _fail(user.username, times=5)

    _fail(user.username, times=5, now=NOW + throttle.REMEMBERED)


def test_trying_while_it_is_closed_does_not_keep_it_closed() -> None:
    user = builders.user(Role.CLERK)
    _fail(user.username, times=5)
    before = LoginFailure.objects.count()
    for second in range(0, 30, 5):
        with pytest.raises(throttle.Closed):
            sign_in.check(user.username, "x", place=HOME, now=NOW + timedelta(seconds=second))

    assert LoginFailure.objects.count() == before


def test_a_right_password_forgets_the_failures_before_it() -> None:
    user = builders.user(Role.CLERK)
    _fail(user.username, times=4)

    sign_in.check(user.username, PASSWORD, place=HOME, now=NOW)

    _fail(user.username, times=4)
    assert sign_in.check(user.username, PASSWORD, place=HOME, now=NOW) == user


def test_unknown_accounts_are_shut_out_like_known_ones() -> None:
    _fail("khong.co", times=5)

    with pytest.raises(throttle.Closed):
        sign_in.check("Khong.Co", "x", place=HOME, now=NOW)


def test_a_closed_account_does_not_open() -> None:
    user = builders.user(Role.CLERK)
    user.is_active = False
    user.save()

    with pytest.raises(sign_in.WrongPassword):
        sign_in.check(user.username, PASSWORD, place=HOME, now=NOW)


def test_a_refusal_is_audited_without_password_or_unknown_names() -> None:
    user = builders.user(Role.CLERK)
    with pytest.raises(sign_in.WrongPassword):
        sign_in.check(user.username, "bi-mat-cua-toi", place=HOME, now=NOW)
    with pytest.raises(sign_in.WrongPassword):
        sign_in.check("go-nham-mat-khau-vao-day", "x", place=HOME, now=NOW)

    known, unknown = AuditEntry.objects.filter(action="user.sign_in_refused")

    assert known.target_uuid == user.uuid
    assert known.agency_uuid == user.agency.uuid
    assert unknown.target_uuid is None
    for entry in (known, unknown):
        assert entry.data == {"address": HOME_IP, "closes": False}


def test_tries_while_it_is_closed_are_recorded_once_a_day_and_do_not_fill_the_audit() -> None:
    user = builders.user(Role.CLERK)
    _fail(user.username, times=5)
    for _time in range(3):
        with pytest.raises(throttle.Closed):
            sign_in.check(user.username, "x", place=HOME, now=NOW)

    entries = AuditEntry.objects.filter(action="user.sign_in_refused")
    closed = AuditEntry.objects.get(action="user.sign_in_while_closed")

    assert [entry.data["closes"] for entry in entries] == [False] * 4 + [True]
    assert closed.target_uuid == user.uuid
    assert closed.data == {"address": HOME_IP}


@pytest.mark.django_db(transaction=True)
def test_many_guesses_at_once_get_no_more_tries_than_one_after_another() -> None:
    user = builders.user(Role.CLERK)
    ready = Barrier(8)

    def guess(number: int) -> str:
        ready.wait()
        try:
            sign_in.check(user.username, f"doan {number}", place=HOME, now=NOW)
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
    assert "Có thể thử lại sau 09:00:30 ngày 20/11/2026" in closed.content.decode()
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
