"""Letters as PDF/A-3a: tagged, titled, with their data enclosed, whole or joined of pieces."""

from __future__ import annotations

import json
import unicodedata
from io import BytesIO
from typing import Any

import pytest
from pypdf import PdfReader
from pytest_django import Settings

from portal.documents import letters, uploads
from portal.documents.letters import Letter
from portal.documents.roles import SignatureRole
from tests.documents import builders
from tests.documents.conftest import signed

DATA = {"agency": unicodedata.normalize("NFD", "Ủy ban nhân dân xã Tân Uyên"), "rows": []}


@pytest.fixture(scope="module")
def letter() -> Letter:
    opening = [unicodedata.normalize("NFD", "Đề nghị Quý Cơ quan xem xét.")]
    return builders.petition(24, code="ABCD-EFGH-JKMN", data=DATA, opening=opening)


@pytest.fixture(scope="module")
def whole(letter: Letter) -> bytes:
    return letters.render(letter)


def in_pieces(letter: Letter, settings: Settings) -> bytes:
    settings.LETTER_PIECE_ROWS = 12
    return letters.render(letter)


def elements(kid: Any) -> list[tuple[Any, Any]]:
    """Return each marked text (page, number) below a structure element, and check the element."""
    found: list[tuple[Any, Any]] = []
    assert kid["/Type"] == "/StructElem"
    for one in kid["/K"]:
        below: Any = one.get_object()
        if isinstance(below, int):
            found.append((kid.raw_get("/Pg").idnum, int(below)))
        else:
            assert below["/P"] == kid
            found += elements(below)
    return found


def check(pdf: bytes) -> None:
    """Check what ISO 19005-3, conformance A, asks, as far as these letters can fail it."""
    reader = PdfReader(BytesIO(pdf))
    root: Any = reader.trailer["/Root"]
    xmp = root["/Metadata"].get_data()
    assert b'pdfaid:part="3"' in xmp
    assert b'pdfaid:conformance="A"' in xmp
    assert "/Filter" not in root["/Metadata"] or root["/Metadata"]["/Filter"] == "/FlateDecode"
    assert reader.metadata is not None
    assert reader.metadata.title in xmp.decode()
    assert root["/Lang"] == "vi"
    assert root["/MarkInfo"]["/Marked"]
    [intent] = root["/OutputIntents"]
    assert intent["/S"] == "/GTS_PDFA1"
    assert intent["/DestOutputProfile"]["/N"] == 3
    assert "/ID" in reader.trailer
    assert not {"/OpenAction", "/AA"} & set(root)

    tree = root["/StructTreeRoot"]
    [document] = tree["/K"]
    marked = elements(document.get_object())
    assert len(set(marked)) == len(marked)
    numbers = tree["/ParentTree"]["/Nums"]
    owners = dict(zip(numbers[::2], numbers[1::2], strict=True))
    page: Any
    for index, page in enumerate(reader.pages):
        assert page["/StructParents"] == index
        assert page.indirect_reference is not None
        here = [number for at, number in marked if at == page.indirect_reference.idnum]
        assert here
        assert max(here) < len(owners[index])
        for number in here:
            owner = owners[index][number].get_object()
            assert number in owner["/K"]
        for state in page["/Resources"].get("/ExtGState", {}).values():
            state = state.get_object()  # noqa: PLW2901
            assert state.get("/SMask", "/None") == "/None"
            assert state.get("/ca", 1) == state.get("/CA", 1) == 1
        for font in page["/Resources"]["/Font"].values():
            below = font.get_object()["/DescendantFonts"][0].get_object()["/FontDescriptor"]
            assert "/ToUnicode" in font.get_object()
            assert {"/FontFile2", "/FontFile3"} & set(below)

    [enclosed] = root["/AF"]
    assert enclosed["/AFRelationship"] == "/Data"
    names = root["/Names"]["/EmbeddedFiles"]["/Names"]
    assert names[0] == enclosed["/UF"] == "du-lieu-ho-so.json"
    assert enclosed["/EF"]["/F"]["/Subtype"] == "/application/json"
    data = json.loads(enclosed["/EF"]["/F"].get_data())
    assert data["agency"] == "Ủy ban nhân dân xã Tân Uyên"  # composed
    assert "/Dests" in root["/Names"]


def test_a_letter_is_pdf_a_3a(whole: bytes) -> None:
    check(whole)


def test_text_is_composed_however_it_was_typed(whole: bytes) -> None:
    assert "Đề nghị Quý Cơ quan xem xét." in PdfReader(BytesIO(whole)).pages[0].extract_text()


def test_a_letter_joined_of_pieces_is_the_same(
    letter: Letter, whole: bytes, settings: Settings
) -> None:
    joined = in_pieces(letter, settings)

    check(joined)
    pages = [
        [page.extract_text() for page in PdfReader(BytesIO(one)).pages] for one in (whole, joined)
    ]
    assert "".join("".join(pages[0]).split()).count("canbo") == 24
    assert "".join("".join(pages[1]).split()).count("canbo") == 24


def test_signing_leaves_it_pdf_a(whole: bytes) -> None:
    twice = signed(signed(whole, SignatureRole.HEAD), SignatureRole.ORGANISATION)

    check(twice)
    assert uploads.check(twice) is uploads.PDF
