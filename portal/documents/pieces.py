"""Long lists printed piece by piece, each beginning where a page of the one before ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import copy_into_new_writer

from portal.documents import layout

_TYPE, _PAGES, _KIDS, _COUNT, _PARENT, _NAMES = map(
    generic.pdf_name, ("/Type", "/Pages", "/Kids", "/Count", "/Parent", "/Names")
)


@dataclass(frozen=True, slots=True)
class Piece:
    """Some pages of a long list, and how many of its rows stand on them."""

    pdf: bytes
    pages: int
    rows: int


def print_piece(html: str, *, stylesheet: str, rows: int, is_last: bool) -> Piece:
    """Print the next ``rows`` of a list; the stylesheet gives each a bookmark, to be counted by.

    Where others follow, the last page is left out: it may not be full. Its rows, which break over
    no pages, begin the next piece.
    """
    with layout.laid_out(html, stylesheet=stylesheet) as document:
        pages = document.pages
        on_page = [len(page.bookmarks) for page in pages]
        for page in pages:
            page.bookmarks.clear()  # not to be written: nobody turns a thousand of them
        has_room = on_page and 0 < on_page[-1] < rows
        kept = pages[:-1] if has_room and not is_last else pages
        return Piece(layout.written(document.copy(kept)), len(kept), sum(on_page[: len(kept)]))


def join(pieces: Sequence[bytes]) -> bytes:
    """Return one PDF/A of the pages of all; what speaks of the whole file is the first one's."""
    first, *rest = (PdfFileReader(BytesIO(piece)) for piece in pieces)
    whole = copy_into_new_writer(first)
    # Each piece stays a branch of the tree of pages: a viewer finds page 1,000 in two steps.
    branches = [whole.root.raw_get("/Pages")]
    for piece in rest:
        # With its pages what refers to them: the places for signatures stand in the last.
        parts = {name: piece.root.raw_get(name) for name in (_PAGES, _NAMES) if name in piece.root}
        wanted = generic.DictionaryObject(parts)  # type: ignore[no-untyped-call]
        wanted.container_ref = piece.root.container_ref
        taken: Any = whole.import_object(wanted)
        branches.append(taken.raw_get(_PAGES))
        if _NAMES in parts:
            whole.root[_NAMES] = taken.raw_get(_NAMES)
    count = sum(int(branch.get_object()["/Count"]) for branch in branches)
    number = generic.NumberObject(count)  # type: ignore[no-untyped-call]
    tree = generic.DictionaryObject(  # type: ignore[no-untyped-call]
        {_TYPE: _PAGES, _KIDS: generic.ArrayObject(branches), _COUNT: number}
    )
    trunk = whole.add_object(tree)
    for branch in branches:
        branch.get_object()[_PARENT] = trunk
    whole.root[_PAGES] = trunk
    output = BytesIO()
    whole.write(output)  # type: ignore[no-untyped-call]
    return output.getvalue()
