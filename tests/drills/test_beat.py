"""Beat was away for five days: its first minute tells of everything, each threshold once."""

from __future__ import annotations

import shelve
from datetime import timedelta
from pathlib import Path

import pytest

from tests.drills.conftest import Calm
from tests.drills.drilling import KNOBS, PATIENCE, SWEEPS, difference, drill, tally_of
from tests.flows.house import House, house_like, wait_until

DAYS_AWAY = timedelta(days=5)
pytestmark = [pytest.mark.timeout(1200), pytest.mark.redis, pytest.mark.django_db]


def test_after_five_days_without_beat_everything_is_done_and_told_once(
    staged: House, calm: Calm, redis_url: str, tmp_path: Path
) -> None:
    with house_like(staged, tmp_path, redis_url=redis_url, **KNOBS) as home, drill(home) as late:
        schedule = tmp_path / "var" / "celerybeat-schedule"
        beat = home.start_beat()
        wait_until(lambda: any(tmp_path.glob("var/celerybeat-schedule*")), seconds=PATIENCE)
        late.start_worker()
        wait_until(lambda: late.last("portal.core.tasks.beat_heartbeat").runs > 0, seconds=PATIENCE)
        beat.terminate()
        beat.wait()
        _last_sent_days_ago(schedule)

        home.start_beat()

        wait_until(lambda: all(late.last(name).succeeded_at for name in SWEEPS), seconds=PATIENCE)
        late.finish()
        tally = tally_of(home)
    told = [key for key in tally["reminders"] if key.endswith("told")]
    assert difference(tally, calm.tally) == {}
    assert told
    assert len({key.split(" | ")[0] for key in told}) == len(told)  # the latest of each clock


def _last_sent_days_ago(schedule: Path) -> None:
    """Let beat remember that it sent each sweep last before it went away."""
    with shelve.open(str(schedule), writeback=True) as kept:  # noqa: S301
        for entry in kept["entries"].values():
            entry.last_run_at -= DAYS_AWAY
