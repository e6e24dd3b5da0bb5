"""Forms that no page of ours sends are refused, not crashed upon."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from requests_app.drafts.services import save_letter
from requests_app.workflow import Action
from tests import builders, story

pytestmark = pytest.mark.django_db


def test_a_step_with_a_percent_sign_for_an_action_comes_back_as_a_form(client: Client) -> None:
    people = story.cast()
    dossier = story.drafted(people)
    client.force_login(people.clerk)

    answer = client.post(
        reverse("requests_app:take_step", args=[dossier.uuid]), {"action": "%", "version": "1"}
    )

    assert answer.status_code == 200


@pytest.mark.parametrize("version", ["9" * 5000, "١٢", "-1", "", "x"])
def test_an_odd_version_is_a_conflict(client: Client, version: str) -> None:
    people = story.cast()
    dossier = story.sent(people)
    story.step(dossier, Action.FORWARD, people.officer)
    client.force_login(people.operator)

    for route in ("accept_all", "decide_rows"):
        page = reverse(f"requests_app:{route}", args=[dossier.uuid])
        assert client.post(page, {"version": version}).status_code == 409


def test_control_characters_are_not_kept(client: Client) -> None:
    people = story.cast()
    dossier = story.drafted(people)
    client.force_login(people.clerk)
    item = dossier.items.get()

    client.post(
        reverse("requests_app:editor", args=[dossier.uuid]),
        {"version": str(dossier.version), f"{item.uuid}:full_name": "Lò\x00 Văn\x01 Thử\x7f"},
    )

    item.refresh_from_db()
    assert item.answers["full_name"] == item.title == "Lò Văn Thử"


@pytest.mark.parametrize("day", ["01/01/0001", "31/12/9999"])
@pytest.mark.parametrize("name", ["since", "until"])
def test_the_list_can_be_asked_for_the_ends_of_time(client: Client, name: str, day: str) -> None:
    client.force_login(story.cast().clerk)

    assert client.get(reverse("requests_app:list"), {name: day}).status_code == 200


def test_a_telephone_number_with_spaces_is_masked_as_well(client: Client) -> None:
    people = story.cast()
    dossier = story.drafted(people)
    save_letter(
        dossier,
        letter_number=dossier.letter_number,
        letter_date=dossier.letter_date,
        contact=story.CONTACT | {"phone": "+84 912 345 678"},
        note="",
        actor=people.clerk,
        now=builders.NOW,
        version=dossier.version,
    )
    client.force_login(people.clerk)

    page = client.get(reverse("requests_app:detail", args=[dossier.uuid])).content.decode()

    assert "912 345" not in page
