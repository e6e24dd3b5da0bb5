"""What the person who decides should look at twice, and who is told which body it is about."""

from __future__ import annotations

import pytest

from portal.accounts.models import User
from requests_app.models import Dossier, Procedure
from requests_app.submission.checks import second_looks
from requests_app.workflow import State
from tests import builders, story
from tests.builders import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def people() -> story.Cast:
    return story.cast(procedure=Procedure.RENEW_CHANGE)


def told(dossier: Dossier, reader: User) -> str:
    return " ".join(one.message for one in second_looks(dossier, reader=reader, now=NOW))


def about_someone_of(body: story.Cast, people: story.Cast) -> Dossier:
    certificate = builders.certificate(subscriber=builders.person(at=body.agency))
    dossier = builders.dossier(agency=people.agency, kind="mau_04_renew_change")
    dossier.items.update(certificate=certificate)
    return dossier


def test_a_person_of_another_body_is_pointed_out_and_only_the_ca_reads_which(
    people: story.Cast,
) -> None:
    before = story.cast_beside(people)
    dossier = about_someone_of(before, people)

    assert before.agency.name in told(dossier, people.operator)
    assert "cơ quan khác" in told(dossier, people.officer)
    assert before.agency.name not in told(dossier, people.officer)


def test_an_own_person_is_nothing_to_look_at_twice(people: story.Cast) -> None:
    assert told(about_someone_of(people, people), people.operator) == ""


def test_the_open_dossier_of_another_body_is_told_to_the_ca_alone(people: story.Cast) -> None:
    others = story.cast_beside(people)
    dossier = about_someone_of(people, people)
    theirs = builders.dossier(agency=others.agency, kind="mau_05_revoke", state=State.SUBMITTED)
    theirs.items.update(certificate=dossier.items.get().certificate)

    assert others.agency.name in told(dossier, people.operator)
    assert told(dossier, people.officer) == ""
