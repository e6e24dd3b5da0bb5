"""Many letters numbered in one table: each as it would be alone."""

from __future__ import annotations

from datetime import date

import pytest
from django.test import Client
from django.urls import reverse

from portal.core.roles import Role
from requests_app.drafts.services import create_draft
from requests_app.models import Dossier
from tests import builders, story
from tests.builders import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def people() -> story.Cast:
    return story.cast()


def draft(people: story.Cast) -> Dossier:
    return create_draft("mau_01_person", actor=people.clerk, now=NOW)


def typed(dossier: Dossier, number: str, day: str, *, version: int = 0) -> dict[str, str]:
    return {
        f"number-{dossier.uuid}": number,
        f"date-{dossier.uuid}": day,
        f"version-{dossier.uuid}": str(version or dossier.version),
    }


def post(people: story.Cast, data: dict[str, str]) -> tuple[int, str]:
    client = Client()
    client.force_login(people.clerk)
    response = client.post(reverse("requests_app:number_many"), data)
    return response.status_code, response.content.decode()


def test_each_gets_its_number_and_a_blank_row_stays_as_it_is(people: story.Cast) -> None:
    first, second, third = draft(people), draft(people), draft(people)

    status, _page = post(
        people, typed(first, "1/UBND", "20/11/2026") | typed(second, "2/UBND", "19/11/2026")
    )

    assert status == 302
    first.refresh_from_db()
    assert (first.letter_number, first.letter_date) == ("1/UBND", date(2026, 11, 20))
    third.refresh_from_db()
    assert third.letter_number == ""


def test_a_row_that_makes_no_sense_comes_back_and_the_others_are_kept(people: story.Cast) -> None:
    first, second = draft(people), draft(people)

    status, page = post(people, typed(first, "1/UBND", "20/11/2026") | typed(second, "2/UBND", "x"))

    assert status == 200
    assert 'value="2/UBND"' in page
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.letter_number, second.letter_number) == ("1/UBND", "")


def test_what_changed_meanwhile_is_not_overwritten(people: story.Cast) -> None:
    one = draft(people)

    status, _page = post(people, typed(one, "1/UBND", "20/11/2026", version=99))

    one.refresh_from_db()
    assert (status, one.letter_number) == (200, "")


def test_another_bodys_letter_gets_no_number(people: story.Cast) -> None:
    one = draft(people)
    stranger = story.cast_beside(people)
    builders.user(Role.CLERK, agency=stranger.agency)

    post(stranger, typed(one, "1/UBND", "20/11/2026"))

    one.refresh_from_db()
    assert one.letter_number == ""
