"""PKCS#10 files in the editor: read at once into their row, or refused with the reason."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from hypothesis import given, settings
from hypothesis import strategies as st

from requests_app.drafts.cells import cell_name, file_input
from requests_app.models import Dossier, DossierItem
from tests import builders, story
from tests.ca import requests

pytestmark = pytest.mark.django_db


@pytest.fixture
def people() -> story.Cast:
    return story.cast()


@pytest.fixture
def draft(people: story.Cast) -> Dossier:
    row = builders.system_answers(people.agency.name)
    other = builders.system_answers(people.agency.name, name="CỔNG HAI", domain="hai.gov.vn")
    return story.draft_of(people, "mau_03_system", [row, other])


def post(people: story.Cast, draft: Dossier, do: str = "save", **fields: Any) -> HttpResponse:
    client = Client()
    client.force_login(people.clerk)
    draft.refresh_from_db()
    data = {"version": draft.version, "page": 1, "do": do} | fields
    answer = client.post(reverse("requests_app:editor", args=[draft.uuid]), data)
    assert isinstance(answer, HttpResponse)
    return answer


def chosen(item: DossierItem, content: bytes, name: str = "khoa.csr") -> dict[str, Any]:
    return {file_input(item.uuid): SimpleUploadedFile(name, content)}


def rows(draft: Dossier) -> list[DossierItem]:
    return list(draft.items.order_by("position"))


def test_every_button_takes_the_chosen_files_into_their_rows(
    people: story.Cast, draft: Dossier
) -> None:
    first, second = rows(draft)
    files = {
        **chosen(first, requests.der()),
        **chosen(second, requests.pem(name="CỔNG HAI").encode(), "hai.pem"),
    }

    answer = post(people, draft, "check", **files)

    assert answer.status_code == 302
    assert all("BEGIN CERTIFICATE REQUEST" in item.answers["csr"] for item in rows(draft))


def test_the_button_beside_a_file_leads_back_to_its_cell(
    people: story.Cast, draft: Dossier
) -> None:
    first, _second = rows(draft)

    answer = post(people, draft, f"read:{first.uuid}", **chosen(first, requests.der()))

    assert answer.headers["Location"].endswith("?page=1#o-1-csr")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("khoa.csr", b"%PDF-1.7 ...", "không phải đề nghị PKCS#10"),
        ("khoa.der", requests.pem().encode(), "nội dung không phải dạng đó"),
        ("khoa.docx", requests.der(), "phải có đuôi"),
        ("khoa.csr", requests.der(requests.rsa_key(1024)), "dài 1024 bit"),
        ("khoa.csr", b"\x30" * 40_000, "quá lớn"),
        (
            "khoa.pem",
            requests.ec_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
            "Coi khóa này là đã lộ",
        ),
    ],
)
def test_a_file_that_is_no_sound_request_is_refused_and_nothing_else_is_lost(
    people: story.Cast, draft: Dossier, name: str, content: bytes, words: str
) -> None:
    first, second = rows(draft)
    typed = {cell_name(first.uuid, "note"): "Ghi chú mới"}
    good = chosen(second, requests.der(name="CỔNG HAI"))

    answer = post(people, draft, **typed, **chosen(first, content, name), **good)

    assert answer.status_code == 200
    assert words in answer.content.decode()
    first, second = rows(draft)
    assert (first.answers["csr"], first.answers["note"]) == ("", "Ghi chú mới")
    assert "BEGIN" in second.answers["csr"]


def test_a_request_may_be_typed_as_text(people: story.Cast, draft: Dossier) -> None:
    first, _second = rows(draft)
    text = requests.pem(requests.rsa_key(4096)).replace("\n", "\r\n")

    post(people, draft, **{cell_name(first.uuid, "csr"): text})

    assert "RSA-4096, SHA-256 " in _get(people, draft)


def test_a_request_for_another_name_is_kept_and_told_in_its_cell(
    people: story.Cast, draft: Dossier
) -> None:
    first, _second = rows(draft)
    post(people, draft, **chosen(first, requests.der(name="Tên khác")))

    page = post(people, draft, "go:1")
    shown = _get(people, draft)

    assert page.status_code == 302
    assert "ghi tên (CN) “Tên khác”" in shown


def _get(people: story.Cast, draft: Dossier) -> str:
    client = Client()
    client.force_login(people.clerk)
    return client.get(reverse("requests_app:editor", args=[draft.uuid])).content.decode()


def test_the_page_shows_the_key_and_offers_a_file_for_each_row(
    people: story.Cast, draft: Dossier
) -> None:
    first, second = rows(draft)
    post(people, draft, **chosen(first, requests.der(requests.rsa_key())))

    page = _get(people, draft)

    assert "RSA-2048, SHA-256 " in page
    assert 'enctype="multipart/form-data"' in page
    assert file_input(second.uuid) in page
    assert 'maxlength="4000"' in page  # no browser reads 4.000 as four thousand


def test_a_file_for_a_row_of_another_dossier_does_nothing(
    people: story.Cast, draft: Dossier
) -> None:
    other = story.draft_of(people, "mau_03_system", [builders.system_answers(people.agency.name)])

    answer = post(people, draft, **chosen(other.items.get(), requests.der()))

    assert answer.status_code == 302
    assert other.items.get().answers["csr"] == ""


def test_a_stale_page_overwrites_no_request(people: story.Cast, draft: Dossier) -> None:
    first, _second = rows(draft)

    answer = post(people, draft, version=draft.version - 1, **chosen(first, requests.der()))

    assert answer.status_code == 409
    assert rows(draft)[0].answers["csr"] == ""


def test_a_form_without_requests_takes_no_files(people: story.Cast) -> None:
    builders.routing("recover", "direct")
    draft = story.draft_of(people, "mau_06_recover", [{"device_serial": "BIT4ID-1"}])

    answer = post(people, draft, **chosen(draft.items.get(), requests.der()))

    assert answer.status_code == 302
    assert "csr" not in draft.items.get().answers


def test_a_block_pasted_from_a_sheet_passes_the_request_by(
    people: story.Cast, draft: Dossier
) -> None:
    block = "HSM\tGhi chú dán\t2A05F812673607B0"
    first, _second = rows(draft)

    post(people, draft, "paste", paste_at=cell_name(first.uuid, "storage"), pasted=block)

    answers = rows(draft)[0].answers
    assert answers["storage"] == "hsm"
    assert answers["note"] == "Ghi chú dán"
    assert answers["old_serial"] == "2A05F812673607B0"
    assert answers["csr"] == ""


@settings(max_examples=40)
@given(name=st.sampled_from(["a.csr", "a.pem", "a.der", "a", ""]), content=st.binary(max_size=400))
def test_no_file_brings_the_editor_down(
    people: story.Cast, draft: Dossier, name: str, content: bytes
) -> None:
    first, _second = rows(draft)

    answer = post(people, draft, **chosen(first, content, name or "x"))

    assert answer.status_code in (200, 302)
    assert rows(draft)[0].answers["csr"] == ""
