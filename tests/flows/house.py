"""A whole portal of its own for a test: database, broker, and processes that can be killed."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
from django.db import connection
from psycopg import sql

from tests import databases
from tests.flows.forks import ROOT, Forked

__all__ = ["ROOT", "House", "Process", "house", "house_like", "wait_until"]
Process = Forked | subprocess.Popen[bytes]


class House:
    """Processes of the portal on a database of their own, of the kind the suite runs on."""

    def __init__(
        self, folder: Path, *, redis_url: str, like: House | None = None, **environment: str
    ) -> None:
        self.folder = folder
        self.processes: list[Process] = []
        self.environment = {
            **{name: value for name, value in os.environ.items() if name != "DATABASE_URL"},
            "DJANGO_SETTINGS_MODULE": "tests.house_settings",
            "DEBUG": "1",
            "SIMULATION": "1",
            "DATA_DIR": str(folder / "var"),
            "CA_ALGORITHM": "ec",
            "REDIS_URL": redis_url,
            "CELERY_QUEUE": f"house-{uuid.uuid4().hex}",
            "PYTHONPATH": str(ROOT),
            **environment,
        }
        self.database = ""
        self._databases: list[str] = []
        if connection.vendor == "postgresql":
            self.environment["DATABASE_URL"] = self.create_database(
                template=like.database if like else databases.migrated()
            )
            self.database = self._databases[0]
        if like is not None:
            shutil.copytree(like.folder / "var", folder / "var")
        elif connection.vendor == "sqlite":
            (folder / "var").mkdir()
            shutil.copy(databases.migrated(), folder / "var" / "db.sqlite3")

    def manage(self, *arguments: str) -> str:
        """Run a management command to its end and return what it printed."""
        return self._run("manage.py", *arguments)

    def stage(self, *arguments: str) -> str:
        """Run a scene of ``tests.flows.stage`` to its end and return what it printed."""
        return self.play("tests.flows.stage", *arguments)

    def play(self, module: str, *arguments: str) -> str:
        """Run a module of scenes to its end and return what it printed."""
        return self._run("-m", module, *arguments)

    def start(self, *arguments: str) -> Process:
        """Start a process of the portal in a group of its own: it dies with its children."""
        log = self.folder / f"{arguments[-1]}-{len(self.processes)}.log"
        process = Forked(arguments, self.environment, out=log, errors=log)
        self.processes.append(process)
        return process

    def start_worker(self, *, children: int = 1) -> Process:
        celery = ("-m", "celery", "-A", "portal", "worker")
        return self.start(*celery, "-c", str(children), "-P", "prefork")

    def start_beat(self) -> Process:
        return self.start("-m", "celery", "-A", "portal", "beat")

    def kill(self, process: Process) -> None:
        """SIGKILL the process and its children, as a power cut would."""
        if process.poll() is None:
            with suppress(ProcessLookupError):  # forked a moment ago, it is in no group of its own
                os.killpg(process.pid, signal.SIGKILL)
            process.kill()
        process.wait()

    def count(self, statement: str) -> int:
        """Return the one number a SELECT gives."""
        with closing(self.connect()) as opened:
            row = opened.execute(statement).fetchone()
        assert row is not None
        return int(row[0])

    def connect(self) -> sqlite3.Connection | psycopg.Connection[Any]:
        """Open a connection on which each statement is a transaction of its own."""
        if self.database:
            return psycopg.connect(**databases.server(self.database), autocommit=True)
        path = self.folder / "var" / "db.sqlite3"
        return sqlite3.connect(path, timeout=20, isolation_level=None)

    def close(self) -> None:
        for process in self.processes:
            self.kill(process)
        for database in self._databases:
            databases.drop(database)

    def _run(self, *arguments: str) -> str:
        said = self.folder / f"{uuid.uuid4().hex}.said"
        errors = said.with_suffix(".errors")
        done = Forked(arguments, self.environment, out=said, errors=errors).wait(900)
        assert done == 0, errors.read_text()[-4000:]
        return said.read_text()

    def create_database(self, *, template: str) -> str:
        """Make a database that goes with this house and return its address.

        Nothing may be connected to ``template``, of which it is a copy.
        """
        name = f"portal_house_{uuid.uuid4().hex[:12]}"
        with psycopg.connect(**databases.server("postgres"), autocommit=True) as administrator:
            create = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
            names = sql.Identifier(name), sql.Identifier(template)
            administrator.execute(create.format(*names))
        self._databases.append(name)
        server = databases.server(name)
        secret = f":{server['password']}" if server["password"] else ""
        return f"postgres://{server['user']}{secret}@{server['host']}:{server['port']}/{name}"


@contextmanager
def house(folder: Path, *, redis_url: str = "", **environment: str) -> Iterator[House]:
    """Open a house with its tables and its CA, and leave nothing of it behind."""
    opened = House(folder, redis_url=redis_url, like=None, **environment)
    try:
        opened.manage("setup_ca")
        yield opened
    finally:
        opened.close()


@contextmanager
def house_like(
    other: House, folder: Path, *, redis_url: str = "", **environment: str
) -> Iterator[House]:
    """Open a house with everything that ``other``, where nothing runs, has; leave nothing of it."""
    opened = House(folder, redis_url=redis_url, like=other, **environment)
    try:
        yield opened
    finally:
        opened.close()


def wait_until(is_so: Callable[[], bool], *, seconds: float, pause: float = 0.05) -> None:
    """Wait until something is so; fail when it is not within ``seconds``."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(pause)
