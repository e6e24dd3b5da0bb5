"""An old serial typed on a row: what stands long yet is told of, and stops nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from portal.ca.models import Certificate
from requests_app.kinds import reissue_warning as reissue
from requests_app.kinds import row_rules
from requests_app.models import Dossier
from requests_app.submission import checks
from requests_app.submission.checks import violations_before_signing
from requests_app.workflow import State
from tests import builders, story
from tests.builders import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def people() -> story.Cast:
    return story.cast()


def old_of(people: story.Cast, *, days_left: int = 400) -> Certificate:
    return builders.certificate(
        subscriber=builders.person(at=people.agency), not_after=NOW + timedelta(days=days_left)
    )


def naming(people: story.Cast, serial: str) -> Dossier:
    answers = builders.person_answers(1, full_name="Lò Văn Thử", old_serial=serial)
    return story.draft_of(people, "mau_01_person", [answers])


def warned(dossier: Dossier) -> list[tuple[str, int | None]]:
    found = reissue.warnings(dossier, list(row_rules.rows_of(dossier)), now=NOW)
    return [(one.code, one.row) for one in found]


@pytest.mark.parametrize(
    ("days_left", "expected"),
    [(400, [("still_long_valid", 1)]), (30, [("still_long_valid", 1)]), (29, []), (-1, [])],
)
def test_the_warning_begins_with_30_days_left(
    people: story.Cast, days_left: int, expected: list[tuple[str, int]]
) -> None:
    dossier = naming(people, old_of(people, days_left=days_left).serial)

    assert warned(dossier) == expected


def test_the_serial_may_be_typed_in_small_letters(people: story.Cast) -> None:
    assert warned(naming(people, old_of(people).serial.lower())) == [("still_long_valid", 1)]


def test_of_another_bodys_certificate_nothing_is_told(people: story.Cast) -> None:
    assert warned(naming(people, old_of(story.cast_beside(people)).serial)) == []


def test_what_is_being_revoked_is_replaced_rightly(people: story.Cast) -> None:
    old = old_of(people)
    asked = builders.dossier(agency=people.agency, kind="mau_05_revoke", state=State.SUBMITTED)
    asked.items.update(certificate=old)

    assert warned(naming(people, old.serial)) == []


def test_the_clerk_is_warned_and_not_stopped_and_the_ca_sees_it(people: story.Cast) -> None:
    dossier = naming(people, old_of(people).serial)
    client = Client()
    client.force_login(people.clerk)

    page = client.get(reverse("requests_app:check", args=[dossier.uuid])).text

    assert "chưa cấp mới thay thế" in page
    assert violations_before_signing(dossier, now=NOW) == []
    looks = [
        one.message
        for one in checks.checks(dossier, reader=people.operator, now=NOW)
        if one.status == "look"
    ]
    assert any("chưa cấp mới thay thế" in message for message in looks)
