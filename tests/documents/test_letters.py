"""Letters as Nghị định 30/2020/NĐ-CP lays them out."""

from __future__ import annotations

import shutil
import subprocess
import unicodedata
from datetime import date
from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from pypdf import PageObject, PdfReader

from portal.documents import letters
from portal.documents.letters import HeaderCell, Letter
from requests_app import kinds
from requests_app.kinds.base import Kind
from tests.documents import builders

MM = 72 / 25.4
BIRTH_DAY = "12/05/1985"  # in each row of the list
needs_poppler = pytest.mark.skipif(not shutil.which("pdftotext"), reason="no poppler at hand")


def words(pdf: bytes) -> str:
    """Return all the text with single spaces."""
    return " ".join(" ".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages).split())


def words_of(page: PageObject) -> str:
    return " ".join(page.extract_text().split())


@pytest.mark.parametrize(
    "block",
    [
        "ỦY BAN NHÂN DÂN TỈNH LAI CHÂU",
        "ỦY BAN NHÂN DÂN XÃ TÂN UYÊN",
        "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
        "Độc lập - Tự do - Hạnh phúc",
        "Số: 12/UBND-VX",
        "Tân Uyên, ngày 05 tháng 01 năm 2026",
        "V/v đề nghị cấp chứng thư chữ ký số chuyên dùng công vụ cho cá nhân",
        "Kính gửi: Cục Chứng thực số và Bảo mật thông tin, Ban Cơ yếu Chính phủ.",
        "1. Thông tin người tiếp nhận chứng thư chữ ký số (thiết bị lưu khóa bí mật):",
        "Họ và tên: Nguyễn Thị Hằng",
        "2. Số lượng và danh sách đăng ký:",
        "Ghi chú:",
        "Trân trọng./.",
        "Nơi nhận:",
        "- Lưu: VT, VHXH.",
        "TM. ỦY BAN NHÂN DÂN CHỦ TỊCH",
        "Lò Văn Thắng",
        "Bộ Quốc phòng, Bộ Công an, Bộ Ngoại giao",
    ],
)
def test_a_petition_holds_every_block(petition: bytes, block: str) -> None:
    assert block in words(petition)


def test_vietnamese_text_comes_out_composed_and_whole(petition: bytes) -> None:
    text = words(petition)

    assert unicodedata.is_normalized("NFC", text)
    assert text.count("Trần Thị Mỹ Duyên") == 4
    assert "Giàng A Páo" in text
    assert "\ufffd" not in text


@needs_poppler
def test_room_to_write_in_and_breaks_in_cells_come_out(tmp_path: Path) -> None:
    def place(letter: Letter, text: str) -> tuple[float, float]:
        boxes = _boxes(letters.render(letter), tmp_path, pages=2)
        found = next(box for box in boxes if box["text"] == text)
        return float(found["xMin"]), float(found["yMin"])

    blank = builders.petition(1, number="")
    assert place(blank, "/…")[0] > place(blank, "Số:")[0] + 30  # points
    filled = builders.petition(1)
    assert place(filled, "01/07/2021,")[1] > place(filled, "012185000001")[1]


def test_pages_are_numbered_from_the_second_on(petition: bytes) -> None:
    first, *others = PdfReader(BytesIO(petition)).pages

    assert first.extract_text().split()[-1] != "1"
    for number, page in enumerate(others, start=2):
        assert page.extract_text().split()[-1] == str(number)  # the margins are drawn last


def test_a_letter_with_a_wide_list_is_landscape_from_its_first_page_on(petition: bytes) -> None:
    """Phụ lục I: with tables that are no annexes, a document may lie across."""
    pages = PdfReader(BytesIO(petition)).pages

    assert all(page.mediabox.width > page.mediabox.height for page in pages)
    assert BIRTH_DAY in words_of(pages[0])  # no half page is left empty
    pages_with_rows = [page for page in pages if BIRTH_DAY in words_of(page)]
    assert len(pages_with_rows) > 1
    for page in pages_with_rows:
        assert "Số định danh cá nhân/Ngày cấp, nơi cấp" in words_of(page)


def test_the_signature_block_never_stands_alone_on_a_page(petition: bytes) -> None:
    last = words_of(PdfReader(BytesIO(petition)).pages[-1])

    assert "Trân trọng./." in last
    assert BIRTH_DAY in last


def test_a_narrow_list_stays_upright(recovery: bytes) -> None:
    pages = PdfReader(BytesIO(recovery)).pages

    assert all(page.mediabox.height > page.mediabox.width for page in pages)


@needs_poppler
def test_everything_stands_within_the_margins(recovery: bytes, tmp_path: Path) -> None:
    boxes = _boxes(recovery, tmp_path)

    assert min(float(box["xMin"]) for box in boxes) >= 30 * MM - 0.5
    assert max(float(box["xMax"]) for box in boxes) <= (210 - 15) * MM + 0.5
    assert max(float(box["yMax"]) for box in boxes) <= (297 - 20) * MM + 0.5
    assert min(float(box["yMin"]) for box in boxes) >= 20 * MM - 0.5  # one page, no page number


@needs_poppler
@pytest.mark.parametrize("kind", kinds.KINDS.values(), ids=lambda kind: kind.code)
def test_numbers_stand_unbroken_within_their_columns(kind: Kind, tmp_path: Path) -> None:
    serial = "54A1B2C3D4E5F6A7"
    serials = [one.label.startswith("Số hiệu chứng thư") for one in kind.columns]
    row = [serial if is_serial else "" for is_serial in serials]
    letter = builders.petition(
        0,
        columns=[(one.label, one.width, one.group) for one in kind.columns],
        rows=[row],
        contact=(),
        lies_wide=kind.lies_wide,
    )
    words = _boxes(letters.render(letter), tmp_path, pages=2)

    [number] = [one for one in words if one["text"] == "STT"]
    assert float(number["yMax"]) - float(number["yMin"]) < 20  # one line
    list_width = ((297 if letter.is_wide else 210) - 45) * MM
    shares = [float(one.width.rstrip("%")) / 100 for one in kind.columns]
    assert sum(shares) == pytest.approx(1)
    found = [float(one["xMax"]) - float(one["xMin"]) for one in words if one["text"] == serial]
    narrowest = [
        list_width * share - 2 * 2  # less the padding at both sides
        for share, is_serial in zip(shares, serials, strict=True)
        if is_serial
    ]
    assert len(found) == len(narrowest)
    assert not found or max(found) < min(narrowest)


@needs_poppler
def test_the_issuer_keeps_clear_of_the_nation(recovery: bytes, tmp_path: Path) -> None:
    words = _boxes(recovery, tmp_path)
    [nation] = [one for one in words if one["text"] == "CỘNG"]

    beside = [one for one in words if float(one["xMin"]) < float(nation["xMin"])]
    head = [one for one in beside if float(one["yMax"]) < float(nation["yMax"]) + 40]
    assert max(float(one["xMax"]) for one in head) < float(nation["xMin"]) - 4 * MM


def _boxes(pdf: bytes, folder: Path, *, pages: int = 1) -> list[dict[str, str]]:
    (folder / "letter.pdf").write_bytes(pdf)
    command = ["pdftotext", "-bbox", "-l", str(pages), str(folder / "letter.pdf"), "-"]
    answer = subprocess.run(command, capture_output=True, check=True).stdout
    found = ET.fromstring(answer).iter("{http://www.w3.org/1999/xhtml}word")  # noqa: S314
    return [{**word.attrib, "text": word.text or ""} for word in found]


def test_the_file_says_what_it_is(petition: bytes) -> None:
    reader = PdfReader(BytesIO(petition))

    assert reader.metadata is not None
    assert reader.metadata.title == builders.petition(0).title
    assert reader.metadata.author == "Ủy ban nhân dân xã Tân Uyên"
    assert str(reader.root_object["/Lang"]) == "vi"
    assert reader.xmp_metadata is not None
    assert "/AcroForm" in reader.root_object


def test_fonts_are_embedded(petition: bytes) -> None:
    fonts = PdfReader(BytesIO(petition)).pages[0]["/Resources"]["/Font"].values()  # type: ignore[index]

    for font in fonts:
        descriptor = font.get_object()["/DescendantFonts"][0].get_object()["/FontDescriptor"]
        assert "/FontFile2" in descriptor.get_object()


def test_several_addressees_stand_one_below_the_other(recovery: bytes) -> None:
    text = words(recovery)

    assert "- Sở Khoa học và Công nghệ tỉnh Lai Châu;" in text
    assert "Ban Cơ yếu Chính phủ." in text


def test_a_named_document_has_a_title_and_no_subject_under_its_number(refusal: bytes) -> None:
    text = words(refusal)

    assert "THÔNG BÁO Từ chối cấp chứng thư" in text
    assert "V/v" not in text
    assert "chưa đối chiếu" in text


def test_number_and_day_are_blank_until_given(refusal: bytes) -> None:
    text = words(refusal)

    assert "Số: /…" in text
    assert "ngày tháng năm" in text
    assert letters.number_line("") == "Số:\u00a0\u00a0\u00a0\u00a0\u00a0\u00a0/…"


@pytest.mark.parametrize(
    ("day", "line"),
    [
        (date(2026, 1, 5), "Lai Châu, ngày 05 tháng 01 năm 2026"),
        (date(2026, 2, 10), "Lai Châu, ngày 10 tháng 02 năm 2026"),
        (date(2026, 3, 9), "Lai Châu, ngày 09 tháng 3 năm 2026"),
        (date(2026, 12, 31), "Lai Châu, ngày 31 tháng 12 năm 2026"),
    ],
)
def test_days_below_ten_and_the_first_two_months_get_a_zero(day: date, line: str) -> None:
    assert letters.date_line("Lai Châu", day) == line


def test_a_long_issuer_is_broken_where_its_level_begins() -> None:
    assert letters.issuer_line("Ủy ban nhân dân tỉnh Lai Châu") == (
        "ỦY BAN NHÂN DÂN\nTỈNH LAI CHÂU"
    )
    assert letters.issuer_line("UBND xã Tân Uyên") == "UBND XÃ TÂN UYÊN"


def test_columns_under_a_common_header_make_two_tiers() -> None:
    upper, lower = letters.header_tiers(builders.MAU_06)

    assert upper == [
        HeaderCell("STT", tiers=2),
        HeaderCell("Số hiệu thiết bị lưu khóa bí mật", tiers=2),
        HeaderCell("Thông tin của thuê bao", columns=3),
    ]
    assert [cell.label for cell in lower] == [
        "Tên chứng thư chữ ký số",
        "Cơ quan, tổ chức công tác",
        "Địa chỉ thư điện tử công vụ",
    ]
    assert len(letters.header_tiers(builders.MAU_01)) == 1


def test_an_email_address_may_be_broken_and_is_copied_whole(recovery: bytes) -> None:
    assert letters.cell("a@b.vn") == "a\u200b@b\u200b.vn"
    text = PdfReader(BytesIO(recovery)).pages[0].extract_text()
    assert "canbo1-tanuyen@laichau.gov.vn" in "".join(text.split())
    assert "\u200b" not in text


def test_the_preview_shows_what_was_typed_as_text() -> None:
    row = ["1", "<script>alert(1)</script>", *[""] * 9]

    html = letters.render_html(builders.petition(0, rows=[row]))

    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "<script" not in html
    assert "style=" not in html  # the portal's content security policy forbids it
    assert "letters/letter.css" in html
