"""Letters are blank but where they are read: for tests marked ``paper``, and in tests/documents.

A letter costs 140 ms, an empty page 15; what is done with the file afterwards is done to it.
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
    """Whatever it lays out is one empty page while letters are blank."""
    import weasyprint  # loads Pango

    lay_out = weasyprint.HTML.render

    def render(letter: Any, **options: Any) -> Any:
        return lay_out(
            weasyprint.HTML(string='<html lang="vi">') if _are_blank else letter, **options
        )

    weasyprint.HTML.render = render
