"""Sessions end: after a working day, after an idle hour, with the password, with the account."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse

from portal.accounts import services
from portal.accounts.models import LoginFailure
from portal.audit.models import AuditEntry
from portal.core.roles import Role
from tests import builders
from tests.builders import NOW, PASSWORD

pytestmark = pytest.mark.django_db
PAGE = reverse("accounts:users")


def _status_after(client: Client, *waits: timedelta) -> int:
    """Sign in at NOW, visit after each wait, and return the last visit's status."""
    user = builders.user(Role.CLERK)
    moment = NOW
    with time_machine.travel(moment, tick=False):
        client.force_login(user)
        status = client.get(PAGE).status_code
    for wait in waits:
        moment += wait
        with time_machine.travel(moment, tick=False):
            status = client.get(PAGE).status_code
    return status


def test_a_session_in_use_goes_on(client: Client) -> None:
    assert _status_after(client, *[timedelta(minutes=50)] * 9) == 200


def test_an_idle_session_ends(client: Client) -> None:
    assert _status_after(client, timedelta(minutes=60)) == 302


def test_a_session_ends_after_a_working_day_however_busy(client: Client) -> None:
    assert _status_after(client, *[timedelta(minutes=50)] * 10) == 302


def test_a_busy_session_is_not_written_at_each_request(client: Client) -> None:
    client.force_login(builders.user(Role.CLERK))
    client.get(PAGE)
    before = Session.objects.get().session_data

    client.get(PAGE)

    assert Session.objects.get().session_data == before


def test_who_was_signed_out_is_told_why(client: Client) -> None:
    with time_machine.travel(NOW, tick=False):
        client.force_login(builders.user(Role.CLERK))
        client.get(PAGE)
    with time_machine.travel(NOW + timedelta(hours=2), tick=False):
        answer = client.get(PAGE, follow=True)

    assert answer.redirect_chain == [("/tai-khoan/dang-nhap/?next=/tai-khoan/", 302)]
    assert "Phiên làm việc đã hết hạn" in answer.content.decode()


def test_closing_an_account_ends_its_session_at_once(client: Client) -> None:
    user = builders.user(Role.CLERK)
    client.force_login(user)
    user.is_active = False
    user.save()

    assert client.get(PAGE).status_code == 302


def test_a_password_for_one_use_opens_only_the_page_of_a_new_one(client: Client) -> None:
    user = builders.user(Role.CLERK)
    user.must_change_password = True
    user.save()
    client.force_login(user)

    assert client.get(PAGE)["Location"] == reverse("accounts:password_change")
    assert client.get(reverse("accounts:password_change")).status_code == 200


def test_a_new_password_ends_the_other_sessions_and_keeps_this_one(client: Client) -> None:
    user = builders.user(Role.CLERK)
    elsewhere = Client()
    for one in (client, elsewhere):
        one.post(reverse("accounts:login"), {"username": user.username, "password": PASSWORD})

    answer = client.post(
        reverse("accounts:password_change"),
        {
            "old_password": PASSWORD,
            "new_password": "núi cao sông dài 2026",
            "repeated": "núi cao sông dài 2026",
        },
    )

    assert answer.status_code == 302
    assert client.get(PAGE).status_code == 200
    assert elsewhere.get(PAGE).status_code == 302


def test_what_is_over_is_swept_away() -> None:
    LoginFailure.objects.create(key="a", at=NOW - timedelta(hours=24))
    LoginFailure.objects.create(key="b", at=NOW - timedelta(hours=23))
    Session.objects.create(session_key="a", session_data="", expire_date=NOW - timedelta(days=1))
    Session.objects.create(session_key="b", session_data="", expire_date=NOW + timedelta(days=1))

    assert services.forget_expired(now=NOW) == 2
    assert services.forget_expired(now=NOW) == 0
    assert LoginFailure.objects.get().key == "b"
    assert Session.objects.get().session_key == "b"


def test_a_session_that_ends_by_itself_is_recorded_once(client: Client) -> None:
    idle, gone = builders.user(Role.CLERK), builders.user(Role.CLERK)
    elsewhere = Client()
    with time_machine.travel(NOW, tick=False):
        for one, user in ((client, idle), (elsewhere, gone)):
            one.force_login(user)
            one.get(PAGE)
        copy = Session.objects.get(session_key=client.session.session_key)
    with time_machine.travel(NOW + timedelta(hours=2), tick=False):
        client.get(PAGE)
        copy.save(force_insert=True)  # a second window asked at the same moment
        client.cookies["sessionid"] = copy.session_key
        client.get(PAGE)
    for _time in range(2):
        services.forget_expired(now=NOW + timedelta(days=2))

    entries = AuditEntry.objects.filter(action="user.session_over")
    assert [entry.target_uuid for entry in entries] == [idle.uuid, gone.uuid]
    assert not Session.objects.exists()
