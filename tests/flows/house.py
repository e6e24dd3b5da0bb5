"""A whole portal of its own for a test: database, broker, and processes that can be killed."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from psycopg import sql

ROOT = Path(__file__).resolve().parents[2]


class House:
    """Processes of the portal on a database of their own, of the kind the suite runs on."""

    def __init__(
        self, folder: Path, *, redis_url: str, like: House | None = None, **environment: str
    ) -> None:
        self.folder = folder
        self.processes: list[subprocess.Popen[bytes]] = []
        self.environment = {
            **{name: value for name, value in os.environ.items() if name != "DATABASE_URL"},
            "DJANGO_SETTINGS_MODULE": "portal.settings",
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
        if settings.DATABASES["default"]["ENGINE"].endswith("postgresql"):
            self._create_database(template=like.database if like else "")
        if like is not None:
            shutil.copytree(like.folder / "var", folder / "var")

    def manage(self, *arguments: str) -> str:
        """Run a management command to its end and return what it printed."""
        return self._run("manage.py", *arguments)

    def stage(self, *arguments: str) -> str:
        """Run a scene of ``tests.flows.stage`` to its end and return what it printed."""
        return self.play("tests.flows.stage", *arguments)

    def play(self, module: str, *arguments: str) -> str:
        """Run a module of scenes to its end and return what it printed."""
        return self._run("-m", module, *arguments)

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start a process of the portal in a group of its own: it dies with its children."""
        log = (self.folder / f"{arguments[-1]}-{len(self.processes)}.log").open("wb")
        process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT,
            env=self.environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        log.close()
        self.processes.append(process)
        return process

    def start_worker(self) -> subprocess.Popen[bytes]:
        return self.start("-m", "celery", "-A", "portal", "worker", "-c", "1", "-P", "prefork")

    def start_beat(self) -> subprocess.Popen[bytes]:
        return self.start("-m", "celery", "-A", "portal", "beat")

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """SIGKILL the process and its children, as a power cut would."""
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def count(self, statement: str) -> int:
        """Return the one number a SELECT gives."""
        with closing(self.connect()) as connection:
            row = connection.execute(statement).fetchone()
        assert row is not None
        return int(row[0])

    def connect(self) -> sqlite3.Connection | psycopg.Connection[Any]:
        """Open a connection on which each statement is a transaction of its own."""
        if self.database:
            return psycopg.connect(**_server(self.database), autocommit=True)
        path = self.folder / "var" / "db.sqlite3"
        return sqlite3.connect(path, timeout=20, isolation_level=None)

    def close(self) -> None:
        for process in self.processes:
            self.kill(process)
        if self.database:
            with psycopg.connect(**_server("postgres"), autocommit=True) as connection:
                drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
                connection.execute(drop.format(sql.Identifier(self.database)))

    def _run(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=900,
        )
        assert done.returncode == 0, done.stderr[-4000:]
        return done.stdout

    def _create_database(self, *, template: str) -> None:
        self.database = f"portal_house_{uuid.uuid4().hex[:12]}"
        with psycopg.connect(**_server("postgres"), autocommit=True) as connection:
            create = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
            names = sql.Identifier(self.database), sql.Identifier(template or "template1")
            connection.execute(create.format(*names))
        server = _server(self.database)
        secret = f":{server['password']}" if server["password"] else ""
        self.environment["DATABASE_URL"] = (
            f"postgres://{server['user']}{secret}@{server['host']}:{server['port']}/{self.database}"
        )


def _server(database: str) -> dict[str, Any]:
    server = settings.DATABASES["default"]
    return {
        "dbname": database,
        "user": server["USER"] or "postgres",
        "password": server["PASSWORD"] or None,
        "host": server["HOST"] or "127.0.0.1",
        "port": server["PORT"] or 5432,
    }


@contextmanager
def house(folder: Path, *, redis_url: str = "", **environment: str) -> Iterator[House]:
    """Open a house with its tables and its CA, and leave nothing of it behind."""
    opened = House(folder, redis_url=redis_url, like=None, **environment)
    try:
        opened.manage("migrate", "--verbosity", "0")
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
