"""The page of a dossier: what is shown to whom, papers, rows, progress."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from portal.audit.models import AuditEntry
from portal.core.roles import Role
from requests_app.models import Decision, Dossier, DossierCopy, Outcome
from requests_app.workflow import Action, State
from tests import builders, story

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(builders.NOW):
        yield


NUMBER = builders.person_answers(1)["identity_number"]


def page(name: str, dossier: Dossier, *args: object) -> str:
    return reverse(f"requests_app:{name}", args=[dossier.uuid, *args])


def test_the_page_costs_the_same_queries_for_a_long_list(client: Client) -> None:
    people = story.cast()
    client.force_login(people.officer)
    counts = []
    for rows in (1, 40):
        dossier = builders.dossier(agency=people.agency, state=State.SUBMITTED, rows=rows)
        client.get(page("detail", dossier))
        with CaptureQueriesContext(connection) as queries:
            assert client.get(page("detail", dossier)).status_code == 200
        counts.append(len(queries))

    assert counts[0] == counts[1]
    assert counts[1] <= 25


def test_personal_numbers_are_masked_and_a_whole_one_is_read_on_the_record(client: Client) -> None:
    people = story.cast()
    dossier = story.sent(people)
    client.force_login(people.officer)

    detail = client.get(page("detail", dossier)).text
    assert NUMBER not in detail
    assert "0120•••••001" in detail
    assert story.CONTACT["identity_number"] not in detail

    row = client.get(page("row", dossier, dossier.items.get().uuid))
    assert NUMBER in row.text
    entry = AuditEntry.objects.latest("sequence")
    assert (entry.action, entry.actor_uuid) == ("dossier.read_numbers", people.officer.uuid)


def test_who_only_follows_sees_neither_papers_nor_numbers(client: Client) -> None:
    people, other = story.cast(), builders.user(Role.CLERK)
    dossier = story.sent(people)
    DossierCopy.objects.create(dossier=dossier, agency=other.agency)
    client.force_login(other)

    detail = client.get(page("detail", dossier))

    assert detail.status_code == 200
    assert NUMBER not in detail.text
    assert page("letter", dossier) not in detail.text
    row, attachment = dossier.items.get(), dossier.attachments.get()
    for address in (
        page("letter", dossier),
        page("preview", dossier),
        page("row", dossier, row.uuid),
        page("attachment", dossier, attachment.uuid),
    ):
        assert client.get(address).status_code == 404


@pytest.mark.parametrize(
    "name",
    ["detail", "letter", "preview", "check", "sign", "review", "confirm", "progress", "done"],
)
def test_a_strangers_dossier_is_not_there(client: Client, name: str) -> None:
    dossier = builders.dossier(state=State.SUBMITTED)
    client.force_login(builders.user(Role.CLERK))

    assert client.get(page(name, dossier)).status_code == 404


@pytest.mark.parametrize("name", ["check", "sign", "review", "confirm"])
def test_a_page_for_a_step_that_is_not_open_leads_back(client: Client, name: str) -> None:
    people = story.cast()
    dossier = builders.dossier(agency=people.agency, state=State.COMPLETED)
    client.force_login(people.clerk)

    assert client.get(page(name, dossier)).headers["Location"] == page("detail", dossier)


def test_a_returned_dossier_says_why_on_top(client: Client) -> None:
    people = story.cast()
    dossier = story.sent(people)
    story.step(dossier, Action.RETURN, people.officer, reason="Dòng 1 thiếu ngày cấp.")
    client.force_login(people.clerk)

    text = client.get(page("detail", dossier)).text

    assert text.index("Dòng 1 thiếu ngày cấp.") < text.index("Thông tin chung")
    assert page("editor", dossier) in text


def test_progress_shows_counts_and_failures_and_refreshes_until_it_ends(client: Client) -> None:
    people = story.cast()
    dossier = story.confirmed(people, rows=3, refuse=1)
    first = dossier.items.get(position=1)
    first.outcome, first.outcome_reason = Outcome.FAILED, "Kho hết thiết bị."
    first.save()
    client.force_login(people.operator)

    part = client.get(page("progress", dossier), headers={"HX-Request": "true"})
    assert 'hx-trigger="every 3s"' in part.text
    assert "Kho hết thiết bị." in part.text
    assert 'max="2"' in part.text
    assert client.get(page("progress", dossier)).headers["Location"] == page("detail", dossier)

    Dossier.objects.filter(pk=dossier.pk).update(state=State.EXECUTION_FAILED)
    part = client.get(page("progress", dossier), headers={"HX-Request": "true"})
    assert part.headers["HX-Refresh"] == "true"
    assert "hx-trigger" not in part.text


def test_the_letter_is_shown_in_a_frame_of_ours_and_nobody_elses(client: Client) -> None:
    people = story.cast()
    dossier = story.drafted(people)
    client.force_login(people.clerk)

    for name, kind in (("preview", "text/html"), ("letter", "application/pdf")):
        answer = client.get(page(name, dossier))
        assert answer.headers["Content-Type"].startswith(kind)
        assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
        assert "frame-ancestors 'self'" in answer.headers["Content-Security-Policy"]
    assert client.get(page("detail", dossier)).headers["X-Frame-Options"] == "DENY"


def test_a_file_is_attached_shown_and_taken_off(client: Client) -> None:
    people = story.cast()
    dossier = story.drafted(people)
    client.force_login(people.clerk)
    upload = SimpleUploadedFile("de-nghi.pdf", story.blank_pdf(), content_type="application/pdf")
    data = {"kind": "own_request", "row": "1", "file": upload, "version": dossier.version}

    client.post(page("attach", dossier), data)

    attachment = dossier.attachments.get()
    assert attachment.item == dossier.items.get()
    download = client.get(page("attachment", dossier, attachment.uuid))
    assert download.headers["Content-Disposition"].startswith("attachment")
    assert download.headers["X-Content-Type-Options"] == "nosniff"

    dossier.refresh_from_db()
    client.post(page("detach", dossier, attachment.uuid), {"version": dossier.version})
    attachment.refresh_from_db()
    assert not attachment.is_current


@pytest.mark.parametrize(
    ("name", "content", "row"),
    [("tro-choi.exe", b"MZ\x90\0", ""), ("de-nghi.pdf", None, "9"), ("de-nghi.pdf", None, "")],
)
def test_a_file_that_can_not_be_kept_says_why(
    client: Client, name: str, content: bytes | None, row: str
) -> None:
    people = story.cast()
    dossier = story.drafted(people)
    client.force_login(people.clerk)
    upload = SimpleUploadedFile(name, content or story.blank_pdf())
    data = {"kind": "own_request", "row": row, "file": upload, "version": dossier.version}

    answer = client.post(page("attach", dossier), data)

    assert answer.status_code == 200
    assert "error-summary" in answer.text
    assert not dossier.attachments.exists()


def test_a_refusal_in_writing_can_be_downloaded(client: Client) -> None:
    people = story.cast()
    dossier = story.decided(people, rows=2, refuse=2)
    story.step(dossier, Action.REJECT, people.supervisor)
    client.force_login(people.clerk)
    document = dossier.events.get(action=Action.REJECT).document
    assert document is not None

    answer = client.get(page("event_document", dossier, document.uuid))

    assert answer.content.startswith(b"%PDF")
    assert set(dossier.items.values_list("decision", flat=True)) == {Decision.REFUSED}
