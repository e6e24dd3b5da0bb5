"""How much a test plays: little in the suite, all of it in ``make test-long``."""

from __future__ import annotations

import os

IS_LONG = os.environ.get("LONG") == "1"


def amount(name: str, *, short: int, long: int) -> int:
    """Return how many of something to play; the environment variable ``name`` has the last word.

    The test is marked ``long``, which is what ``make test-long`` runs.
    """
    return int(os.environ.get(name, long if IS_LONG else short))
