"""A dossier in human words, and the letter a returned dossier will have."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import import_module

import pytest
import time_machine
from django.apps import apps
from django.test import Client
from django.urls import reverse

from portal.deadlines.models import Deadline
from portal.notices.models import Notice
from requests_app import kinds
from requests_app.drafts.services import remove_row, save_rows
from requests_app.pages.wording import deed_of, done_of
from requests_app.titles import headline_of, title_of
from requests_app.workflow import Action, State
from tests import builders, story

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(builders.NOW):
        yield


@pytest.mark.parametrize(
    ("kind", "rows", "headline"),
    [
        ("mau_01_person", 18, "Cấp chứng thư cho 18 cá nhân"),
        ("mau_01_person", 0, "Cấp chứng thư cho cá nhân"),
        ("mau_02_organisation", 1, "Cấp chứng thư cho 1 cơ quan, tổ chức"),
        ("mau_07_handover", 3, "Thông báo bàn giao 3 thiết bị"),
    ],
)
def test_a_dossier_is_called_by_what_it_is_about_and_whose_it_is(
    kind: str, rows: int, headline: str
) -> None:
    agency = builders.agency("UBND xã Tân Uyên", office=builders.office())
    dossier = builders.dossier(
        agency=agency, kind=kind, rows=0, row_count=rows, letter_number="7/UBND"
    )

    assert title_of(dossier) == f"{headline}, số 7/UBND ngày 20/11/2026 – UBND xã Tân Uyên"


@pytest.mark.parametrize(
    ("kind", "rows", "headline"),
    [
        ("mau_01_person", 1, "Cấp mới: Lò Văn Một"),
        ("mau_01_person", 1001, "Cấp mới: Lò Văn Một và 1.000 người khác"),
        ("mau_02_organisation", 2, "Cấp mới: Lò Văn Một và 1 cơ quan, tổ chức khác"),
        ("mau_05_revoke", 3, "Thu hồi chứng thư: Lò Văn Một và 2 chứng thư khác"),
        ("mau_09_loss", 1, "Xác nhận thất lạc thiết bị: Lò Văn Một"),
    ],
)
def test_a_dossier_with_rows_is_called_by_the_first_of_them(
    kind: str, rows: int, headline: str
) -> None:
    dossier = builders.dossier(kind=kind, rows=0, row_count=rows, first_title="Lò Văn Một")

    assert headline_of(dossier) == headline


def test_the_first_title_follows_the_list() -> None:
    people = story.cast()
    dossier = story.drafted(people, rows=3)
    first, second, _third = dossier.items.order_by("position")
    was = dossier.first_title

    remove_row(dossier, first.uuid, actor=people.clerk, now=builders.NOW, version=dossier.version)
    dossier.refresh_from_db()
    removed = dossier.first_title, dossier.row_count
    save_rows(
        dossier,
        {second.uuid: {"full_name": "Tao Thị Mới"}},
        actor=people.clerk,
        now=builders.NOW,
        version=dossier.version,
    )
    dossier.refresh_from_db()

    assert was == first.title
    assert removed == (second.title, 2)
    assert dossier.first_title == "Tao Thị Mới"


def test_who_gets_a_letter_again_is_not_told_what_is_corrected_meanwhile() -> None:
    people = story.cast()
    dossier = story.sent(people)
    story.step(dossier, Action.RETURN, people.officer, reason="Thiếu")
    dossier.refresh_from_db()
    item = dossier.items.get()
    save_rows(
        dossier,
        {item.uuid: {"full_name": "Tao Thị Kín"}},
        actor=people.clerk,
        now=builders.NOW,
        version=dossier.version,
    )

    story.step(dossier, Action.WITHDRAW, people.clerk, reason="Không cần nữa")

    told = Notice.objects.filter(recipient=people.office_head).order_by("-pk")[0]
    assert "Tao Thị Kín" not in told.title
    assert dossier.letter_number not in told.title


@pytest.mark.both
def test_what_stood_before_is_named_by_the_migration() -> None:
    dossier = builders.dossier(rows=2, state=State.RETURNED)

    import_module("requests_app.migrations.0006_first_titles").fill(apps, None)

    dossier.refresh_from_db()
    assert (dossier.first_title, dossier.received_on) == ("Người thứ 1", None)


def test_every_kind_has_a_headline_that_counts() -> None:
    assert all("{count}" in str(kind.headline) for kind in kinds.KINDS.values())


def test_a_body_with_the_longest_name_can_send() -> None:
    people = story.cast()
    dossier = story.drafted(people)
    people.agency.name = "Ủ" * 250
    people.agency.save()

    story.send_in_ink(dossier, people)

    assert max(len(one.title) for one in Deadline.objects.all()) == 250
    assert max(len(one.title) for one in Notice.objects.all()) == 250


def test_what_is_checked_before_signing_again_is_the_letter_as_it_is_now(client: Client) -> None:
    people = story.cast()
    dossier = story.sent(people)
    story.step(dossier, Action.RETURN, people.officer, reason="Thiếu")
    client.force_login(people.clerk)
    letter = reverse("requests_app:letter", args=[dossier.uuid])
    assert dossier.letter is not None

    check = client.get(reverse("requests_app:check", args=[dossier.uuid])).text
    now = client.get(letter, {"draft": ""})

    assert reverse("requests_app:preview", args=[dossier.uuid]) in check
    assert f"{letter}?draft" in check
    assert now["Content-Type"] == "application/pdf"
    assert "Content-Disposition" not in now
    client.force_login(people.officer)
    frozen = client.get(letter, {"draft": ""})
    assert "inline" in frozen["Content-Disposition"]


def test_the_start_page_remembers_what_one_came_for(client: Client) -> None:
    client.force_login(story.cast().clerk)

    text = client.get(reverse("requests_app:start"), {"need": "mau_07_handover"}).text

    assert re.findall(r'<input[^>]*value="([^"]+)"[^>]*\schecked', text) == ["mau_07_handover"]


def test_every_step_has_words_for_the_history() -> None:
    assert all(deed_of(action) and done_of(action) for action in Action)
