"""The folder as a broker under load: each message reaches one reader once, rubbish ends nobody."""

from __future__ import annotations

import copy
import json
import logging
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kombu import Consumer, Producer

from tests.amounts import amount
from tests.drills.drilling import PATIENCE
from tests.drills.messages import QUEUE, connect
from tests.flows.house import ROOT, house, wait_until

MESSAGES = amount("DRILL_MESSAGES", short=400, long=10_000)
WRITERS = READERS = 4
HEARTBEAT = "portal.core.tasks.beat_heartbeat"
HEARTBEATS = (
    "SELECT coalesce(sum(runs), 0) FROM core_sweeprun "
    "WHERE name = 'portal.core.tasks.beat_heartbeat'"
)
SEND = f"from portal.celery import app; app.send_task('{HEARTBEAT}')"
RUBBISH = {
    "empty": b"",
    "half": b'{"body": "eyJ0ZXN0Ijog',
    "bytes": bytes(range(256)),
    "deep": b"[" * 200_000,
    "a list": b"[1, 2]",
    "an object": b"{}",
    "an envelope without a tag": b'{"properties": {}}',
    "an encoding nobody knows": b'{"body": "x", "properties": {"body_encoding": "y"}}',
}


def start(*arguments: object) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.drills.messages", *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE)


@pytest.mark.timeout(1200)
@pytest.mark.long
def test_each_message_is_delivered_once_and_rubbish_is_put_aside(tmp_path: Path) -> None:
    share = MESSAGES // WRITERS
    logs = [tmp_path / f"{number}.log" for number in range(READERS)]
    began = time.monotonic()
    readers = [start("read", tmp_path, log) for log in logs]
    writers = [start("write", tmp_path, n * share, (n + 1) * share) for n in range(WRITERS)]
    processes = [*readers, *writers]

    def numbers() -> list[int]:
        return [int(one) for log in logs if log.exists() for one in log.read_text().split()]

    try:
        wait_until(lambda: len(numbers()) > MESSAGES // 10, seconds=PATIENCE)
        for name, content in RUBBISH.items():
            (tmp_path / "queue" / f"{len(name):020}_{name}.drill.msg").write_bytes(content)
        wait_until(
            lambda: len(numbers()) >= WRITERS * share or any(map(_has_failed, processes)),
            seconds=PATIENCE + MESSAGES / 20,
        )
        took = time.monotonic() - began
        aside = tmp_path / "damaged"
        wait_until(lambda: len(list(aside.iterdir())) == len(RUBBISH), seconds=PATIENCE)
        (tmp_path / "finished").touch()
        ends = [process.communicate(timeout=PATIENCE)[1] for process in processes]
    finally:
        for process in processes:
            process.kill()
    logging.getLogger(__name__).info("%s messages in %.1f s", MESSAGES, took)
    assert [process.returncode for process in processes] == [0] * len(processes), ends
    assert sorted(numbers()) == list(range(WRITERS * share))
    assert list((tmp_path / "queue").iterdir()) == []
    assert list((tmp_path / "processed").iterdir()) == []


def _has_failed(process: subprocess.Popen[bytes]) -> bool:
    return bool(process.poll())


def test_whoever_meets_a_damaged_table_of_bindings_goes_on_by_its_own(tmp_path: Path) -> None:
    got = []
    with connect(tmp_path) as connection, connection.channel() as channel:
        producer = Producer(channel)
        with Consumer(channel, [QUEUE], callbacks=[lambda *one: got.append(one)], no_ack=True):
            for content in (b"", b'[["dri', b"[1]", b"[" * 200_000):
                (tmp_path / "control" / "drill.exchange").write_bytes(content)
                producer.publish("body", exchange=QUEUE.exchange, routing_key="drill")
                connection.drain_events(timeout=5)
    assert len(got) == 4


def test_bindings_declared_at_the_same_time_are_all_kept(tmp_path: Path) -> None:
    declare = (
        "import sys; from pathlib import Path; from kombu import Exchange, Queue;"
        "from tests.drills.messages import connect;"
        "c = connect(Path(sys.argv[1])).channel();"
        "[Queue(f'{sys.argv[2]}-{n}', Exchange('all', type='fanout'), channel=c).declare()"
        " for n in range(50)]"
    )
    command = [sys.executable, "-c", declare, str(tmp_path)]
    processes = [subprocess.Popen([*command, str(n)], cwd=ROOT) for n in range(4)]

    assert [process.wait(PATIENCE) for process in processes] == [0] * 4
    bound = json.loads((tmp_path / "control" / "all.exchange").read_text())
    assert len(bound) == 200


@pytest.mark.django_db
def test_no_message_whatever_it_spells_ends_a_worker(tmp_path: Path) -> None:
    with house(tmp_path, redis_url="") as home:
        queue = tmp_path / "var" / "broker" / "queue"
        home.manage("shell", "--no-imports", "-c", SEND)
        [sent] = queue.iterdir()
        payload = json.loads(sent.read_text())
        sent.unlink()
        rubbish = [*RUBBISH.values(), *(json.dumps(o).encode() for o in _damaged(payload))]
        for number, content in enumerate(rubbish):
            (queue / f"{number:020}_x.{home.environment['CELERY_QUEUE']}.msg").write_bytes(content)
        worker = home.start_worker()
        wait_until(
            lambda: not list(queue.glob("*_x.*")) or worker.poll() is not None, seconds=PATIENCE
        )
        before = home.count(HEARTBEATS)
        home.manage("shell", "--no-imports", "-c", SEND)
        wait_until(
            lambda: home.count(HEARTBEATS) > before or worker.poll() is not None, seconds=PATIENCE
        )
        assert worker.poll() is None, next(tmp_path.glob("*.log")).read_text()[-4000:]


def _damaged(payload: Any) -> Iterator[Any]:
    """Return the message with each of its values replaced by rubbish, or left out."""
    for path in _paths(payload):
        for junk in ("rubbish", ["a"]):
            damaged = copy.deepcopy(payload)
            at = damaged
            for step in path[:-1]:
                at = at[step]
            at[path[-1]] = junk
            yield damaged
        damaged = copy.deepcopy(payload)
        at = damaged
        for step in path[:-1]:
            at = at[step]
        del at[path[-1]]
        yield damaged


def _paths(value: Any) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield (key,)
            yield from ((key, *rest) for rest in _paths(inner))
