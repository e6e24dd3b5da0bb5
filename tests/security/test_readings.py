"""Who reads whole identity numbers leaves one entry a day; nothing of it stays in a browser."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import Settings

from portal.accounts.models import User
from portal.audit import services as audit
from portal.audit.models import AuditEntry, NotedOnce
from portal.core.roles import Role
from requests_app.acts import dossier_act
from requests_app.models import Dossier
from requests_app.workflow import State
from tests import builders, story
from tests.builders import NOW

pytestmark = pytest.mark.django_db
NUMBER = builders.person_answers(1)["identity_number"]


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


def readings(dossier: Dossier) -> list[object]:
    entries = AuditEntry.objects.filter(action="dossier.read_numbers", target_uuid=dossier.uuid)
    return list(entries.values_list("actor_uuid", flat=True))


def browser_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def readers(people: story.Cast) -> list[User]:
    auditor = builders.user(Role.AUDITOR, agency=people.agency)
    return [people.clerk, people.head, people.officer, people.operator, auditor]


def test_everybody_who_opens_a_letter_is_on_record_once_a_day(
    clock: time_machine.Traveller,
) -> None:
    people = story.cast()
    dossier = story.decided(people)
    everybody = readers(people)
    for user in everybody:
        for _time in range(2):
            letter = reverse("requests_app:letter", args=[dossier.uuid])
            assert browser_of(user).get(letter).status_code == 200

    assert readings(dossier) == [user.uuid for user in everybody]
    clock.shift(timedelta(days=1))
    browser_of(people.head).get(letter)
    assert readings(dossier) == [*(user.uuid for user in everybody), people.head.uuid]


@pytest.mark.parametrize("name", ["letter", "preview", "editor", "letter_data", "row"])
def test_each_page_that_shows_whole_numbers_notes_its_reader(name: str) -> None:
    people = story.cast()
    dossier = story.drafted(people)
    args = [dossier.items.get().uuid] if name == "row" else []

    answer = browser_of(people.clerk).get(
        reverse(f"requests_app:{name}", args=[dossier.uuid, *args])
    )

    assert answer.status_code == 200
    assert readings(dossier) == [people.clerk.uuid]


def test_pages_that_mask_the_numbers_note_nobody() -> None:
    people = story.cast()
    dossier = story.decided(people)
    for name in ("detail", "check", "review"):
        page = reverse(f"requests_app:{name}", args=[dossier.uuid])
        for user in readers(people):
            assert NUMBER not in browser_of(user).get(page).content.decode()

    assert readings(dossier) == []


def test_a_list_taken_as_a_sheet_is_on_record() -> None:
    people = story.cast()
    dossier = story.drafted(people)

    browser_of(people.clerk).get(reverse("requests_app:export_rows", args=[dossier.uuid]))

    entry = AuditEntry.objects.get(action="dossier.export_rows")
    assert entry.actor_uuid == people.clerk.uuid


def test_reading_again_costs_one_query_more_than_not_noting_it() -> None:
    people = story.cast()
    dossier = story.drafted(people)
    act = dossier_act("dossier.read_numbers", dossier)
    assert audit.record_daily(act, actor=people.clerk, now=NOW)

    with CaptureQueriesContext(connection) as queries:
        assert not audit.record_daily(act, actor=people.clerk, now=NOW)

    assert len(queries) == 1


@pytest.mark.django_db(transaction=True)
def test_readings_at_once_are_one_entry() -> None:
    people = story.cast()
    dossier = builders.dossier(agency=people.agency, state=State.SUBMITTED)
    act = dossier_act("dossier.read_numbers", dossier)
    ready = Barrier(6)

    def read(_reader: int) -> bool:
        ready.wait()
        try:
            return audit.record_daily(act, actor=people.clerk, now=NOW)
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        told = list(pool.map(read, range(6)))

    assert told.count(True) == 1
    assert readings(dossier) == [people.clerk.uuid]


def test_what_was_noted_is_forgotten_when_the_day_is_over() -> None:
    act = audit.Act(action="dossier.read_numbers", target_type="dossier", target_uuid=None)
    audit.record_daily(act, actor=None, now=NOW)

    assert audit.forget_noted(now=NOW + timedelta(days=1)) == 0
    assert audit.forget_noted(now=NOW + timedelta(days=3)) == 1
    assert not NotedOnce.objects.exists()


@pytest.mark.parametrize("state", [State.DRAFT, State.RETURNED, State.AWAITING_SIGNATURE])
def test_an_auditor_finds_the_letters_that_the_page_leads_to(state: State) -> None:
    people = story.cast()
    dossier = story.drafted(people)
    Dossier.objects.filter(pk=dossier.pk).update(state=state)
    browser = browser_of(builders.user(Role.AUDITOR, agency=people.agency))

    for name in ("letter", "preview"):
        page = reverse(f"requests_app:{name}", args=[dossier.uuid])
        assert page in browser.get(reverse("requests_app:detail", args=[dossier.uuid])).text
        assert browser.get(page).status_code == 200
        assert browser.get(f"{page}?draft").status_code == 200


PRIVATE = ("/", "/ho-so/", "/tai-khoan/doi-mat-khau/", "/khong-co-trang-nay/", "/api/v1/dossiers")


@pytest.mark.parametrize("path", PRIVATE)
def test_no_page_of_who_is_signed_in_stays_in_a_browser(path: str) -> None:
    answer = browser_of(builders.user(Role.CLERK)).get(path)

    assert "no-store" in answer["Cache-Control"]
    assert "camera=()" in answer["Permissions-Policy"]


def test_who_finds_a_weakness_reads_where_to_write(client: Client, settings: Settings) -> None:
    assert client.get("/.well-known/security.txt").status_code == 404
    settings.SECURITY_CONTACT = ["mailto:an-toan@portal.example"]

    answer = client.get("/.well-known/security.txt")

    assert answer["Content-Type"].startswith("text/plain")
    assert answer.text.splitlines()[:2] == [
        "Contact: mailto:an-toan@portal.example",
        f"Expires: {NOW + timedelta(days=180):%Y-%m-%dT%H:%M:%SZ}",
    ]
