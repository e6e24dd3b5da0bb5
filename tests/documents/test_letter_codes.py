"""The short code of a letter: printed once, read back from the paper, answered without a name."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
import segno
from django.test import Client
from django.urls import reverse
from PIL import Image
from pypdf import PdfReader
from pytest_django import Settings

from portal.documents import codes, letters, services
from portal.documents.models import LetterCode
from tests.builders import NOW
from tests.documents import builders

pytestmark = pytest.mark.django_db
MM = 72 / 25.4
DPI = 300
needs_poppler = pytest.mark.skipif(not shutil.which("pdftoppm"), reason="no poppler at hand")


def kept() -> LetterCode:
    original = letters.print_original(builders.recovery())
    return services.store_letter(original, name="de-nghi.pdf", now=NOW).letter_code


def asked(typed: str) -> tuple[int, str]:
    response = Client().get(reverse("documents:check"), {"ma": typed})
    assert "no-store" in response["Cache-Control"]
    return response.status_code, response.content.decode()


def text_of(pdf: bytes) -> str:
    return " ".join(" ".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages).split())


def test_a_visitor_is_told_body_number_day_and_digest_and_no_name() -> None:
    code = kept()

    status, page = asked(code.code)

    assert (status, 'data-known="yes"' in page) == (200, True)
    for words in (
        "Ủy ban nhân dân xã Tân Uyên",
        builders.recovery().number,
        f"{builders.DAY:%d/%m/%Y}",
        code.document.sha256,
    ):
        assert words in page
    assert "Lò Văn Thắng" not in page


@pytest.mark.parametrize(
    "change",
    [str.lower, lambda code: code.replace("-", " "), lambda code: code.replace("0", "o")],
    ids=["lower", "spaces", "o for 0"],
)
def test_a_code_is_read_as_people_type_it(change: type[str]) -> None:
    code = kept()
    LetterCode.objects.filter(pk=code.pk).update(code="7KQ2-M0XD-941Z")

    assert 'data-known="yes"' in asked(change("7KQ2-M0XD-941Z"))[1]


@pytest.mark.parametrize("typed", ["0000-0000-0000", "không phải mã", "7KQ2-M0XD-94TU"])
def test_an_unknown_code_is_said_to_be_unknown(typed: str) -> None:
    status, page = asked(typed)

    assert status == 200
    assert 'data-known="yes"' not in page


def test_codes_and_files_wait_together(settings: Settings) -> None:
    settings.PUBLIC_CHECKS_ALLOWED = 2

    assert [asked("0000-0000-0000")[0] for _time in range(4)] == [200, 200, 429, 429]


def test_a_draft_has_no_code_and_no_two_letters_the_same() -> None:
    letter = builders.recovery()
    codes_of = {letters.coded(letter).code for _time in range(50)}

    assert len(codes_of) == 50
    assert "Mã văn bản" not in text_of(letters.render(letter))
    assert "letter-code" not in letters.render_html(letter)


def test_a_letter_printed_in_pieces_has_its_code_once_at_its_end(settings: Settings) -> None:
    settings.LETTER_PIECE_ROWS = 30
    pdf, letter = letters.print_original(builders.petition(60))
    *others, last = PdfReader(BytesIO(pdf)).pages

    assert letter.code in last.extract_text()
    assert not [page for page in others if letter.code in page.extract_text()]


@needs_poppler
@pytest.mark.parametrize("is_named", [False, True], ids=["petition", "minutes"])
def test_the_printed_square_reads_as_the_address_and_keeps_clear_of_signatures(
    is_named: bool, tmp_path: Path, settings: Settings
) -> None:
    settings.PUBLIC_URL = "https://chukyso.laichau.gov.vn"
    letter = builders.minutes() if is_named else builders.recovery()
    letter = replace(letter, code="7KQ2-M0XD-941Z")
    (tmp_path / "a.pdf").write_bytes(letters.render(letter))
    subprocess.run(
        ["pdftoppm", "-r", str(DPI), "-gray", "-png", "a.pdf", "a"],
        cwd=tmp_path,
        check=True,
    )
    page = Image.open(max(tmp_path.glob("a*.png"))).convert("L")
    dark = page.point(lambda grey: 255 * (grey < 128), "1")
    matrix = segno.make(
        "https://chukyso.laichau.gov.vn/xac-minh/?ma=7KQ2-M0XD-941Z", error="m", micro=False
    ).matrix
    side = 16 / 25.4 * DPI
    module = side / len(matrix)
    left = 30 / 25.4 * DPI  # the margin

    def reads(top: int) -> bool:
        return all(
            bool(dark.getpixel((int(left + (x + 0.5) * module), int(top + (y + 0.5) * module))))
            == bool(cell)
            for y, row in enumerate(matrix)
            for x, cell in enumerate(row)
        )

    found = [top for top in range(page.height - int(side)) if reads(top)]
    assert found
    assert found[-1] + side <= page.height - 20 / 25.4 * DPI
    assert codes.address("7KQ2-M0XD-941Z").endswith("/xac-minh/?ma=7KQ2-M0XD-941Z")
