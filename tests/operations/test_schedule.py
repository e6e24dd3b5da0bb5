"""The schedule of beat."""

from __future__ import annotations

from typing import Any

import pytest

from portal.celery import app
from portal.core.background.sweeps import beat_schedule

ENTRIES = sorted(beat_schedule().items())


@pytest.mark.parametrize(("name", "entry"), ENTRIES)
def test_each_entry_names_a_task_and_lets_old_messages_go(name: str, entry: dict[str, Any]) -> None:
    app.loader.import_default_modules()

    assert entry["task"] in app.tasks
    assert entry["options"]["expires"] > 0


def test_each_task_of_ours_is_scheduled() -> None:
    app.loader.import_default_modules()

    ours = {name for name in app.tasks if not name.startswith("celery.")}

    assert ours == {entry["task"] for _name, entry in ENTRIES}
