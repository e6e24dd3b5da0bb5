"""Passwords: chosen by their owner, or made for one use and shown once."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse
from knox.models import AuthToken

from portal.accounts import services
from portal.audit.models import AuditEntry
from portal.core.roles import Role
from portal.core.rules import Refused
from tests import builders
from tests.builders import NOW, PASSWORD

pytestmark = pytest.mark.django_db
PAGE = reverse("accounts:password_change")
GOOD = "núi cao sông dài 2026"


@pytest.mark.parametrize(
    ("old", "new", "repeated", "words"),
    [
        ("sai", GOOD, GOOD, "Mật khẩu đang dùng không đúng"),
        (PASSWORD, "ngắn", "ngắn", "phải có ít nhất 10 ký tự"),
        (PASSWORD, "7391028465", "7391028465", "không được chỉ gồm chữ số"),
        (PASSWORD, GOOD, "khác hẳn nhau", "không giống nhau"),
        (PASSWORD, PASSWORD, PASSWORD, "phải khác mật khẩu đang dùng"),
    ],
)
def test_an_unfit_change_is_refused_with_its_reason(
    client: Client, old: str, new: str, repeated: str, words: str
) -> None:
    user = builders.user(Role.CLERK)
    client.force_login(user)

    answer = client.post(PAGE, {"old_password": old, "new_password": new, "repeated": repeated})

    assert answer.status_code == 200
    assert words in answer.content.decode()
    user.refresh_from_db()
    assert user.check_password(PASSWORD)


def test_a_stolen_session_can_not_guess_the_password(client: Client) -> None:
    client.force_login(builders.user(Role.CLERK))
    data = {"old_password": "sai", "new_password": GOOD, "repeated": GOOD}
    for _time in range(5):
        client.post(PAGE, data)

    answer = client.post(PAGE, data | {"old_password": PASSWORD})

    assert "Đã nhập sai quá nhiều lần" in answer.content.decode()


def test_a_change_is_audited_without_the_password() -> None:
    user = builders.user(Role.CLERK)
    user.must_change_password = True
    user.save()
    AuthToken.objects.create(user=user)

    services.change_password(user, GOOD, actor=user, now=NOW)

    user.refresh_from_db()
    assert user.check_password(GOOD)
    assert not user.must_change_password
    assert not AuthToken.objects.exists()
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.target_uuid, entry.data) == ("user.change_password", user.uuid, {})


def test_nobody_chooses_another_ones_password() -> None:
    with pytest.raises(PermissionDenied):
        services.change_password(
            builders.user(Role.CLERK), GOOD, actor=builders.user(Role.ADMINISTRATOR), now=NOW
        )


def test_an_administrator_gives_a_password_for_one_use() -> None:
    user = builders.user(Role.CLERK)
    administrator = builders.user(Role.ADMINISTRATOR)
    AuthToken.objects.create(user=user)

    password = services.reset_password(user, actor=administrator, now=NOW)

    user.refresh_from_db()
    assert user.check_password(password)
    assert user.must_change_password
    assert not AuthToken.objects.exists()
    assert password not in str(AuditEntry.objects.get().data)


def test_an_administrators_password_is_not_reset_by_another() -> None:
    one, other = builders.user(Role.ADMINISTRATOR), builders.user(Role.ADMINISTRATOR)

    with pytest.raises(Refused) as refusal:
        services.reset_password(one, actor=other, now=NOW)

    assert refusal.value.violations[0].code == "administrators_password"


def test_one_does_not_reset_the_password_of_ones_second_account() -> None:
    person = builders.person(at=builders.agency())
    administrator = builders.user(Role.ADMINISTRATOR, person=person)
    own = builders.user(Role.CLERK, person=person)

    with pytest.raises(Refused) as refusal:
        services.reset_password(own, actor=administrator, now=NOW)

    assert refusal.value.violations[0].code == "own_account"


def test_only_an_administrator_resets() -> None:
    head = builders.user(Role.HEAD)
    clerk = builders.user(Role.CLERK, agency=head.agency)

    with pytest.raises(PermissionDenied):
        services.reset_password(clerk, actor=head, now=NOW)


def test_the_page_shows_the_password_once(client: Client) -> None:
    user = builders.user(Role.CLERK)
    client.force_login(builders.user(Role.ADMINISTRATOR))

    answer = client.post(reverse("accounts:reset_password", args=[user.uuid]))

    user.refresh_from_db()
    page = answer.content.decode()
    password = page.partition('id="mat-khau">')[2].partition("<")[0]
    assert user.check_password(password)
    assert "no-store" in answer["Cache-Control"]
    later = client.get(reverse("accounts:detail", args=[user.uuid]))
    assert password not in later.content.decode()
