"""Letters are blank but where they are read: for tests marked ``paper``, and in tests/documents.

A letter costs 140 ms, an empty page 15 once; what is done with the file afterwards is done to it.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from tests.placing import uses_a_database

READ_IN = "tests/documents/"
_are_blank = True


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    global _are_blank  # noqa: PLW0603 (what is printed in threads of the test is blank as well)
    is_read = item.nodeid.startswith(READ_IN) or item.get_closest_marker("paper") is not None
    _are_blank = not is_read
    if _are_blank and uses_a_database(item):
        change_weasyprint()


@cache
def change_weasyprint() -> None:
    """Whatever it lays out is one empty page while letters are blank, made once a stylesheet."""
    import weasyprint  # loads Pango

    lay_out, write = weasyprint.HTML.render, weasyprint.Document.write_pdf
    pages: dict[Any, Any] = {}  # by stylesheet: the empty page laid out
    files: dict[Any, bytes] = {}  # by page and kind of PDF: what was written of it

    def render(letter: Any, **options: Any) -> Any:
        if not _are_blank:
            return lay_out(letter, **options)
        sheets = (*(options.get("stylesheets") or ()), options.get("pdf_variant"))
        if sheets not in pages:
            pages[sheets] = lay_out(weasyprint.HTML(string='<html lang="vi">'), **options)
        return pages[sheets]

    def write_pdf(document: Any, **options: Any) -> bytes:
        if document not in pages.values() or options.get("attachments"):
            return bytes(write(document, **options))
        page = (document, options.get("pdf_variant"))
        if page not in files:
            files[page] = bytes(write(document, **options))
        return files[page]

    weasyprint.HTML.render = render
    weasyprint.Document.write_pdf = write_pdf
