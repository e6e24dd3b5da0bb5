"""Named documents (BIÊN BẢN): a centred title, the parties side by side, both signatures."""

from __future__ import annotations

import shutil
import subprocess
from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader
from pypdf import PdfReader

from portal.documents import letters, signing
from portal.documents.roles import SignatureRole
from tests.documents import builders
from tests.documents.conftest import signed

MM = 72 / 25.4
needs_poppler = pytest.mark.skipif(not shutil.which("pdftotext"), reason="no poppler at hand")
needs_pdfsig = pytest.mark.skipif(not shutil.which("pdfsig"), reason="no poppler at hand")


def words(pdf: bytes) -> str:
    return " ".join(" ".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages).split())


def lines(pdf: bytes, folder: Path) -> dict[str, tuple[float, float, float]]:
    """Return each line of text on the page: left, right and top in points."""
    (folder / "named.pdf").write_bytes(pdf)
    command = ["pdftotext", "-bbox-layout", str(folder / "named.pdf"), "-"]
    answer = subprocess.run(command, capture_output=True, check=True).stdout
    space = "{http://www.w3.org/1999/xhtml}"
    found = {}
    for line in ET.fromstring(answer).iter(f"{space}line"):  # noqa: S314
        text = " ".join(word.text or "" for word in line.iter(f"{space}word"))
        found[text] = (
            float(line.attrib["xMin"]),
            float(line.attrib["xMax"]),
            float(line.attrib["yMin"]),
        )
    return found


@needs_poppler
def test_the_title_stands_in_capitals_in_the_middle_of_the_page(
    minutes: bytes, tmp_path: Path
) -> None:
    found = lines(minutes, tmp_path)

    middle = (30 + (210 - 15)) / 2 * MM
    for line in ("BIÊN BẢN", "Giao, nhận thiết bị lưu khóa bí mật"):
        left, right, _top = found[line]
        assert (left + right) / 2 == pytest.approx(middle, abs=1)
    assert found["BIÊN BẢN"][2] < found["Giao, nhận thiết bị lưu khóa bí mật"][2]


def test_minutes_have_no_subject_line_no_addressee_and_no_closing_words(minutes: bytes) -> None:
    text = words(minutes)

    assert "V/v" not in text
    assert "Kính gửi" not in text
    assert "Trân trọng" not in text
    assert "Nơi nhận:" in text
    assert "chưa đối chiếu" in text


@needs_poppler
def test_two_parties_stand_side_by_side_with_their_names_on_one_line(
    minutes: bytes, tmp_path: Path
) -> None:
    found = lines(minutes, tmp_path)

    giver, receiver = found["ĐẠI DIỆN BÊN GIAO"], found["ĐẠI DIỆN BÊN NHẬN"]
    assert giver[1] < receiver[0]
    assert giver[2] == pytest.approx(receiver[2], abs=1)
    assert found["Lò Văn Thắng"][2] == pytest.approx(found["Hoàng Thị Sen"][2], abs=1)


@needs_poppler
def test_three_parties_stand_side_by_side(minutes_of_three: bytes, tmp_path: Path) -> None:
    found = lines(minutes_of_three, tmp_path)

    assert found["THUÊ BAO"][1] < found["ĐẠI DIỆN BÊN GIAO"][0]
    assert found["THUÊ BAO"][2] == pytest.approx(found["ĐẠI DIỆN BÊN GIAO"][2], abs=2)
    assert found["Nguyễn Thị Hằng"][2] == pytest.approx(found["Lò Văn Thắng"][2], abs=1)


@pytest.mark.parametrize("made", ["minutes", "minutes_of_three"])
def test_the_issuers_signatures_stand_in_its_own_column(
    made: str, request: pytest.FixtureRequest
) -> None:
    pdf = request.getfixturevalue(made)
    reader = PdfFileReader(BytesIO(pdf))

    head = signing.find_place(reader, SignatureRole.HEAD)
    seal = signing.find_place(reader, SignatureRole.ORGANISATION)

    assert head is not None
    assert seal is not None
    assert head.page == seal.page
    assert seal.box[0] >= 30 * MM - 3
    assert head.box[2] <= (210 - 15) * MM
    in_left_half = head.box[2] < 595 / 2
    assert in_left_half == (made == "minutes")


@needs_pdfsig
@pytest.mark.parametrize("made", ["minutes", "minutes_of_three"])
def test_pdfsig_finds_both_signatures_of_minutes_valid(
    made: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    by_head = signed(request.getfixturevalue(made), SignatureRole.HEAD)
    (tmp_path / "signed.pdf").write_bytes(signed(by_head, SignatureRole.ORGANISATION))

    command = ["pdfsig", "-nocert", str(tmp_path / "signed.pdf")]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout

    assert told.count("Signature is Valid.") == 2
    assert told.count("  - Total document signed") == 1


def test_the_screen_shows_the_parties_and_what_the_issuer_alone_signs() -> None:
    html = letters.render_html(builders.minutes())

    assert html.count("(Ký, ghi rõ họ tên)") == 1
    assert html.count('id="ky-lanh-dao-tren"') == 1
    assert "letter-parties-2" in html
    assert "style=" not in html
