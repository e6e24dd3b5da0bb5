"""WeasyPrint, set up once: one font configuration, each stylesheet parsed once; long lists."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import pydyf  # type: ignore[import-untyped]
from django.contrib.staticfiles import finders
from django.core.exceptions import ImproperlyConfigured
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import copy_into_new_writer

if TYPE_CHECKING:
    import weasyprint
    from weasyprint.text.fonts import FontConfiguration

PDF_VARIANT = "pdf/a-2u"
# One font map serves all letters, and Pango does not let two threads use one at once.
_lock = threading.Lock()


def print_pdf(html: str, *, stylesheet: str) -> bytes:
    """Return ``html`` as PDF/A. ``stylesheet`` is a path below the static files."""
    with laid_out(html, stylesheet=stylesheet) as document:
        return written(document)


@contextmanager
def laid_out(html: str, *, stylesheet: str) -> Iterator[weasyprint.Document]:
    """Lay ``html`` out on pages, to be written within; nobody else prints meanwhile."""
    import weasyprint  # loads Pango: only who prints pays for it

    with _lock:
        source = weasyprint.HTML(string=html, url_fetcher=_fetch_nothing)
        yield source.render(
            stylesheets=[parsed(stylesheet)], font_config=fonts(), pdf_variant=PDF_VARIANT
        )


def written(document: weasyprint.Document) -> bytes:
    """Return pages laid out here as PDF/A."""
    pdf: bytes = document.write_pdf(pdf_variant=PDF_VARIANT, finisher=_leave_room_for_signatures)
    return pdf


@cache
def fonts() -> FontConfiguration:
    """Return the font configuration that every letter shares."""
    from weasyprint.text.fonts import FontConfiguration

    return FontConfiguration()


@cache
def parsed(stylesheet: str) -> weasyprint.CSS:
    """Return a stylesheet parsed, and kept."""
    import weasyprint

    path = finders.find(stylesheet)
    if path is None:
        raise ImproperlyConfigured(f"the stylesheet {stylesheet} is missing")
    return weasyprint.CSS(string=Path(path).read_text("utf-8"), font_config=fonts())


def _leave_room_for_signatures(document: weasyprint.Document, pdf: pydyf.PDF) -> None:
    """Give the file an empty form: so the check of a signed copy can tell that only fields of
    signatures came to it."""
    form = pydyf.Dictionary({"Fields": pydyf.Array()})
    pdf.add_object(form)
    pdf.catalog["AcroForm"] = form.reference


def _fetch_nothing(url: str, *args: object, **kwargs: object) -> dict[str, object]:
    """Letters bring everything they need; nothing is fetched for what people typed."""
    raise ValueError(f"a letter does not fetch {url}")


_TYPE, _PAGES, _KIDS, _COUNT, _PARENT = map(
    generic.pdf_name, ("/Type", "/Pages", "/Kids", "/Count", "/Parent")
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
    with laid_out(html, stylesheet=stylesheet) as document:
        pages = document.pages
        on_page = [len(page.bookmarks) for page in pages]
        for page in pages:
            page.bookmarks.clear()  # not to be written: nobody turns a thousand of them
        has_room = on_page and 0 < on_page[-1] < rows
        kept = pages[:-1] if has_room and not is_last else pages
        return Piece(written(document.copy(kept)), len(kept), sum(on_page[: len(kept)]))


def join(pieces: Sequence[bytes]) -> bytes:
    """Return one PDF/A of the pages of all; what speaks of the whole file is the first one's."""
    first, *rest = (PdfFileReader(BytesIO(piece)) for piece in pieces)
    whole = copy_into_new_writer(first)
    # Each piece stays a branch of the tree of pages: a viewer finds page 1,000 in two steps.
    branches = [
        whole.root.raw_get("/Pages"),
        *(whole.import_object(piece.root.raw_get("/Pages")) for piece in rest),
    ]
    count = sum(int(branch.get_object()["/Count"]) for branch in branches)
    tree = generic.DictionaryObject(  # type: ignore[no-untyped-call]
        {_TYPE: _PAGES, _KIDS: generic.ArrayObject(branches), _COUNT: _number(count)}
    )
    trunk = whole.add_object(tree)
    for branch in branches:
        branch.get_object()[_PARENT] = trunk
    whole.root[_PAGES] = trunk
    output = BytesIO()
    whole.write(output)  # type: ignore[no-untyped-call]
    return output.getvalue()


def _number(value: int) -> generic.NumberObject:
    return generic.NumberObject(value)  # type: ignore[no-untyped-call]
