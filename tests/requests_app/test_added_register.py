"""A register is one file: the one the recipe shows is dropped in, listed, narrowed, exported."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from openpyxl import load_workbook

from portal.audit.models import AuditEntry
from requests_app.registers import books
from tests import story

pytestmark = pytest.mark.django_db
HOW_TO = Path(settings.BASE_DIR) / "docs" / "how-to" / "add-a-report.md"
MODULE = "requests_app.registers.books.drafts"


@pytest.fixture(autouse=True)
def _dropped_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (source,) = re.findall(r"```python\n(.*?)```", HOW_TO.read_text("utf-8"), re.DOTALL)
    (tmp_path / "drafts.py").write_text(source, "utf-8")
    monkeypatch.setattr(books, "__path__", [*books.__path__, str(tmp_path)])
    books.registers.cache_clear()
    yield
    books.registers.cache_clear()
    del sys.modules[MODULE]


def test_the_register_of_the_recipe_is_listed_narrowed_and_exported(client: Client) -> None:
    people = story.cast()
    dossier = story.drafted(people)
    client.force_login(people.clerk)
    page = reverse("registers:register", args=["ho-so-nhap"])

    assert page in client.get(reverse("registers:index")).text
    assert dossier.letter_number in client.get(page).text
    assert dossier.letter_number not in client.get(page, {"q": "nothing like it"}).text
    assert dossier.letter_number not in client.get(page, {"since": "01/01/2999"}).text

    answer = client.get(page, {"export": "xlsx"})
    sheet = load_workbook(BytesIO(answer.content)).worksheets[0]
    header, line = sheet.iter_rows(values_only=True)

    assert header == ("Số văn bản", "Đơn vị", "Số trường hợp")
    assert line == (dossier.letter_number, dossier.agency.name, 1)
    assert AuditEntry.objects.filter(data__list="ho-so-nhap").count() == 1


def test_others_drafts_are_not_in_it(client: Client) -> None:
    people = story.cast()
    dossier = story.drafted(people)
    client.force_login(people.officer)

    page = client.get(reverse("registers:register", args=["ho-so-nhap"]))

    assert dossier.letter_number not in page.text
