"""Processes of the portal, forked from one that has loaded the libraries: a start costs half.

What a process loads by itself is the portal, under settings of its own. Letters that it prints are
blank.
"""

from __future__ import annotations

import multiprocessing
import os
import runpy
import sys
from collections.abc import Mapping, Sequence
from multiprocessing import forkserver
from multiprocessing.context import ForkServerProcess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_LIBRARIES = (
    *("celery.bin.celery", "celery.bin.worker", "celery.bin.beat", "celery.apps.worker"),
    *("celery.apps.beat", "celery.concurrency.prefork", "celery.worker.consumer", "celery.fixups"),
    *("kombu.transport.redis", "kombu.transport.filesystem", "redis", "psycopg", "sqlite3"),
    *("django.core.management", "django.db.models", "django.contrib.postgres.fields"),
    *("cryptography.x509", "pyhanko.sign.signers", "pyhanko.sign.validation", "openpyxl"),
    *("icalendar", "zxcvbn", "holidays", "yaml", "gunicorn.app.wsgiapp", "pypdf"),
    "tests.flows.forks_blank",
)


class Forked:
    """A process as ``subprocess.Popen`` shows one."""

    def __init__(
        self, arguments: Sequence[str], environment: Mapping[str, str], *, out: Path, errors: Path
    ) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([*_LIBRARIES])
        whole = list(arguments), dict(environment), str(out), str(errors)
        self._process: ForkServerProcess = context.Process(target=_run, args=whole)
        self._process.start()
        assert self._process.pid is not None
        self.pid: int = self._process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int | None:
        self._process.join(timeout)
        return self._process.exitcode

    def kill(self) -> None:
        self._process.kill()

    def terminate(self) -> None:
        self._process.terminate()


def stop() -> None:
    """End the process they are forked from, and count its time as this one's."""
    forkserver._forkserver._stop()  # type: ignore[attr-defined]


def _run(arguments: list[str], environment: dict[str, str], out: str, errors: str) -> None:
    """Do what ``python`` does with these arguments, in a group and with an output of its own."""
    os.setsid()
    os.chdir(ROOT)
    os.environ.clear()
    os.environ.update(environment)
    for path, number in ((out, 1), (errors, 2)):
        written = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(written, number)
        os.close(written)
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
    if arguments[0] == "-m":
        sys.argv = arguments[1:]
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = arguments
        runpy.run_path(arguments[0], run_name="__main__")
