"""A dossier in human words, and the letter a returned dossier will have."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from portal.deadlines.models import Deadline
from portal.notices.models import Notice
from requests_app import kinds
from requests_app.pages.wording import deed_of
from requests_app.titles import title_of
from requests_app.workflow import Action
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
    dossier = builders.dossier(agency=agency, kind=kind, rows=0, row_count=rows)

    assert title_of(dossier) == f"{headline} – UBND xã Tân Uyên"


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
    assert all(deed_of(action) for action in Action)
