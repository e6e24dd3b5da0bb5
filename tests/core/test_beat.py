"""Beat, a clock that is set back, and a damaged file of when it sent what."""

from __future__ import annotations

import dbm
import pickle
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine

from portal.celery import app
from portal.core.background.beat import Scheduler

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)


def test_a_clock_set_back_an_hour_stops_no_sweep(tmp_path: Path) -> None:
    with time_machine.travel(NOW + timedelta(hours=1), tick=False):
        scheduler = Scheduler(app=app, schedule_filename=str(tmp_path / "schedule"), lazy=True)
        scheduler.setup_schedule()
        assert 0 < scheduler.tick() <= 10

    with time_machine.travel(NOW, tick=False):
        wait = scheduler.tick()

    scheduler.close()
    assert 0 < wait <= 10
    assert app.conf.beat_scheduler == "portal.core.background.beat:Scheduler"


def open_scheduler(folder: Path) -> Scheduler:
    scheduler = Scheduler(app=app, schedule_filename=str(folder / "schedule"), lazy=True)
    scheduler.setup_schedule()
    return scheduler


class Gone:
    """Something that a later version does not have."""


@pytest.mark.parametrize("key", ["entries", "tz", "utc_enabled", "__version__"])
@pytest.mark.parametrize("kind", ["empty", "half", "rubbish", "another type", "a class gone"])
def test_a_damaged_entry_does_not_stop_beat(tmp_path: Path, key: str, kind: str) -> None:
    open_scheduler(tmp_path).close()
    with dbm.open(str(tmp_path / "schedule"), "w") as file:
        whole = file[key]
        file[key] = {
            "empty": b"",
            "half": whole[: len(whole) // 2],
            "rubbish": b"rubbish",
            "another type": pickle.dumps(["a list"]),
            "a class gone": pickle.dumps(Gone()).replace(b"Gone", b"Lost"),
        }[kind]

    scheduler = open_scheduler(tmp_path)

    assert set(scheduler.schedule) >= set(app.conf.beat_schedule)
    assert 0 <= scheduler.tick() <= 10
    scheduler.close()


@pytest.mark.parametrize("left", [0, 0.1, 0.5, 0.9])
def test_a_file_cut_short_does_not_stop_beat(tmp_path: Path, left: float) -> None:
    whole = tmp_path / "whole"
    whole.mkdir()
    open_scheduler(whole).close()
    for number, name in enumerate(sorted(path.name for path in whole.iterdir())):
        folder = tmp_path / str(number)
        shutil.copytree(whole, folder)
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content[: int(len(content) * left)])

        scheduler = open_scheduler(folder)

        assert set(scheduler.schedule) >= set(app.conf.beat_schedule)
        scheduler.close()
