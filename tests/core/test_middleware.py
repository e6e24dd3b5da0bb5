"""What no request may hold: a NUL, which PostgreSQL takes nowhere."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from tests import story

pytestmark = pytest.mark.django_db


def test_a_nul_in_an_address_is_a_bad_request(client: Client) -> None:
    client.force_login(story.cast().clerk)

    assert client.get(reverse("agencies:suggest") + "?parent=a%00b").status_code == 400
    assert client.get(reverse("home") + "a%00b").status_code == 400


def test_a_nul_in_a_cookie_is_a_bad_request(client: Client) -> None:
    cookie = 'sessionid="' + "\\000" * 32 + '"'

    assert client.get(reverse("home"), HTTP_COOKIE=cookie).status_code == 400


def test_a_nul_typed_into_a_form_is_left_out(client: Client) -> None:
    typed = {"username": "quan\0tri", "password": "\0"}

    answer = client.post(reverse("accounts:login"), typed)

    assert answer.status_code == 200
    assert answer.context["form"].data["username"] == "quantri"


@pytest.mark.parametrize("charset", ["rot13", "utf-16", "idna", "utf-99", "x" * 300])
def test_a_body_in_another_charset_is_a_bad_request(client: Client, charset: str) -> None:
    body = b'--x\r\nContent-Disposition: form-data; name="username"\r\n\r\na\r\n--x--\r\n'
    kind = f"multipart/form-data; boundary=x; charset={charset}"

    assert client.generic("POST", reverse("accounts:login"), body, kind).status_code == 400


@pytest.mark.parametrize(
    "kind",
    [
        "text/html; charset=rot13",
        "text/html; charset=hex",
        "text/html; charset=zip",
        "text/html; charset=undefined",
        "text/html; charset*=utf-99''x",
        "text/html; x*=utf-99''y",
        "text/html; charset*0*=rot13''u; charset*1=x",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "BREW"])
def test_a_query_is_never_read_in_the_charset_of_a_body(
    client: Client, method: str, kind: str
) -> None:
    address = reverse("accounts:login") + "?next=Na%1C&q=%FF"

    assert client.generic(method, address, b"", CONTENT_TYPE=kind).status_code == 400


def test_a_body_said_to_be_utf8_is_read(client: Client) -> None:
    kind = "application/x-www-form-urlencoded; charset=UTF-8"

    assert client.generic("POST", reverse("accounts:login"), "username=a", kind).status_code == 200
