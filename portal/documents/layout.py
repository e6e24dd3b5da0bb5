"""WeasyPrint, set up a few times: a font configuration and each stylesheet parsed for each."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, LifoQueue
from typing import TYPE_CHECKING

import pydyf  # type: ignore[import-untyped]
from django.contrib.staticfiles import finders
from django.core.exceptions import ImproperlyConfigured

if TYPE_CHECKING:
    import weasyprint
    from weasyprint.text.fonts import FontConfiguration

PDF_VARIANT = "pdf/a-2u"
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


def print_pdf(html: str, *, stylesheet: str) -> bytes:
    """Return ``html`` as PDF/A. ``stylesheet`` is a path below the static files."""
    with laid_out(html, stylesheet=stylesheet) as document:
        return written(document)


@contextmanager
def laid_out(html: str, *, stylesheet: str) -> Iterator[weasyprint.Document]:
    """Lay ``html`` out on pages, to be written within."""
    import weasyprint  # loads Pango: only who prints pays for it

    with press() as one:
        source = weasyprint.HTML(string=html, url_fetcher=_fetch_nothing)
        yield source.render(
            stylesheets=[one.parsed(stylesheet)], font_config=one.fonts, pdf_variant=PDF_VARIANT
        )


def written(document: weasyprint.Document) -> bytes:
    """Return pages laid out here as PDF/A."""

    def leave_room_for_signatures(document: weasyprint.Document, pdf: pydyf.PDF) -> None:
        # An empty form: the check of a signed copy can tell that only signatures came to it.
        form = pydyf.Dictionary({"Fields": pydyf.Array()})
        pdf.add_object(form)
        pdf.catalog["AcroForm"] = form.reference

    content: bytes = document.write_pdf(pdf_variant=PDF_VARIANT, finisher=leave_room_for_signatures)
    return content


def _fetch_nothing(url: str, *args: object, **kwargs: object) -> dict[str, object]:
    """Letters bring everything they need; nothing is fetched for what people typed."""
    raise ValueError(f"a letter does not fetch {url}")
