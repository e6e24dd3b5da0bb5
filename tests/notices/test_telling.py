"""Telling people: once for each cause, read by themselves alone."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from portal.accounts.models import User
from portal.core.roles import Role
from portal.notices import services
from portal.notices.models import Notice
from tests import builders
from tests.builders import NOW

pytestmark = pytest.mark.django_db


def _tell(*people: User, cause: str = "dossier 1 returned", path: str = "/ho-so/") -> None:
    services.tell(people, cause=cause, title=f"Hồ sơ bị trả lại ({cause})", path=path, now=NOW)


def test_telling_twice_makes_one_notice() -> None:
    one, other = builders.user(Role.CLERK), builders.user(Role.CLERK)

    _tell(one)
    _tell(one, other)

    assert Notice.objects.filter(recipient=one).count() == 1
    assert Notice.objects.filter(recipient=other).count() == 1


def test_each_reads_their_own(client: Client) -> None:
    reader, other = builders.user(Role.CLERK), builders.user(Role.CLERK)
    _tell(reader, cause="mine")
    _tell(other, cause="not mine")
    client.force_login(reader)

    page = client.get(reverse("notices:list")).content.decode()

    assert "(mine)" in page
    assert "(not mine)" not in page
    foreign = other.notices.get()
    for name in ("open", "mark_read"):
        assert client.post(reverse(f"notices:{name}", args=[foreign.uuid])).status_code == 404
    foreign.refresh_from_db()
    assert foreign.read_at is None


def test_opening_a_notice_reads_it_and_leads_to_its_cause(client: Client) -> None:
    user = builders.user(Role.CLERK)
    _tell(user)
    notice = user.notices.get()
    client.force_login(user)

    answer = client.post(reverse("notices:open", args=[notice.uuid]))

    notice.refresh_from_db()
    assert answer["Location"] == "/ho-so/"
    assert notice.read_at is not None


def test_a_notice_leads_nowhere_else(client: Client) -> None:
    user = builders.user(Role.CLERK)
    _tell(user, path="//la.example/")
    client.force_login(user)

    answer = client.post(reverse("notices:open", args=[user.notices.get().uuid]))

    assert answer["Location"] == reverse("notices:list")


def test_looking_does_not_read(client: Client) -> None:
    user = builders.user(Role.CLERK)
    _tell(user)
    client.force_login(user)

    client.get(reverse("notices:list"))

    assert user.notices.unread().count() == 1
    assert client.get(reverse("notices:open", args=[user.notices.get().uuid])).status_code == 405


def test_all_can_be_read_at_once(client: Client) -> None:
    user, other = builders.user(Role.CLERK), builders.user(Role.CLERK)
    for number in range(3):
        _tell(user, other, cause=f"cause {number}")
    client.force_login(user)

    client.post(reverse("notices:read_all"))

    assert user.notices.unread().count() == 0
    assert other.notices.unread().count() == 3


def test_the_bell_shows_the_unread_and_keeps_no_session_alive(client: Client) -> None:
    user = builders.user(Role.CLERK)
    _tell(user)
    client.force_login(user)

    answer = client.get(reverse("notices:bell"))

    assert ">1<span" in answer.content.decode()
    assert "seen_at" not in client.session


def test_the_list_is_paged_and_filtered(client: Client) -> None:
    user = builders.user(Role.CLERK)
    for number in range(30):
        _tell(user, cause=f"cause {number}")
    services.read(user.notices.order_by("-at", "-pk")[0], actor=user, now=NOW)
    client.force_login(user)

    first = client.get(reverse("notices:list"))
    unread = client.get(reverse("notices:list"), {"loc": "chua-doc"})

    assert len(first.context["page"]) == 25
    assert first.context["page"].next_params is not None
    assert "(cause 29)" in first.content.decode()
    assert "(cause 29)" not in unread.content.decode()
