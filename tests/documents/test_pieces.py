"""Long lists printed in pieces: no row lost, none twice, pages as if printed at once."""

from __future__ import annotations

from io import BytesIO

import pytest
from pypdf import PdfReader

from portal.documents import pieces
from portal.documents.pieces import Piece

STYLESHEET = "letters/annex.css"
HEADS = "<thead><tr><th>STT</th><th>Tên</th></tr></thead>"


def printed(first: int, last: int, *, page: int, is_last: bool) -> Piece:
    rows = "".join(
        f"<tr><td>{number}</td><td>dòng {number};</td></tr>" for number in range(first, last + 1)
    )
    start = f"<style>@page :first {{ counter-set: page {page}; }}</style>"
    html = f'{start}<table class="annex-list">{HEADS}<tbody>{rows}</tbody></table>'
    return pieces.print_piece(html, stylesheet=STYLESHEET, rows=last - first + 1, is_last=is_last)


@pytest.fixture(scope="module")
def whole() -> PdfReader:
    """A hundred rows in pieces of sixty at most."""
    done, pages, contents = 0, 0, []
    while done < 100:
        last = min(done + 60, 100)
        piece = printed(done + 1, last, page=pages + 1, is_last=last == 100)
        contents.append(piece.pdf)
        done, pages = done + piece.rows, pages + piece.pages
    return PdfReader(BytesIO(pieces.join(contents)))


def test_where_more_follows_the_last_page_is_left_for_the_next_piece() -> None:
    not_last = printed(1, 60, page=1, is_last=False)
    last = printed(1, 60, page=1, is_last=True)

    assert (not_last.pages, last.pages) == (last.pages - 1, len(PdfReader(BytesIO(last.pdf)).pages))
    assert 0 < not_last.rows < 60 == last.rows


def test_a_piece_of_one_page_is_kept_as_it_is() -> None:
    piece = printed(1, 5, page=1, is_last=False)

    assert (piece.pages, piece.rows) == (1, 5)


def test_joined_pieces_have_each_row_once_in_order(whole: PdfReader) -> None:
    text = "\n".join(page.extract_text() for page in whole.pages)

    assert [f"dòng {number};" in text for number in range(1, 101)] == [True] * 100
    assert text.count("dòng ") == 100


def test_pages_are_numbered_through_and_each_has_the_heads(whole: PdfReader) -> None:
    for number, page in enumerate(whole.pages, start=1):
        lines = page.extract_text().split("\n")
        assert str(number) in (lines[0], lines[-1])
        assert "STT" in page.extract_text()


def test_no_page_but_the_last_has_room_for_another_row(whole: PdfReader) -> None:
    rows = [page.extract_text().count("dòng ") for page in whole.pages]

    assert len(set(rows[:-1])) == 1
    assert 0 < rows[-1] <= rows[0]


def test_the_whole_is_still_what_it_says_of_itself(whole: PdfReader) -> None:
    root = whole.trailer["/Root"]

    assert root["/OutputIntents"][0]["/S"] == "/GTS_PDFA1"  # type: ignore[index]
    assert b"pdfaid" in root["/Metadata"].get_data()  # type: ignore[index]
    assert whole.outline == []
