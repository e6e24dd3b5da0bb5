"""Driving the sweeps of a house one by one through the broker, and ending its worker meanwhile."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from celery import Celery

from portal.core.background.sweeps import beat_schedule
from tests.flows.house import House, Process, wait_until

PATIENCE = 300  # seconds for what takes a few, on a busy machine
BEAT = 10  # seconds until a sweep is sent again
# One row a transaction, short leases, and an office that is open at any hour.
KNOBS = {"EXECUTION_CHUNK": "1", "EXECUTION_LEASE_SECONDS": "1", "REMINDER_HOUR": "0"}
EXECUTE = "requests_app.tasks.execute_accepted"
_BEING_EXECUTED = (
    "SELECT count(*) FROM requests_app_dossier WHERE state IN ('accepted', 'executing')"
)
ARCHIVE = "requests_app.tasks.archive_closed"
MAIL = "portal.notices.tasks.send_pending_mail"
SWEEPS = tuple(beat_schedule())
_RUN = "SELECT runs, began_at, succeeded_at, failed_at FROM core_sweeprun WHERE name = '{}'"
_WAITING = (
    "SELECT state, wait_event_type, wait_event, left(query, 200) FROM pg_stat_activity "
    "WHERE datname = current_database() AND wait_event_type = 'Lock'"
)
# What somebody else has in hand, until when: a killed worker's leases.
_LEASES = {
    "notices_mail": "created_at",
    "requests_app_dossier": "created_at",
    "requests_app_coveringletter": "updated_at",
    "devices_intake": "created_at",
}
# What a row waits for besides: neighbours of a mail, whoever may still fit a key into a device.
_AGE_ON_POSTGRESQL = "UPDATE {} SET {} = {} - interval '1 day'"
_AGE_ON_SQLITE = "UPDATE {} SET {} = datetime({}, '-1 day')"


@dataclass(frozen=True, slots=True)
class Run:
    """How a sweep went last."""

    runs: int = 0
    began_at: datetime | None = None
    succeeded_at: datetime | None = None
    failed_at: datetime | None = None

    @property
    def is_under_way(self) -> bool:
        ended = [moment for moment in (self.succeeded_at, self.failed_at) if moment]
        return self.began_at is not None and all(self.began_at > moment for moment in ended)

    @property
    def seconds(self) -> float:
        """How long the last one that got through took."""
        assert self.began_at is not None
        assert self.succeeded_at is not None
        return (self.succeeded_at - self.began_at).total_seconds()


class Drill:
    """One house with a worker, and what is done to them."""

    def __init__(self, home: House, *, children: int = 1) -> None:
        self.home = home
        self.children = children  # of a worker, which misses a killed one after ten seconds only
        self._database = home.connect()
        self._broker = Celery(broker=home.environment["REDIS_URL"], set_as_current=False)
        self._broker.conf.task_default_queue = home.environment["CELERY_QUEUE"]
        self.worker: Process | None = None

    def close(self) -> None:
        self._database.close()
        self._broker.close()

    def start_worker(self) -> Process:
        self.worker = self.home.start_worker(children=self.children)
        return self.worker

    def send(self, name: str, **options: Any) -> None:
        """Send one sweep, as beat does."""
        self._broker.send_task(name, **options)

    def run(self, name: str, *, seconds: float = PATIENCE) -> Run:
        """Send one sweep and return how it went when it is through."""
        before = self.last(name).runs
        self._send_until(lambda: self._is_through(name, before), name, seconds=seconds, pause=0.01)
        return self.last(name)

    def run_to_the_end(self, name: str) -> float:
        """Send one sweep until nothing is left for it; return the seconds its first run took."""
        took = 0.0
        ends_at = time.monotonic() + PATIENCE
        while not took or self._did(name) or self._is_in_hand(name):
            assert time.monotonic() < ends_at, name
            self.let_leases_run_out()  # or it leaves to the killed what they had in hand
            run = self.run(name)
            took = took or run.seconds
        return took

    def _is_in_hand(self, name: str) -> bool:
        """Whether another run of it, which beat has sent, is still at what it claimed."""
        return name == EXECUTE and self.home.count(_BEING_EXECUTED) > 0

    def _did(self, name: str) -> bool:
        statement = f"SELECT did FROM core_sweeprun WHERE name = '{name}'"  # noqa: S608
        row = self._database.execute(statement).fetchone()
        return row is not None and bool(row[0])

    def run_all(self) -> dict[str, Run]:
        """Send every sweep of the schedule, each after the other."""
        return {name: self.run(name) for name in SWEEPS}

    def finish(self) -> None:
        """Let all leases run out and the mails settle, and run every sweep to its end."""
        for _round in range(2):
            self.let_leases_run_out()
            self.run_all()
            self.let_mails_settle()
            self.run(MAIL)
        self.run_to_the_end(ARCHIVE)  # some at once; what a later checkpoint overtook, once more

    def kill_during(self, name: str, *, after: float, whole: bool) -> Run:
        """Send one sweep and end its worker ``after`` seconds of it; return how it stands then.

        ``whole`` ends the worker, which starts again; else only the child that does the work.
        """
        before = self.last(name).runs
        self._send_until(
            lambda: self.last(name).runs > before, name, seconds=PATIENCE, pause=0.0005
        )
        time.sleep(after)
        assert self.worker is not None
        if whole:
            self.home.kill(self.worker)
            self.start_worker()
        else:
            for child in children_of(self.worker.pid):
                with suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)
        return self.last(name)

    def _send_until(
        self, is_so: Callable[[], bool], name: str, *, seconds: float, pause: float
    ) -> None:
        """Send a sweep, and again as beat would: a killed worker takes messages with it."""
        next_at = 0.0

        def or_again() -> bool:
            nonlocal next_at
            if is_so():
                return True
            if time.monotonic() >= next_at:
                self.send(name)
                next_at = time.monotonic() + BEAT
            return False

        try:
            wait_until(or_again, seconds=seconds, pause=pause)
        except AssertionError as late:
            raise AssertionError(f"{name}: {late}; {self._at_work()}") from late

    def _at_work(self) -> str:
        """Say what stands still: the sweeps under way, the locks waited for, the worker's words."""
        under_way = [name for name in SWEEPS if self.last(name).is_under_way]
        waiting = self._database.execute(_WAITING).fetchall() if self.home.database else []
        logs = [one.read_text()[-2000:] for one in self.home.folder.glob("prefork-*.log")]
        return f"under way: {under_way}; waiting: {waiting}; the workers said: {logs}"

    def last(self, name: str) -> Run:
        row = self._database.execute(_RUN.format(name)).fetchone()
        return Run(int(row[0]), *map(_moment, row[1:])) if row else Run()

    def let_leases_run_out(self) -> None:
        """Half an hour passes: whatever a killed worker had in hand is anybody's again."""
        for table, long_ago in _LEASES.items():
            statement = f"UPDATE {table} SET claimed_until = {long_ago}"  # noqa: S608
            self._database.execute(f"{statement} WHERE claimed_until IS NOT NULL")
        self._age("ca_keypair", "made_at", "id NOT IN (SELECT key_id FROM ca_certificate)")

    def _age(self, table: str, column: str, which: str) -> None:
        age = _AGE_ON_POSTGRESQL if self.home.database else _AGE_ON_SQLITE
        self._database.execute(f"{age.format(table, column, column)} WHERE {which}")

    def take_in_hand(self, *, until: datetime) -> None:
        """Claim whatever can be claimed, as a worker does that dies then."""
        for table in _LEASES:
            moment = until.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
            zone = "+00" if self.home.database else ""
            self._database.execute(f"UPDATE {table} SET claimed_until = '{moment}{zone}'")  # noqa: S608

    def let_mails_settle(self) -> None:
        """A day passes: what was told waits for no neighbours any more."""
        self._age("notices_notice", "at", "mail_id IS NULL")

    def in_hand(self) -> set[str]:
        """Return the mails that were begun and of which nobody knows whether they left."""
        rows = self._database.execute(
            "SELECT message_id FROM notices_mail WHERE sent_at IS NULL AND attempts > 0"
        )
        return {str(row[0]) for row in rows.fetchall()}

    def _is_through(self, name: str, before: int) -> bool:
        run = self.last(name)
        return run.runs > before and not run.is_under_way


@contextmanager
def drill(home: House, *, children: int = 1) -> Iterator[Drill]:
    """Open a drill on a house and close what it opened."""
    opened = Drill(home, children=children)
    try:
        yield opened
    finally:
        opened.close()


def tally_of(home: House) -> dict[str, Any]:
    """Return what stands in the house; see ``tests.drills.tally``."""
    answer: dict[str, Any] = json.loads(home.play("tests.drills.tally"))
    return answer


def difference(now: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is not as wanted, each with what it is and what it was to be."""
    found: dict[str, Any] = {}
    for name in now.keys() | wanted.keys():
        one: Any = now.get(name)
        other: Any = wanted.get(name)
        if one != other:
            is_deep = isinstance(one, dict) and isinstance(other, dict)
            found[name] = difference(one, other) if is_deep else (one, other)
    return found


def _moment(value: datetime | str | None) -> datetime | None:
    if isinstance(value, str):
        return datetime.fromisoformat(value).replace(tzinfo=UTC)
    return value


def children_of(pid: int) -> list[int]:
    """Return the processes that ``pid`` has started."""
    with suppress(FileNotFoundError):
        return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []
