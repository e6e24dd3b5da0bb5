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


NO_ROOMS = {"migrations", "management", "templatetags", "formats", "models", "kinds"}


def test_every_room_stands_on_the_map() -> None:
    lines = (BASE / "docs" / "architecture.md").read_text().splitlines()
    missing = {
        f"{app}/{room}"
        for app in ("requests_app", "devices", "orgmerge", "portal/ca", "portal/core")
        for room in {path.parent.name for path in (BASE / app).glob("*/__init__.py")} - NO_ROOMS
        if not any(line.startswith(f"| `{app}/`") and f"`{room}/`" in line for line in lines)
    }

    assert missing == set()
