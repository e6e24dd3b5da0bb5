"""When mail should come: chosen by each for themselves, never off for what is overdue."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from portal.audit.models import AuditEntry
from portal.core.roles import Role
from portal.notices.models import Mailing, NoticePreference
from portal.notices.preferences import choose, mailing_of
from tests import builders
from tests.builders import NOW

pytestmark = pytest.mark.django_db
PAGE = "notices:preferences"


def test_who_chose_nothing_is_mailed_at_once() -> None:
    assert mailing_of(builders.user(Role.CLERK)) == Mailing.AT_ONCE


@pytest.mark.parametrize("role", list(Role))
def test_each_chooses_for_themselves_and_it_is_recorded(client: Client, role: Role) -> None:
    user, other = builders.user(role), builders.user(role)
    client.force_login(user)

    answer = client.post(reverse(PAGE), {"mailing": "daily"}, follow=True)

    assert "Đã ghi cách nhận thư: Mỗi ngày làm việc một thư" in answer.content.decode()
    assert (mailing_of(user), mailing_of(other)) == (Mailing.DAILY, Mailing.AT_ONCE)
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.target_uuid) == ("user.choose_mailing", user.uuid)
    assert entry.data == {"before": "at_once", "after": "daily"}


def test_choosing_the_same_again_records_nothing() -> None:
    user = builders.user(Role.HEAD)

    wanted = [Mailing.URGENT, Mailing.URGENT, Mailing.AT_ONCE]
    done = [choose(one, actor=user, now=NOW) for one in wanted]

    assert done == [True, False, True]
    assert NoticePreference.objects.get().mailing == Mailing.AT_ONCE
    assert AuditEntry.objects.count() == 2


@pytest.mark.parametrize("typed", [{}, {"mailing": "never"}, {"mailing": ""}])
def test_mail_cannot_be_switched_off(client: Client, typed: dict[str, str]) -> None:
    user = builders.user(Role.CLERK)
    client.force_login(user)

    answer = client.post(reverse(PAGE), typed)

    assert answer.status_code == 200
    assert "Hãy chọn" in answer.content.decode()
    assert not NoticePreference.objects.exists()


def test_the_page_shows_what_was_chosen_and_where_mail_goes(client: Client) -> None:
    user = builders.user(Role.CLERK)
    choose(Mailing.URGENT, actor=user, now=NOW)
    client.force_login(user)

    page = client.get(reverse(PAGE))

    assert page.context["form"]["mailing"].value() == "urgent"
    assert user.email in page.content.decode()
    assert "không tắt được" in page.content.decode()


def test_who_has_no_address_is_told_what_to_do(client: Client) -> None:
    user = builders.user(Role.CLERK)
    user.email = ""
    user.save()
    client.force_login(user)

    assert "chưa có thư điện tử" in client.get(reverse(PAGE)).content.decode()
