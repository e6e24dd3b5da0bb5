"""Long lists printed piece by piece, each beginning where a page of the one before ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import PdfFileWriter

from portal.documents import layout

_TYPE, _PAGES, _KIDS, _COUNT, _PARENT, _NAMES = map(
    pdf_name, ("/Type", "/Pages", "/Kids", "/Count", "/Parent", "/Names")
)
_TAGS, _OF_PAGE = pdf_name("/StructTreeRoot"), pdf_name("/StructParents")


@dataclass(frozen=True, slots=True)
class Piece:
    """Some pages of a long list, and how many of its rows stand on them."""

    pdf: bytes
    pages: int
    rows: int


def print_piece(
    html: str,
    *,
    stylesheet: str,
    rows: int,
    is_last: bool,
    variant: str = layout.PLAIN,
    data: bytes = b"",
) -> Piece:
    """Print the next ``rows`` of a list; the stylesheet gives each a bookmark, to be counted by.

    Where others follow, the last page is left out: it may not be full. Its rows, which break over
    no pages, begin the next piece.
    """
    with layout.laid_out(html, stylesheet=stylesheet, variant=variant) as document:
        pages = document.pages
        on_page = [len(page.bookmarks) for page in pages]
        for page in pages:
            page.bookmarks.clear()  # not to be written: nobody turns a thousand of them
        has_room = on_page and 0 < on_page[-1] < rows
        kept = pages[:-1] if has_room and not is_last else pages
        pdf = layout.written(document.copy(kept), variant=variant, data=data)
        return Piece(pdf, len(kept), sum(on_page[: len(kept)]))


def join(pieces: Sequence[bytes]) -> bytes:
    """Return one PDF/A of the pages of all; what speaks of the whole file is the first one's.

    Tags go with their pages: those of each piece hang below the one document.
    """
    first, *rest = (PdfFileReader(BytesIO(piece)) for piece in pieces)
    whole = PdfFileWriter(init_page_tree=False)  # type: ignore[no-untyped-call]
    packed = whole.prepare_object_stream()  # type: ignore[no-untyped-call]
    taken: Any = whole.import_object(first.root, packed)
    for name in taken:
        whole.root[name] = taken.raw_get(name)
    if "/Info" in first.trailer:
        said: Any = whole.import_object(first.trailer["/Info"], packed)
        whole.set_info(said)
    # Each piece stays a branch of the tree of pages: a viewer finds page 1,000 in two steps.
    branches = [whole.root.raw_get(_PAGES)]
    pages = int(branches[0].get_object()[_COUNT])
    for piece in rest:
        # With its pages what refers to them: the places for signatures stand in the last.
        wanted = generic.DictionaryObject(  # type: ignore[no-untyped-call]
            {
                name: piece.root.raw_get(name)
                for name in (_PAGES, _NAMES, _TAGS)
                if name in piece.root
            }
        )
        wanted.container_ref = piece.root.container_ref
        taken = whole.import_object(wanted, packed)
        branches.append(taken.raw_get(_PAGES))
        if _NAMES in taken:
            names = whole.root.setdefault(_NAMES, generic.DictionaryObject())  # type: ignore[no-untyped-call]
            names.update(taken[_NAMES])
        if _TAGS in taken:
            _hang_below(whole.root[_TAGS], taken[_TAGS], pages=pages)
            for kid in taken[_PAGES]["/Kids"]:
                page = kid.get_object()
                page[_OF_PAGE] = _number(int(page[_OF_PAGE]) + pages)
        pages += int(taken[_PAGES][_COUNT])
    tree = generic.DictionaryObject(  # type: ignore[no-untyped-call]
        {_TYPE: _PAGES, _KIDS: generic.ArrayObject(branches), _COUNT: _number(pages)}
    )
    trunk = whole.add_object(tree)
    for branch in branches:
        branch.get_object()[_PARENT] = trunk
    whole.root[_PAGES] = trunk
    output = BytesIO()
    whole.write(output)  # type: ignore[no-untyped-call]
    return output.getvalue()


def _hang_below(tags: Any, others: Any, *, pages: int) -> None:
    """Put the parts of another tree of tags, whose pages come after ``pages``, below this one's."""
    document, other = tags["/K"].raw_get(0), others["/K"].raw_get(0).get_object()
    for part in range(len(other["/K"])):
        hung = other["/K"].raw_get(part)
        hung.get_object()[pdf_name("/P")] = document
        document.get_object()["/K"].append(hung)
    numbers, owned = tags["/ParentTree"]["/Nums"], others["/ParentTree"]["/Nums"]
    for at in range(0, len(owned), 2):
        numbers.append(_number(int(owned[at]) + pages))
        numbers.append(owned.raw_get(at + 1))


def _number(value: int) -> Any:
    return generic.NumberObject(value)  # type: ignore[no-untyped-call]
