"""What is asked twice is refused with a link to the other dossier, on pages and by the API."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from portal.core.rules import Refused
from requests_app.kinds.base import EffectKind
from requests_app.kinds.duplicates import asked_twice
from requests_app.models import Dossier, DossierItem
from requests_app.workflow import Action, State
from tests import builders, story
from tests.builders import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def twice(people: story.Cast) -> tuple[Dossier, Dossier]:
    """Two dossiers for the same person, the first one sent."""
    first = story.sent(people)
    return first, story.drafted(people)


def link_to(dossier: Dossier) -> str:
    return reverse("requests_app:detail", args=[dossier.uuid])


def test_the_second_dossier_for_a_person_is_refused_with_a_link_to_the_first() -> None:
    people = story.cast()
    first, second = twice(people)

    with pytest.raises(Refused) as refusal:
        story.step(second, Action.REQUEST_SIGNATURE, people.clerk)

    (violation,) = refusal.value.violations
    assert (violation.code, violation.row) == ("duplicate_open", 1)
    assert violation.link == link_to(first)


def test_the_check_page_shows_the_link() -> None:
    people = story.cast()
    first, second = twice(people)
    client = Client()
    client.force_login(people.clerk)

    shown = client.get(reverse("requests_app:check", args=[second.uuid])).text

    assert f'class="way-out" href="{link_to(first)}"' in shown


def test_the_api_tells_the_link() -> None:
    people = story.cast()
    first, second = twice(people)
    client = Client()
    client.force_login(people.clerk)

    answer = client.post(
        reverse("api:steps", args=[second.uuid]),
        {"action": "request_signature", "version": second.version},
        content_type="application/json",
    )

    assert answer.status_code == 422
    assert [one["link"] for one in answer.json()["violations"]] == [link_to(first)]


@pytest.mark.parametrize("is_predecessor", [False, True])
def test_the_dossier_of_another_body_is_not_linked_and_only_a_predecessor_is_named(
    is_predecessor: bool,
) -> None:
    people, others = story.cast(), story.cast()
    if is_predecessor:
        builders.succession(others.agency, people.agency)
    person = builders.person(at=people.agency)
    certificate = builders.certificate(subscriber=person)
    theirs = builders.dossier(agency=others.agency, kind="mau_05_revoke", state=State.SUBMITTED)
    theirs.items.update(certificate=certificate)
    item = DossierItem(position=1, title="Lò Văn Thử", certificate=certificate)

    (violation,) = asked_twice(Dossier(agency=people.agency), [item], by={EffectKind.REVOKE})

    assert violation.link == ""
    assert (others.agency.name in violation.way_out) == is_predecessor
    assert ("cơ quan khác" in violation.way_out) != is_predecessor


@pytest.mark.parametrize(
    ("kind", "effect"),
    [
        ("mau_05_revoke", EffectKind.REVOKE),
        ("mau_06_recover", EffectKind.RECOVER),
        ("mau_08_return", EffectKind.GIVE_BACK),
        ("mau_09_loss", EffectKind.RECORD_LOSS),
    ],
)
def test_what_was_asked_of_a_certificate_that_was_replaced_is_asked_of_its_device(
    kind: str, effect: EffectKind
) -> None:
    people = story.cast()
    holder, key = builders.person(at=people.agency), builders.key()
    device = builders.in_hands_of(holder, key)
    old, new = (builders.certificate(subscriber=holder, key_pair=key) for _one in range(2))
    first = builders.dossier(agency=people.agency, kind=kind, state=State.SUBMITTED)
    first.items.update(certificate=old, device=device)
    item = DossierItem(position=1, title=holder.name, certificate=new, device=device)

    (violation,) = asked_twice(Dossier(agency=people.agency), [item], by={effect})

    assert violation.link == link_to(first)


def test_without_a_row_nobody_is_told_to_drop_one() -> None:
    people = story.cast()
    certificate = builders.certificate(subscriber=builders.person(at=people.agency))
    own = builders.dossier(agency=people.agency, kind="mau_05_revoke", state=State.SUBMITTED)
    own.items.update(certificate=certificate)
    item = DossierItem(title="Lò Văn Thử", certificate=certificate)

    (violation,) = asked_twice(Dossier(agency=people.agency), [item], by={EffectKind.REVOKE})

    assert "bỏ dòng" not in violation.way_out
    assert violation.link == link_to(own)
