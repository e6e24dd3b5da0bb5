"""Anyone has a signed PDF checked; nothing of it is kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from portal.documents.models import Document
from tests.documents import hostile, outside, small_ca

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _trusted(settings: Settings, tmp_path: Path) -> None:
    settings.TRUST_ANCHORS = tmp_path
    (tmp_path / "root.cer").write_bytes(small_ca.root().der)


def sent(pdf: bytes) -> tuple[int, str]:
    file = SimpleUploadedFile("van-ban.pdf", pdf, content_type="application/pdf")
    response = Client().post(reverse("documents:check"), {"file": file})
    return response.status_code, response.content.decode()


def test_a_visitor_reads_who_signed_and_that_it_stands() -> None:
    status, page = sent(outside.sign(hostile.letter(), hostile.HEAD))

    assert status == 200
    assert 'data-valid="yes"' in page
    assert "Lò Văn Thắng" in page
    assert not Document.objects.exists()


@pytest.mark.parametrize(
    "make",
    [hostile.an_update_of_the_contents, hostile.a_stranger, hostile.letter],
)
def test_what_is_changed_or_a_strangers_or_unsigned_does_not_stand(
    make: Callable[[], bytes],
) -> None:
    status, page = sent(make())

    assert status == 200
    assert 'data-valid="no"' in page


def test_what_is_no_document_is_refused() -> None:
    status, page = sent(hostile.half_a_file())

    assert status == 200
    assert "data-valid" not in page


def test_an_address_that_sends_too_many_waits(settings: Settings) -> None:
    settings.PUBLIC_CHECKS_ALLOWED = 1
    pdf = hostile.letter()

    assert [sent(pdf)[0] for _time in range(3)] == [200, 429, 429]
