"""Passwords: chosen by their owner, and not what somebody would try first."""

from __future__ import annotations

from datetime import date

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse
from knox.models import AuthToken

from portal.accounts import services
from portal.accounts.passwords import refuse_unfit
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
        (PASSWORD, "ngắn", "ngắn", "phải có ít nhất 12 ký tự"),
        (PASSWORD, "739102846513", "739102846513", "không được chỉ gồm chữ số"),
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


@pytest.mark.parametrize(
    "habit",
    [
        "matkhau123",
        "matkhau123456",
        "Mật Khẩu 123456",
        "m@tkh4u123456",
        "Abc@123456789",
        "Abc@12345678910",
        "anhyeuem123456",
        "AnhYeuEm@2026",
        "Vietnam@2026!",
        "hanoi123456789",
        "Laichau@2025!!",
        "qwertyuiop123",
        "1qaz2wsx3edc",
        "aaaaaabbbbbb",
        "0912345678abc",
        "quantri@123456",
        "ubnd@laichau2026",
        "matkhaumatkhau",
    ],
)
def test_what_people_here_often_choose_is_refused(habit: str) -> None:
    with pytest.raises(Refused):
        refuse_unfit(habit, builders.user(Role.CLERK))


@pytest.mark.parametrize(
    "own",
    [
        "lòthịthử 1990",
        "LoThiThu@1990",
        "thu.lo.05061990",
        "vanthu.tanuyen1",
        "TanUyen@123456",
        "xatanuyen2026!",
        "thulothi05061990",
        "hopthu.rieng.90",
    ],
)
def test_what_anybody_knows_of_the_owner_is_refused(own: str) -> None:
    agency = builders.agency("ỦY BAN NHÂN DÂN XÃ TÂN UYÊN")
    user = builders.user(Role.CLERK, agency=agency, name="Lò Thị Thử")
    user.person = builders.person("Lò Thị Thử", at=agency)
    user.person.birth_on = date(1990, 6, 5)
    user.username, user.email = "vanthu.tanuyen", "hopthu.rieng@laichau.gov.vn"

    with pytest.raises(Refused) as refusal:
        refuse_unfit(own, user)

    codes = {violation.code for violation in refusal.value.violations}
    assert codes & {"password_too_similar", "password_too_common"}


@pytest.mark.parametrize(
    "good", [PASSWORD, GOOD, "cay cau nho lang", "k7f2-m9xp-w3tz", "trâu đi cày ruộng sâu"]
)
def test_a_few_words_of_ones_own_are_fit(good: str) -> None:
    refuse_unfit(good, builders.user(Role.CLERK))


def test_a_very_long_password_is_looked_at_quickly() -> None:
    refuse_unfit("núi cao sông dài " * 11, builders.user(Role.CLERK))
