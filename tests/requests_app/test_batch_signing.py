"""Many letters signed with one PIN: each as it would be alone, a wrong PIN counted once."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from portal.ca.models import VirtualToken
from portal.core.roles import Role
from requests_app.models import Dossier
from requests_app.signatures.batch_signing import Came, looked_at, sign_all, waiting_for
from requests_app.submission.checks import violations_before_sending
from requests_app.workflow import Action, State
from tests import builders, story
from tests.builders import NOW

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("ca")]


@pytest.fixture
def people() -> Iterator[story.Cast]:
    with time_machine.travel(NOW, tick=False):
        yield story.able_to_sign(story.cast())


def waiting(people: story.Cast, number: int) -> Dossier:
    """A letter about one person that waits for the head."""
    answers = [builders.person_answers(number)]
    dossier = story.draft_of(people, "mau_01_person", answers)
    return story.step(dossier, Action.REQUEST_SIGNATURE, people.clerk)


def seen(*dossiers: Dossier) -> list[tuple[UUID, int]]:
    return [(one.uuid, one.version) for one in dossiers]


def tries_left(people: story.Cast) -> int:
    token = VirtualToken.objects.get(key__certificates__subscriber=people.head.person)
    return int(token.tries_left)


def test_each_letter_is_signed_and_the_clerk_seals_them_all(people: story.Cast) -> None:
    first, second = waiting(people, 1), waiting(people, 2)

    results, refusal = sign_all(seen(first, second), actor=people.head, pin=story.PIN, now=NOW)

    assert [one.came for one in results] == [Came.SIGNED, Came.SIGNED]
    assert refusal is None
    first.refresh_from_db()
    second.refresh_from_db()
    assert {first.state, second.state} == {State.AWAITING_SEAL}
    assert first.signed_letter_id != second.signed_letter_id
    sealed, _no = sign_all(seen(first, second), actor=people.clerk, pin=story.PIN, now=NOW)
    assert [one.came for one in sealed] == [Came.SIGNED, Came.SIGNED]
    assert set(Dossier.objects.values_list("state", flat=True)) == {State.SUBMITTED}


def test_a_wrong_pin_counts_once_and_ends_the_batch(people: story.Cast) -> None:
    letters = [waiting(people, 1), waiting(people, 2)]
    before = tries_left(people)

    results, refusal = sign_all(seen(*letters), actor=people.head, pin="sai-ma-pin", now=NOW)

    assert [one.came for one in results] == [Came.NOT_TRIED, Came.NOT_TRIED]
    assert refusal is not None
    assert tries_left(people) == before - 1


def test_a_letter_that_changed_meanwhile_is_left_and_the_others_are_signed(
    people: story.Cast,
) -> None:
    first, second = waiting(people, 1), waiting(people, 2)
    chosen = [(first.uuid, first.version - 1), (second.uuid, second.version)]

    results, _refusal = sign_all(chosen, actor=people.head, pin=story.PIN, now=NOW)

    assert [one.came for one in results] == [Came.CHANGED, Came.SIGNED]


def test_who_drafted_cannot_sign_and_sees_why(people: story.Cast) -> None:
    letter = waiting(people, 1)
    people.clerk.person = people.head.person
    people.clerk.save()

    (shown,) = looked_at(waiting_for(people.head), people.head, now=NOW)
    results, _refusal = sign_all(seen(letter), actor=people.head, pin=story.PIN, now=NOW)

    assert [one.code for one in shown.violations] == ["barred"]
    assert [one.came for one in results] == [Came.REFUSED]


def test_a_letter_signed_in_ink_cannot_be_chosen(people: story.Cast) -> None:
    letter = waiting(people, 1)
    Dossier.objects.filter(pk=letter.pk).update(signing_mode="ink")

    (shown,) = looked_at(waiting_for(people.head), people.head, now=NOW)
    results, _refusal = sign_all(seen(letter), actor=people.head, pin=story.PIN, now=NOW)

    assert not shown.can_be_chosen
    assert [one.came for one in results] == [Came.REFUSED]


def test_another_bodys_letter_is_not_signed(people: story.Cast) -> None:
    letter = waiting(people, 1)
    stranger = builders.user(Role.HEAD, agency=builders.agency(office=people.agency.office))

    assert sign_all(seen(letter), actor=stranger, pin=story.PIN, now=NOW) == ([], None)


def test_the_page_signs_what_was_chosen_and_says_what_came_of_it(people: story.Cast) -> None:
    first, second = waiting(people, 1), waiting(people, 2)
    client = Client()
    client.force_login(people.head)
    address = reverse("requests_app:sign_many")
    page = client.get(address).content.decode()
    assert all(f"{one.uuid}:{one.version}" in page for one in (first, second))

    wrong = client.post(
        address,
        {"chosen": [f"{first.uuid}:{first.version}"], "looked": "on", "pin": "sai-ma-pin"},
    )
    right = client.post(
        address,
        {"chosen": [f"{first.uuid}:{first.version}"], "looked": "on", "pin": story.PIN},
    )

    assert "pin" in wrong.context["form"].errors
    assert "sai-ma-pin" not in wrong.content.decode()
    assert right.context["signed"] == 1
    assert [one.dossier for one in right.context["digital"]] == [second]


def test_nothing_chosen_or_not_looked_at_signs_nothing(people: story.Cast) -> None:
    letter = waiting(people, 1)
    client = Client()
    client.force_login(people.head)

    page = client.post(reverse("requests_app:sign_many"), {"chosen": ["x"], "pin": story.PIN})

    assert set(page.context["form"].errors) == {"chosen", "looked"}
    letter.refresh_from_db()
    assert letter.state == State.AWAITING_SIGNATURE


def test_a_letter_whose_rows_are_wrong_by_now_cannot_be_chosen(people: story.Cast) -> None:
    letter = waiting(people, 1)
    item = letter.items.get()
    item.answers = {**item.answers, "email": "a@gmail.com"}
    item.save()

    (shown,) = looked_at(waiting_for(people.head), people.head, now=NOW)

    assert shown.violations
    assert not violations_before_sending(letter, now=NOW) or not shown.can_be_chosen
