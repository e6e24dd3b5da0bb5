"""A line of a template is read without scrolling: longer, it holds a choice that Python makes."""

from __future__ import annotations

from tests.architecture.sources import BASE

LONGEST = 160


def test_no_line_of_a_template_needs_scrolling() -> None:
    templates = BASE / "templates"
    found = {
        f"{page.relative_to(templates)}:{number}"
        for page in templates.rglob("*.*")
        for number, line in enumerate(page.read_text("utf-8").splitlines(), 1)
        if len(line) > LONGEST
    }

    assert found == set()
