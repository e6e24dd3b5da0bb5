"""Getting in: tokens that end, sessions of the pages, passwords that must change first."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from knox.models import AuthToken

from portal.accounts.models import LoginFailure
from portal.core.roles import Role
from tests import builders
from tests.builders import NOW, PASSWORD

pytestmark = pytest.mark.django_db
TOKEN = "/api/v1/token"
LIST = "/api/v1/dossiers"


def _token(client: Client, username: str, password: str = PASSWORD) -> str:
    answer = client.post(TOKEN, {"username": username, "password": password})
    assert answer.status_code == 201, answer.content
    return str(answer.json()["token"])


def test_a_token_opens_the_api_and_ends_by_itself(client: Client) -> None:
    user = builders.user(Role.CLERK)
    with time_machine.travel(NOW, tick=False):
        header = {"Authorization": f"Token {_token(client, user.username)}"}
        assert client.get(LIST, headers=header).status_code == 200

    with time_machine.travel(NOW + timedelta(hours=12, seconds=1), tick=False):
        answer = client.get(LIST, headers=header)

    assert answer.status_code == 401
    assert not AuthToken.objects.exists()


def test_only_the_hash_of_a_token_is_kept(client: Client) -> None:
    token = _token(client, builders.user(Role.CLERK).username)

    assert token not in str(AuthToken.objects.values())


def test_a_token_can_be_ended(client: Client) -> None:
    header = {"Authorization": f"Token {_token(client, builders.user(Role.CLERK).username)}"}

    assert client.delete(TOKEN, headers=header).status_code == 204
    assert client.get(LIST, headers=header).status_code == 401


def test_an_ended_token_does_not_keep_its_owner_from_a_new_one(client: Client) -> None:
    user = builders.user(Role.CLERK)

    answer = client.post(
        TOKEN,
        {"username": user.username, "password": PASSWORD},
        headers={"Authorization": "Token da-het-han"},
    )

    assert answer.status_code == 201


def test_wrong_passwords_count_here_and_on_the_page_together(client: Client) -> None:
    user = builders.user(Role.CLERK)
    wrong = {"username": user.username, "password": "sai"}
    for _time in range(3):
        assert client.post(TOKEN, wrong).status_code == 401
    for _time in range(2):
        client.post(reverse("accounts:login"), wrong)

    answer = client.post(TOKEN, wrong | {"password": PASSWORD})

    assert answer.status_code == 429
    assert answer.json()["code"] == "too_many_failures"
    assert 0 < int(answer["Retry-After"]) <= 15 * 60
    assert not AuthToken.objects.exists()


def test_a_password_for_one_use_gives_no_token(client: Client) -> None:
    user = builders.user(Role.CLERK)
    user.must_change_password = True
    user.save()

    answer = client.post(TOKEN, {"username": user.username, "password": PASSWORD})

    assert answer.status_code == 403
    assert answer.json()["code"] == "password_must_change"
    client.force_login(user)
    assert client.get(LIST).status_code == 403


def test_closing_an_account_ends_its_tokens(client: Client) -> None:
    user = builders.user(Role.CLERK)
    header = {"Authorization": f"Token {_token(client, user.username)}"}
    user.is_active = False
    user.save()

    assert client.get(LIST, headers=header).status_code == 401


def test_the_session_of_the_pages_works_and_needs_the_csrf_token_to_write() -> None:
    user = builders.user(Role.CLERK)
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(user)

    assert strict.get(LIST).status_code == 200
    assert strict.post(LIST, {"kind": "mau_01_person"}).status_code == 403


def test_an_idle_session_ends_here_too(client: Client) -> None:
    with time_machine.travel(NOW, tick=False):
        client.force_login(builders.user(Role.CLERK))
        assert client.get(LIST).status_code == 200

    with time_machine.travel(NOW + timedelta(hours=1), tick=False):
        assert client.get(LIST).status_code == 401


@pytest.mark.parametrize("path", ["dossiers", "certificates", "devices", "kinds"])
def test_nobody_gets_in_without_either(client: Client, path: str) -> None:
    assert client.get(f"/api/v1/{path}").status_code == 401


def test_an_unfit_question_is_not_counted_as_a_failure(client: Client) -> None:
    assert client.post(TOKEN, {"username": ""}).status_code == 400
    assert not LoginFailure.objects.exists()
