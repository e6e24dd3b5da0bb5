"""Previews of long letters: printed by the worker piece by piece, one at a time for each person."""

from __future__ import annotations

import io
from datetime import timedelta
from pathlib import Path

import pypdf
import pytest
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import reverse
from pyhanko.pdf_utils.reader import PdfFileReader
from pytest_django import Settings

from portal.accounts.models import User
from portal.audit.models import AuditEntry
from portal.core.roles import Role
from portal.documents import letters as paper
from portal.documents.models import SignatureRole
from portal.documents.signing import find_place
from requests_app.drafts.services import create_draft, import_rows
from requests_app.models import Dossier, LetterPreview
from requests_app.submission import previews
from tests import builders
from tests.builders import NOW

pytestmark = [pytest.mark.django_db, pytest.mark.paper]
ROWS = 7
WAITING = b'hx-trigger="every 3s"'


@pytest.fixture(autouse=True)
def _short_is_long(settings: Settings) -> None:
    settings.LETTER_ROWS_AT_ONCE, settings.LETTER_PIECE_ROWS = 2, 3


@pytest.fixture
def clerk() -> User:
    office = builders.office()
    builders.routing(office=office)
    return builders.user(Role.CLERK, agency=builders.agency(office=office))


def drafted(clerk: User, *, rows: int = ROWS) -> Dossier:
    dossier = create_draft("mau_01_person", actor=clerk, now=NOW)
    people = [builders.person_answers(number) for number in range(1, rows + 1)]
    import_rows(dossier, people, actor=clerk, now=NOW, version=dossier.version)
    dossier.refresh_from_db()
    return dossier


def page(dossier: Dossier) -> str:
    return reverse("requests_app:letter_preview", args=[dossier.uuid])


def text_of(pdf: bytes) -> str:
    return " ".join(one.extract_text() for one in pypdf.PdfReader(io.BytesIO(pdf)).pages)


def test_a_long_letter_is_printed_in_the_background(clerk: User, client: Client) -> None:
    dossier = drafted(clerk)
    client.force_login(clerk)
    asked = client.get(reverse("requests_app:letter", args=[dossier.uuid]))
    assert asked.status_code == 302
    assert asked["Location"] == page(dossier)
    assert WAITING not in client.get(page(dossier)).content

    client.post(page(dossier))

    assert WAITING in client.get(page(dossier)).content
    file = reverse("requests_app:preview_file", args=[dossier.uuid])
    assert client.get(file).status_code == 404
    assert previews.print_waiting(now=NOW) == 1
    assert previews.print_waiting(now=NOW) == 0
    preview = LetterPreview.objects.get()
    assert (preview.rows_done, preview.rows_total, preview.version) == (ROWS, ROWS, dossier.version)
    words = text_of(client.get(file).content)
    assert all(row.answers["identity_number"] in words for row in dossier.items.all())
    assert b"%PDF" not in Path(default_storage.path(preview.path)).read_bytes()
    assert AuditEntry.objects.filter(action="dossier.ask_preview").count() == 1


def test_the_frame_on_the_page_shows_the_first_rows(clerk: User, client: Client) -> None:
    dossier = drafted(clerk)
    client.force_login(clerk)

    shown = client.get(reverse("requests_app:preview", args=[dossier.uuid])).content.decode()

    numbers = [row.answers["identity_number"] for row in dossier.items.all()]
    assert [number in shown for number in numbers] == [True, True] + [False] * (ROWS - 2)
    assert f"({ROWS} " in shown


def test_a_person_has_one_printed_at_a_time(clerk: User, client: Client) -> None:
    first, second = drafted(clerk), drafted(clerk)
    client.force_login(clerk)
    client.post(page(first))

    refused = client.post(page(second))

    assert refused.status_code == 200
    assert LetterPreview.objects.get().dossier == first
    previews.print_waiting(now=NOW)
    assert client.post(page(second)).status_code == 302
    assert LetterPreview.objects.get().dossier == second


def test_asked_again_it_is_the_same_until_the_draft_changes(clerk: User) -> None:
    dossier = drafted(clerk)
    previews.ask(dossier, actor=clerk, now=NOW)
    previews.print_waiting(now=NOW)
    made = previews.ask(dossier, actor=clerk, now=NOW)
    assert made.path

    import_rows(
        dossier, [builders.person_answers(50)], actor=clerk, now=NOW, version=dossier.version
    )
    dossier.refresh_from_db()

    assert previews.ask(dossier, actor=clerk, now=NOW).is_waiting


def test_workers_that_die_over_it_again_and_again_are_spared(clerk: User) -> None:
    dossier = drafted(clerk)
    previews.ask(dossier, actor=clerk, now=NOW)
    LetterPreview.objects.update(tries=previews.MOST_TRIES, claimed_until=NOW + previews.LEASE)
    assert previews.print_waiting(now=NOW) == 0

    previews.print_waiting(now=NOW + previews.LEASE + timedelta(seconds=1))

    assert LetterPreview.objects.get().problem


def test_it_is_dropped_after_a_day(clerk: User) -> None:
    previews.ask(drafted(clerk), actor=clerk, now=NOW)
    previews.print_waiting(now=NOW)
    path = LetterPreview.objects.get().path
    assert previews.drop_old(now=NOW + previews.KEPT_FOR) == 0

    assert previews.drop_old(now=NOW + previews.KEPT_FOR + timedelta(seconds=1)) == 1

    assert not LetterPreview.objects.exists()
    assert not default_storage.exists(path)


def test_a_letter_in_pieces_is_one_letter(clerk: User, settings: Settings) -> None:
    rows = [[str(number), "chữ dài " * 60, f"012{number:09}"] for number in range(1, 31)]
    letter = paper.Letter(
        agency="UBND xã Thử",
        subject="đề nghị",
        place="Lai Châu",
        list_title="Danh sách",
        columns=[("STT", "10%", ""), ("Nội dung", "60%", ""), ("Số", "30%", "")],
        rows=rows,
        addressees=["Cục"],
        recipients=["Như trên;"],
        signer_lines=["CHỦ TỊCH"],
    )
    settings.LETTER_PIECE_ROWS = 100
    whole = paper.render(letter)
    settings.LETTER_PIECE_ROWS = 8

    joined = paper.render(letter)

    reader = pypdf.PdfReader(io.BytesIO(joined))
    assert len(reader.pages) == len(pypdf.PdfReader(io.BytesIO(whole)).pages)
    assert text_of(joined).split() == text_of(whole).split()
    for role in SignatureRole:
        place = find_place(PdfFileReader(io.BytesIO(joined)), role)
        assert place == find_place(PdfFileReader(io.BytesIO(whole)), role)
        assert place is not None
        assert place.page == len(reader.pages) - 1
