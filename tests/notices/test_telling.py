"""Telling people: once for each cause, read by themselves alone."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from portal.accounts.models import User
from portal.core.roles import Role
from portal.notices import services
from portal.notices.models import Notice
from portal.notices.views import MANY
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


def _tell_of(user: User, thing: UUID | None, *causes: str, is_urgent: bool = False) -> None:
    for number, cause in enumerate(causes):
        services.tell(
            [user],
            cause=cause,
            title=f"Hồ sơ ({cause})",
            target_type="dossier" if thing else "",
            target_uuid=thing,
            is_urgent=is_urgent,
            now=NOW + timedelta(minutes=number),
        )


def test_the_overdue_can_be_listed_alone(client: Client) -> None:
    user = builders.user(Role.CLERK)
    _tell_of(user, None, "one")
    _tell_of(user, None, "late", is_urgent=True)
    client.force_login(user)

    page = client.get(reverse("notices:list"), {"loc": "qua-han"}).content.decode()

    assert "(late)" in page
    assert "(one)" not in page


@pytest.mark.parametrize("chosen", ["", "khac", "chua-doc", "qua-han"])
def test_an_empty_list_says_so(client: Client, chosen: str) -> None:
    client.force_login(builders.user(Role.CLERK))

    page = client.get(reverse("notices:list"), {"loc": chosen})

    assert page.status_code == 200
    assert "thông báo nào" in page.content.decode()


def test_many_about_one_thing_stand_under_the_latest(client: Client) -> None:
    user = builders.user(Role.CLERK)
    thing = uuid4()
    _tell_of(user, thing, *(f"cause {number}" for number in range(MANY)))
    _tell_of(user, uuid4(), "alone", "and its neighbour")
    client.force_login(user)

    page = client.get(reverse("notices:list"))

    groups = page.context["groups"]
    assert [len(group.earlier) for group in groups if group.latest.target_uuid == thing] == [2]
    assert [len(group.earlier) for group in groups] == [2, 0, 0]
    assert "và 2 thông báo trước đó về cùng việc này" in page.content.decode()


def test_what_is_about_nothing_is_never_grouped(client: Client) -> None:
    user = builders.user(Role.CLERK)
    _tell_of(user, None, *(f"cause {number}" for number in range(MANY + 2)))
    client.force_login(user)

    groups = client.get(reverse("notices:list")).context["groups"]

    assert len(groups) == MANY + 2


def test_a_group_is_read_at_once_and_nothing_else(client: Client) -> None:
    user, other = builders.user(Role.CLERK), builders.user(Role.CLERK)
    thing = uuid4()
    for person in (user, other):
        _tell_of(person, thing, "one", "two", "three", "four")
        _tell_of(person, uuid4(), "alone")
    client.force_login(user)
    third = user.notices.get(cause="three")

    client.post(reverse("notices:mark_read", args=[third.uuid]), {"about": "1"})

    assert set(user.notices.unread().values_list("cause", flat=True)) == {"four", "alone"}
    assert other.notices.unread().count() == 5


@pytest.mark.parametrize(
    ("back", "leads_to"),
    [
        ("/thong-bao/?loc=chua-doc&after=x", "/thong-bao/?loc=chua-doc&after=x"),
        ("https://la.example/thong-bao/?x", "/thong-bao/"),
        ("//la.example/", "/thong-bao/"),
        ("/ho-so/", "/thong-bao/"),
        ("", "/thong-bao/"),
    ],
)
def test_marking_leads_back_to_the_list_as_it_was(client: Client, back: str, leads_to: str) -> None:
    user = builders.user(Role.CLERK)
    _tell(user)
    client.force_login(user)

    answer = client.post(
        reverse("notices:mark_read", args=[user.notices.get().uuid]), {"back": back}
    )

    assert answer["Location"] == leads_to


def test_a_longer_list_asks_the_database_no_more_often(client: Client) -> None:
    user = builders.user(Role.CLERK)
    _tell(user)
    client.force_login(user)
    client.get(reverse("notices:list"))

    with CaptureQueriesContext(connection) as short:
        client.get(reverse("notices:list"))
    _tell_of(user, uuid4(), *(f"cause {number}" for number in range(60)))
    with CaptureQueriesContext(connection) as long:
        client.get(reverse("notices:list"))

    assert len(long) == len(short) <= 7  # the frame's five, a page, how many are unread
