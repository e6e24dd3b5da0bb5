"""Scenes that a house's own processes play: ``python -m tests.flows.stage confirm 50``."""

from __future__ import annotations

import sys

import django

django.setup()

from django.utils import timezone  # noqa: E402

from portal.ca import authority  # noqa: E402
from portal.ca import services as ca  # noqa: E402
from tests import builders, story  # noqa: E402


def confirm(rows: int) -> None:
    """Bring a dossier of ``rows`` people to the worker's door, with devices in stock for all."""
    authority.open_for_signing()
    for key in ca.make_keys("token", rows, now=timezone.now()):
        builders.device(key_pair=key)
    story.confirmed(story.cast(), rows=rows)


if __name__ == "__main__":
    {"confirm": confirm}[sys.argv[1]](*map(int, sys.argv[2:]))
