"""The broker is emptied, dies, and delivers twice, late and out of order: no work is lost by it."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import redis

from tests.drills.conftest import Calm
from tests.drills.drilling import KNOBS, PATIENCE, SWEEPS, Drill, difference, drill, tally_of
from tests.flows.house import House, house_like, wait_until

pytestmark = [pytest.mark.timeout(1200), pytest.mark.redis, pytest.mark.django_db]
ROWS_DONE = "SELECT count(*) FROM requests_app_dossieritem WHERE outcome = 'done'"
HEARTBEAT = "portal.core.tasks.beat_heartbeat"


def test_what_is_delivered_twice_late_and_out_of_order_is_done_once(
    staged: House, calm: Calm, redis_url: str, tmp_path: Path
) -> None:
    with house_like(staged, tmp_path, redis_url=redis_url, **KNOBS) as home, drill(home) as torn:
        torn.start_worker()
        torn.run(HEARTBEAT)  # knows of every sweep from here on
        torn.start_worker()
        yesterday = datetime.now(UTC) - timedelta(days=1)
        for name in reversed(SWEEPS):
            torn.send(name, expires=yesterday)
            torn.send(name)
            torn.send(name)
        _wait_for_runs(torn, dict.fromkeys(SWEEPS, 2))
        torn.finish()
        done = tally_of(home)
        late = {name: torn.last(name).runs + 1 for name in SWEEPS}
        for name in SWEEPS:
            torn.send(name)  # as if the broker had held it back until now
        _wait_for_runs(torn, late)
        again = tally_of(home)
    assert difference(done, calm.tally) == {}
    assert difference(again, done) == {}


def _wait_for_runs(torn: Drill, wanted: Mapping[str, int]) -> None:
    def are_through() -> bool:
        runs = {name: torn.last(name) for name in SWEEPS}
        return all(run.runs >= wanted[name] and not run.is_under_way for name, run in runs.items())

    wait_until(are_through, seconds=PATIENCE)


def test_a_redis_emptied_and_killed_in_mid_work_costs_no_work(
    staged: House, calm: Calm, tmp_path: Path
) -> None:
    port = _free_port()
    url = f"redis://127.0.0.1:{port}/0"
    with house_like(staged, tmp_path, redis_url=url, **KNOBS) as home, drill(home) as torn:
        with _redis(port) as broker:
            torn.start_worker()
            home.start_beat()
            torn.send("requests_app.tasks.execute_accepted")
            wait_until(lambda: home.count(ROWS_DONE) > 0, seconds=PATIENCE, pause=0.005)
            redis.Redis(port=port).flushall()
            for name in SWEEPS:
                torn.send(name)
            redis.Redis(port=port).flushall()
            broker.kill()
        runs = torn.last(HEARTBEAT).runs

        with _redis(port):
            wait_until(lambda: torn.last(HEARTBEAT).runs > runs, seconds=PATIENCE)
            torn.finish()
            tally = tally_of(home)
            for process in home.processes:
                home.kill(process)
    assert difference(tally, calm.tally) == {}


@contextmanager
def _redis(port: int) -> Iterator[subprocess.Popen[bytes]]:
    """A Redis of the drill's own that keeps nothing."""
    keeps_nothing = ["--save", "", "--appendonly", "no", "--loglevel", "warning"]
    server = subprocess.Popen(
        ["redis-server", "--port", str(port), "--bind", "127.0.0.1", *keeps_nothing],
        stdout=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: _answers(port), seconds=PATIENCE)
        yield server
    finally:
        server.kill()
        server.wait()


def _answers(port: int) -> bool:
    try:
        with redis.Redis(port=port) as client:
            return bool(client.ping())
    except redis.ConnectionError:
        return False


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
