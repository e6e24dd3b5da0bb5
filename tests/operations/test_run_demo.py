"""What ``make run`` starts, as a process: its pages, a worker that dies, and Ctrl-C."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from time import monotonic
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from tests import databases
from tests.amounts import IS_LONG, amount
from tests.drills.drilling import children_of
from tests.flows.house import ROOT, wait_until

STARTS = 600  # seconds, on a machine that does much else besides
BUSY = """
from portal.celery import app
for _ in range(50):
    app.send_task("portal.ca.tasks.publish_crl")
    app.send_task("orgmerge.tasks.follow")
"""


class Demo:
    """The demo while it runs."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            self.port = found.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        names = ("DEBUG", "SIMULATION", "DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE")
        self.environment = {
            **{name: value for name, value in os.environ.items() if name not in names},
            "DJANGO_SETTINGS_MODULE": "tests.house_settings",  # seeding makes many keys
            "PYTHONPATH": str(ROOT),
            "SIMULATION": "1",
            "DATA_DIR": str(folder / "var"),
            "CA_ALGORITHM": "ec",
            "LOG_LEVEL": "WARNING",
            "PUBLIC_URL": self.address,
            **environment,
        }
        with (folder / "console").open("wb") as console:
            self.starter = subprocess.Popen(
                [sys.executable, "-u", "manage.py", "run_demo", "--port", str(self.port)],
                cwd=ROOT,
                env=self.environment,
                stdout=console,
                stderr=subprocess.STDOUT,
            )

    @property
    def console(self) -> str:
        return (self.folder / "console").read_text()

    def get(self, path: str) -> tuple[int, str]:
        try:
            with urlopen(self.address + path, timeout=60) as answer:  # noqa: S310
                return answer.status, answer.read().decode()
        except HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def children(self) -> dict[str, int]:
        """Return web, worker and beat by name, as far as they run."""
        found = {}
        for pid in children_of(self.starter.pid):
            command = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
            name = next((name for name in ("worker", "beat") if name in command), "web")
            found[name] = pid
        return found


def is_running(pid: int) -> bool:
    """Whether a process does anything: a zombie only waits for somebody to read its status."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@contextmanager
def demo(folder: Path, **environment: str) -> Iterator[Demo]:
    running = Demo(folder, **environment)
    try:
        yield running
    finally:
        if running.starter.poll() is None:
            running.starter.terminate()
        running.starter.wait(60)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, django_db_setup: None) -> Path:
    """Prepared by the first that starts there; in short its tables are those of the suite."""
    made = tmp_path_factory.mktemp("demo")
    if not IS_LONG:
        (made / "var").mkdir()
        shutil.copy(databases.migrated(), made / "var" / "db.sqlite3")
    return made


@pytest.mark.timeout(1500)
def test_the_demo_shows_its_own_pages_outlives_its_worker_and_ends_by_ctrl_c(
    folder: Path,
) -> None:
    with demo(folder) as running:
        wait_until(
            lambda: "The portal runs at" in running.console or bool(running.starter.poll()),
            seconds=STARTS,
        )
        assert running.starter.poll() is None, running.console

        status, page = running.get("/khong-co/trang-nay")
        assert status == 404
        assert "Không tìm thấy trang" in page
        assert "URLconf" not in page
        [style] = re.findall(r'href="(/static/css/portal\.[^"]+)"', page)
        assert re.search(r"\.[0-9a-f]{12}\.css$", style)
        assert running.get(style)[0] == 200
        sign_in = HTTPConnection("127.0.0.1", running.port, timeout=60)
        sign_in.request("GET", "/tai-khoan/dang-nhap/")
        answer = sign_in.getresponse()
        sign_in.close()
        assert answer.status == 200
        assert "csrftoken=" in answer.headers["Set-Cookie"]
        assert "secure" not in answer.headers["Set-Cookie"].lower()
        assert "Strict-Transport-Security" not in answer.headers

        before = running.children()
        os.kill(before["worker"], signal.SIGKILL)
        wait_until(lambda: "worker ended with signal SIGKILL" in running.console, seconds=60)
        with closing(sqlite3.connect(folder / "var" / "db.sqlite3", timeout=20)) as database:
            ask = "SELECT runs FROM core_sweeprun WHERE name = 'portal.core.tasks.beat_heartbeat'"

            # No row yet where the worker was killed before its first beat.
            def runs_now() -> int:
                [runs] = database.execute(ask).fetchone() or [0]
                return int(runs)

            runs = runs_now()
            wait_until(lambda: runs_now() > runs, seconds=STARTS)
        after = running.children()
        assert after["worker"] != before["worker"]
        assert (after["web"], after["beat"]) == (before["web"], before["beat"])
        wait_until(lambda: running.get("/readyz")[0] == 200, seconds=STARTS)

        subprocess.run(
            [sys.executable, "manage.py", "shell", "--no-imports", "-c", BUSY],
            cwd=ROOT,
            env=running.environment,
            check=True,
        )
        everybody = [*after.values(), *(pid for one in after.values() for pid in children_of(one))]
        with socket.create_connection(("127.0.0.1", running.port)) as browser:
            browser.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            assert b"200 OK" in browser.recv(1000)
            began = monotonic()
            running.starter.send_signal(signal.SIGINT)
            assert running.starter.wait(60) == 0
            took = monotonic() - began
        # Whoever waits for a browser that keeps its connection waits half a minute.
        assert took < (2 if IS_LONG else 10), running.console  # the suite does other things beside
        gone = 1 if IS_LONG else 30
        wait_until(lambda: not any(is_running(pid) for pid in everybody), seconds=gone)
        assert "Traceback" not in running.console
        assert running.console.endswith("Stopped.\n")


@pytest.mark.long
@pytest.mark.skipif(
    amount("SILENT_BEAT", short=0, long=1) != 1,
    reason="SILENT_BEAT=1 lets the demo give its beat up; in short: test_supervisor.py",
)
@pytest.mark.timeout(1500)
def test_a_beat_that_cannot_stay_ends_the_demo_and_it_says_so(folder: Path) -> None:
    """Where it keeps its file are folders that it cannot remove."""
    (folder / "var").mkdir(exist_ok=True)
    for suffix in ("", ".db", ".dat", ".bak", ".dir", ".pag"):
        file = folder / "var" / f"celerybeat-schedule{suffix}"
        file.unlink(missing_ok=True)
        file.mkdir()
    with demo(folder) as running:
        status = running.starter.wait(STARTS * 2)

    assert status == 1
    assert running.console.count("; it is started again in ") == 5
    assert re.search(r"beat ended with .*, 6 times in 10 minutes; all are stopped", running.console)


def test_ctrl_c_while_it_prepares_itself_is_no_accident(tmp_path: Path) -> None:
    with demo(tmp_path) as running:
        wait_until(lambda: "Preparing" in running.console, seconds=STARTS)
        running.starter.send_signal(signal.SIGINT)
        assert running.starter.wait(60) == 130
    assert "Traceback" not in running.console


def test_data_of_an_earlier_version_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    with closing(sqlite3.connect(tmp_path / "var" / "db.sqlite3")) as database:
        database.execute(
            "CREATE TABLE django_migrations (id integer PRIMARY KEY, app text, name text, applied)"
        )
        database.execute(
            "INSERT INTO django_migrations VALUES (1, 'devices', '0009_of_long_ago', '2026-01-02')"
        )
        database.commit()

    with demo(tmp_path) as running:
        assert running.starter.wait(STARTS) == 1

    assert "earlier version" in running.console
    assert f"rm -r {tmp_path / 'var'}" in running.console
    with closing(sqlite3.connect(tmp_path / "var" / "db.sqlite3")) as database:
        tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    assert tables == [("django_migrations",)]
