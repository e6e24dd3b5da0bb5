"""Beat and a clock that is set back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import time_machine

from portal.celery import app
from portal.core.beat import Scheduler

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
    assert app.conf.beat_scheduler == "portal.core.beat:Scheduler"
