"""Processes that start, live and end together."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from portal.demo import supervisor
from portal.demo.supervisor import Ended, together

SLEEPER = [sys.executable, "-c", "import time; time.sleep(60)"]
# Deaf to SIGTERM, and with a child: both say that they are there by a file.
STUBBORN = """
import os, signal, sys, time
from pathlib import Path
signal.signal(signal.SIGTERM, signal.SIG_IGN)
pid = os.fork()
Path(sys.argv[1], str(os.getpid())).touch()
time.sleep(60)
"""


def are_gone(notes: list[Path]) -> bool:
    """Wait until none of the noted processes runs (a zombie does not)."""
    deadline = time.monotonic() + 10
    while any(is_running(note.name) for note in notes) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not any(is_running(note.name) for note in notes)


def is_running(pid: str) -> bool:
    try:
        return Path("/proc", pid, "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


BRIEF = """
import sys, time
from pathlib import Path
while not list(Path(sys.argv[1]).iterdir()):
    time.sleep(0.02)
raise SystemExit(3)
"""


def test_when_one_ends_all_are_ended(tmp_path: Path) -> None:
    commands = {
        "sleeper": [sys.executable, "-c", STUBBORN.replace("SIG_IGN", "SIG_DFL"), str(tmp_path)],
        "brief": [sys.executable, "-c", BRIEF, str(tmp_path)],
    }

    with together(commands) as running:
        ended = running.wait()

    assert ended == Ended("brief", 3)
    assert are_gone(list(tmp_path.iterdir()))


def test_ctrl_c_ends_all() -> None:
    kept = []

    def interrupted() -> None:
        with together({"a": SLEEPER, "b": SLEEPER}) as running:
            kept.append(running)
            assert running.ended() is None
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()

    ended = kept[0].ended()
    assert ended is not None
    assert ended.status < 0


def test_what_does_not_end_when_asked_is_killed_with_its_children(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "PATIENCE", 0.2)

    with together({"stubborn": [sys.executable, "-c", STUBBORN, str(tmp_path)]}):
        while len(notes := list(tmp_path.iterdir())) < 2:
            time.sleep(0.02)

    assert are_gone(notes)


def test_a_command_that_does_not_exist_leaves_none_of_the_others() -> None:
    with pytest.raises(FileNotFoundError), together({"a": SLEEPER, "b": ["/no/such/command"]}):
        pass
