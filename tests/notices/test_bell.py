"""The bell of every page: it refreshes itself, speaks of news, and outlives no session."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
import time_machine
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from portal.accounts.models import User
from portal.accounts.sessions import IDLE_SECONDS
from portal.core.roles import Role
from portal.deadlines import services as deadlines
from portal.deadlines.models import DeadlineKind
from portal.notices import services
from tests import builders
from tests.builders import NOW

pytestmark = pytest.mark.django_db


def _told(count: int) -> User:
    user = builders.user(Role.CLERK)
    for number in range(count):
        services.tell([user], cause=f"cause {number}", title="Hồ sơ bị trả lại", now=NOW)
    return user


def _ring(client: Client, known: str) -> tuple[int, str]:
    answer = client.get(reverse("notices:bell"), {"known": known}, headers={"HX-Request": "true"})
    return answer.status_code, answer.content.decode()


def test_each_page_has_a_bell_that_asks_every_minute_and_is_a_link(client: Client) -> None:
    client.force_login(_told(2))

    page = client.get(reverse("notices:preferences")).content.decode()

    assert 'id="bell" href="/thong-bao/"' in page
    assert 'hx-get="/thong-bao/chuong/?known=2" hx-trigger="every 60s"' in page
    assert page.count('role="status"></span>') == 1
    assert page.count("htmx-2.min.js") == 1


def test_no_page_brings_the_script_of_its_frame_again() -> None:
    folder = settings.BASE_DIR / "templates"
    brings = [str(path) for path in folder.rglob("*.html") if "htmx_script" in path.read_text()]

    assert brings == [str(folder / "base.html")]


def test_while_nothing_is_new_nothing_is_changed(client: Client) -> None:
    client.force_login(_told(2))

    assert _ring(client, "2") == (204, "")


def test_what_is_new_is_shown_and_said(client: Client) -> None:
    client.force_login(_told(2))

    status, html = _ring(client, "1")

    assert status == 200
    assert ">2<span" in html
    assert 'hx-swap-oob="innerHTML">Có thông báo mới: 2 thông báo chưa đọc' in html


@pytest.mark.parametrize("known", ["3", "", "-1", "²", "x" * 5000, "9" * 5000])
def test_what_was_read_elsewhere_is_shown_and_not_said(client: Client, known: str) -> None:
    client.force_login(_told(2))

    status, html = _ring(client, known)

    assert status == 200
    assert ">2<span" in html
    assert "bell-news" not in html


def test_the_bell_keeps_no_session_alive_and_says_when_it_is_over(client: Client) -> None:
    user = _told(1)
    with time_machine.travel(NOW, tick=False) as clock:
        client.force_login(user)
        client.get(reverse("notices:list"))
        for _minute in range(IDLE_SECONDS // 60 - 1):
            clock.shift(timedelta(minutes=1))
            assert _ring(client, "1") == (204, "")
        clock.shift(timedelta(minutes=1))
        status, html = _ring(client, "1")

        assert status == 286  # htmx asks no more
        assert "Phiên đã hết hạn" in html
        assert client.get(reverse("notices:list")).status_code == 302


def test_the_panel_shows_the_newest_five_things_and_bundles_what_repeats(client: Client) -> None:
    user = _told(7)
    thing = uuid.uuid4()
    for number in range(3):
        services.tell(
            [user],
            cause=f"again {number}",
            title=f"Hồ sơ lần {number}",
            target_type="dossier",
            target_uuid=thing,
            now=NOW + timedelta(minutes=number),
        )
    client.force_login(user)

    answer = client.get(reverse("notices:newest"))

    groups = answer.context["groups"]
    assert [len(group.earlier) for group in groups] == [2, 0, 0, 0, 0]
    assert groups[0].latest.title == "Hồ sơ lần 2"
    assert "no-store" in answer["Cache-Control"]


def test_what_was_done_meanwhile_is_silent_everywhere(client: Client) -> None:
    user = _told(1)
    clock = deadlines.open_deadline(
        DeadlineKind.DEVICE_RETURN,
        agency=user.agency,
        office=None,
        path="",
        target_type="device",
        target_uuid=uuid.uuid4(),
        title="Nộp lại thiết bị",
        now=NOW,
    )
    told = {"recipient_id": user.pk, "title": "Quá hạn", "is_urgent": True}
    asked = {"target_type": "dossier", "target_uuid": uuid.uuid4(), "asks": True}
    services.tell_many(
        [
            services.Telling(cause="clock", deadline_id=clock.pk, **told),  # type: ignore[arg-type]
            services.Telling(cause="turn", **told, **asked),  # type: ignore[arg-type]
        ],
        now=NOW,
    )
    client.force_login(user)
    assert ">3<span" in _ring(client, "0")[1]

    deadlines.close(DeadlineKind.DEVICE_RETURN, clock.target_uuid, now=NOW)
    services.settle("dossier", asked["target_uuid"], now=NOW)  # type: ignore[arg-type]

    assert ">1<span" in _ring(client, "0")[1]
    assert len(client.get(reverse("notices:newest")).context["groups"]) == 1
    listed = client.get(reverse("notices:list"))
    assert [one.latest.is_new for one in listed.context["groups"]].count(True) == 1
    assert listed.content.decode().count("Đã xong") == 2
    assert client.get(reverse("notices:list"), {"loc": "qua-han"}).context["groups"] == []


def test_the_bell_is_kept_in_no_cache(client: Client) -> None:
    client.force_login(_told(1))

    assert "no-store" in client.get(reverse("notices:bell"))["Cache-Control"]


def test_who_must_choose_a_password_is_not_asked_for_news(client: Client) -> None:
    user = _told(1)
    User.objects.filter(pk=user.pk).update(must_change_password=True)
    client.force_login(user)

    page = client.get(reverse("accounts:password_change")).content.decode()

    assert 'id="bell"' in page
    assert "hx-get" not in page


def test_ringing_costs_three_statements_however_much_was_told(client: Client) -> None:
    client.force_login(_told(40))

    with CaptureQueriesContext(connection) as queries:
        _ring(client, "40")

    assert len(queries) == 3, [query["sql"] for query in queries]  # session, user, the count
