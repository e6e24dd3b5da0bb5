"""Section 1 of the forms: what it begins with, and where its faults are mended."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from requests_app.drafts.services import create_draft
from requests_app.models import Dossier, Procedure
from requests_app.submission.checks import violations_before_signing
from requests_app.workflow import Route
from tests import builders, story
from tests.builders import NOW, person_answers

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _today() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def proposed(client: Client, dossier: Dossier) -> dict[str, str]:
    form = client.get(reverse("requests_app:letter_data", args=[dossier.uuid])).context["form"]
    return {name: form[name].value() for name in form.fields if form[name].value()}


def test_it_begins_with_the_last_one_filled_in_whatever_was_left_empty_since(
    client: Client,
) -> None:
    people = story.cast()
    client.force_login(people.clerk)
    story.drafted(people)
    create_draft("mau_01_person", actor=people.clerk, now=NOW)  # begun and left
    draft = create_draft("mau_01_person", actor=people.clerk, now=NOW)

    found = proposed(client, draft)

    assert found["contact_full_name"] == story.CONTACT["full_name"]
    assert found["contact_address"] == story.CONTACT["address"]


def test_another_forms_tells_of_the_same_person_and_the_body_names_itself(client: Client) -> None:
    people = story.cast()
    builders.routing(Procedure.RECOVER, Route.VIA_OFFICE)
    client.force_login(people.clerk)
    story.drafted(people)
    draft = create_draft("mau_06_recover", actor=people.clerk, now=NOW)

    found = proposed(client, draft)

    assert found["contact_full_name"] == story.CONTACT["full_name"]
    assert found["contact_workplace"] == people.agency.name


def test_a_fault_leads_to_where_it_is_mended(client: Client) -> None:
    people = story.cast()
    client.force_login(people.clerk)
    dossier = story.draft_of(
        people,
        "mau_01_person",
        [person_answers(1, org2=people.agency.name), person_answers(2, email="")],
        contact={"full_name": "Lò Thị Nhận", "phone": "1"},
    )

    faults = violations_before_signing(dossier, now=NOW)
    page = client.get(reverse("requests_app:check", args=[dossier.uuid])).content.decode()

    letter = reverse("requests_app:letter_data", args=[dossier.uuid])
    of_section_1 = [one for one in faults if one.link.startswith(letter)]
    assert [(one.code, one.link.rpartition("_")[2]) for one in of_section_1] == [
        ("missing", "number"),  # what is empty is one thing to do
        ("not_a_mobile_number", "phone"),
    ]
    assert f'href="{letter}#id_contact_identity_number"' in page
    assert "?page=1#o-2-full_name" in page
