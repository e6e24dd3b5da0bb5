"""WeasyPrint, set up once: one font configuration, each stylesheet parsed once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pydyf  # type: ignore[import-untyped]
from django.contrib.staticfiles import finders
from django.core.exceptions import ImproperlyConfigured

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

    def leave_room_for_signatures(document: weasyprint.Document, pdf: pydyf.PDF) -> None:
        # An empty form: the check of a signed copy can tell that only signatures came to it.
        form = pydyf.Dictionary({"Fields": pydyf.Array()})
        pdf.add_object(form)
        pdf.catalog["AcroForm"] = form.reference

    content: bytes = document.write_pdf(pdf_variant=PDF_VARIANT, finisher=leave_room_for_signatures)
    return content


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


def _fetch_nothing(url: str, *args: object, **kwargs: object) -> dict[str, object]:
    """Letters bring everything they need; nothing is fetched for what people typed."""
    raise ValueError(f"a letter does not fetch {url}")
