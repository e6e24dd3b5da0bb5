"""WeasyPrint, set up a few times: a font configuration and each stylesheet parsed for each."""

from __future__ import annotations

import io
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, LifoQueue
from typing import TYPE_CHECKING

import pydyf  # type: ignore[import-untyped]
from django.contrib.staticfiles import finders
from django.core.exceptions import ImproperlyConfigured

from portal.core.database.bulk import collector_paused

if TYPE_CHECKING:
    import weasyprint
    from weasyprint.text.fonts import FontConfiguration

TAGGED, PLAIN = "pdf/a-3a", "pdf/a-3u"
# By this name, as JSON, a letter carries its data; no other enclosure is let in (examination).
DATA_NAME = "du-lieu-ho-so.json"
_FREE = 65535  # the generation of an object that is none
# Pango does not let two threads use one font map at once: each that prints takes a set of its own,
# kept for the next. More at once than this wait for one; a letter printed while somebody waits is
# short (long ones are printed by the worker, a piece at a time).
MOST_AT_ONCE = 4
_free: LifoQueue[Press] = LifoQueue()
_places = threading.BoundedSemaphore(MOST_AT_ONCE)


class Press:
    """What printing needs besides the letter: a font map, and the stylesheets parsed with it."""

    def __init__(self) -> None:
        from weasyprint.text.fonts import FontConfiguration

        self.fonts: FontConfiguration = FontConfiguration()
        self._parsed: dict[str, weasyprint.CSS] = {}

    def parsed(self, stylesheet: str) -> weasyprint.CSS:
        """Return a stylesheet parsed, and kept."""
        import weasyprint

        if stylesheet not in self._parsed:
            path = finders.find(stylesheet)
            if path is None:
                raise ImproperlyConfigured(f"the stylesheet {stylesheet} is missing")
            text = Path(path).read_text("utf-8")
            self._parsed[stylesheet] = weasyprint.CSS(string=text, font_config=self.fonts)
        return self._parsed[stylesheet]


@contextmanager
def press() -> Iterator[Press]:
    """Have a press for oneself."""
    with _places:
        try:
            one = _free.get_nowait()
        except Empty:
            one = Press()
        try:
            yield one
        finally:
            _free.put(one)


def print_pdf(html: str, *, stylesheet: str, variant: str = PLAIN, data: bytes = b"") -> bytes:
    """Return ``html`` as PDF/A. ``stylesheet`` is a path below the static files."""
    with laid_out(html, stylesheet=stylesheet, variant=variant) as document:
        return written(document, variant=variant, data=data)


@contextmanager
def laid_out(html: str, *, stylesheet: str, variant: str = PLAIN) -> Iterator[weasyprint.Document]:
    """Lay ``html`` out on pages, to be written within; its text is composed (NFC)."""
    import weasyprint  # loads Pango: only who prints pays for it

    with press() as one, collector_paused():  # every box lives until the file is written
        composed = unicodedata.normalize("NFC", html)  # its spaces and breaks are meant
        source = weasyprint.HTML(string=composed, url_fetcher=_fetch_nothing)
        yield source.render(
            stylesheets=[one.parsed(stylesheet)], font_config=one.fonts, pdf_variant=variant
        )


def written(document: weasyprint.Document, *, variant: str = PLAIN, data: bytes = b"") -> bytes:
    """Return pages laid out here as PDF/A; ``data`` is JSON to be enclosed."""
    import weasyprint

    def finish(document: weasyprint.Document, pdf: pydyf.PDF) -> None:
        # An empty form: the check of a signed copy can tell that only signatures came to it.
        form = pydyf.Dictionary({"Fields": pydyf.Array()})
        pdf.add_object(form)
        pdf.catalog["AcroForm"] = form.reference
        if data:  # WeasyPrint writes it down twice
            pdf.catalog["AF"] = pydyf.Array(pdf.catalog["AF"][:1])
        if variant == TAGGED:
            _lighten_tags(pdf)

    enclosed = (
        [weasyprint.Attachment(file_obj=io.BytesIO(data), name=DATA_NAME, relationship="Data")]
        if data
        else None
    )
    content: bytes = document.write_pdf(pdf_variant=variant, finisher=finish, attachments=enclosed)
    return content


def _lighten_tags(pdf: pydyf.PDF) -> None:
    """Leave out what WeasyPrint's tags say twice: half of their objects, of a list of people.

    The text of a paragraph or cell belongs to it without a Span between, and a heading cell says
    that it heads its column instead of each cell naming its headings.
    """
    owners: dict[bytes, bytes] = {}
    # From the leaves up: a part is an object of its own after the one it is part of.
    for element in reversed(pdf.objects):
        if not isinstance(element, pydyf.Dictionary) or element.get("Type") != "/StructElem":
            continue
        kind, held = element["S"], element["K"]
        if kind == "/TH":
            element.pop("ID", None)
            element["A"]["Scope"] = "/Column"
        elif kind == "/TD":
            element["A"].pop("Headers", None)
            if len(element["A"]) == 1:  # which only names its owner, the table
                del element["A"]
        elif kind == "/Span" and held and all(isinstance(kid, int) for kid in held):
            parent = pdf.objects[int(element["P"].split()[0])]
            if element.reference not in parent["K"]:
                continue  # of a page number, which is no part of the text
            owners[element.reference] = parent.reference
            at = parent["K"].index(element.reference)
            parent["K"][at : at + 1] = held
            element.free, element.generation, element.number = "f", _FREE, 0
    root = pdf.objects[int(pdf.catalog["StructTreeRoot"].split()[0])]
    numbers = pdf.objects[int(root["ParentTree"].split()[0])]["Nums"]
    for of_page in numbers[1::2]:
        for at, owner in enumerate(of_page):
            while owner in owners:
                owner = owners[owner]  # noqa: PLW2901 (up to who is left)
            of_page[at] = owner


def _fetch_nothing(url: str, *args: object, **kwargs: object) -> dict[str, object]:
    """Letters bring everything they need; nothing is fetched for what people typed."""
    raise ValueError(f"a letter does not fetch {url}")
