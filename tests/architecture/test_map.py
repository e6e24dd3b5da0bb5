"""The map in docs/architecture.md and the recipes name files that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.architecture.sources import BASE

PAGES = sorted([BASE / "docs" / "architecture.md", *(BASE / "docs" / "how-to").glob("*.md")])
NAMED = re.compile(r"`((?:portal|requests_app|devices|orgmerge|tests)/[\w/]+(?:\.py|/))`")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_files_a_page_names_exist(page: Path) -> None:
    text = page.read_text()

    assert [name for name in NAMED.findall(text) if not (BASE / name).exists()] == []


def test_every_room_stands_on_the_map() -> None:
    text = (BASE / "docs" / "architecture.md").read_text()
    rooms = {
        path.parent.name
        for app in ("requests_app", "orgmerge")
        for path in (BASE / app).glob("*/__init__.py")
    }

    rooms -= {"migrations", "management", "templatetags", "models", "kinds"}
    assert {room for room in rooms if f"`{room}/`" not in text} == set()
