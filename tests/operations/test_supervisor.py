"""Processes that start, live and end together, and are started again."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from portal.demo import supervisor
from portal.demo.supervisor import EndsTooOften, Running, together

SLEEPER = [sys.executable, "-c", "import time; time.sleep(60)"]
# With a child; each says that it is there by a file.
PARENT = """
import os, signal, sys, time
from pathlib import Path
signal.signal(signal.SIGTERM, signal.{})
os.fork()
Path(sys.argv[1], str(os.getpid())).touch()
time.sleep(60)
"""
DEAF, POLITE = PARENT.format("SIG_IGN"), PARENT.format("SIG_DFL")
BRIEF = [sys.executable, "-c", "raise SystemExit(3)"]


def silent(_line: str) -> None:
    """Say nothing."""


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


def wait_for_notes(folder: Path, count: int) -> list[Path]:
    while len(notes := list(folder.iterdir())) < count:
        time.sleep(0.02)
    return notes


@pytest.mark.parametrize("program", [POLITE, DEAF])
def test_on_leaving_all_are_ended_within_two_seconds_with_their_children(
    tmp_path: Path, program: str
) -> None:
    with together(
        {"parent": [sys.executable, "-c", program, str(tmp_path)], "sleeper": SLEEPER}, say=silent
    ) as running:
        notes = wait_for_notes(tmp_path, 2)
        began = time.monotonic()

    assert time.monotonic() - began < 2
    assert are_gone(notes)
    assert None not in {process.returncode for process in running.processes.values()}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_asks_for_an_end_however_often_it_comes(
    tmp_path: Path, number: signal.Signals
) -> None:
    before = signal.getsignal(number)
    with together({"deaf": [sys.executable, "-c", DEAF, str(tmp_path)]}, say=silent) as running:
        notes = wait_for_notes(tmp_path, 2)
        os.kill(os.getpid(), number)
        while not running.is_to_stop:
            running.look_after()
        again = threading.Timer(0.1, os.kill, [os.getpid(), number])  # while they are ended
        again.start()

    again.join()
    assert are_gone(notes)
    assert signal.getsignal(number) == before


def test_what_is_killed_is_started_again_without_what_it_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "FIRST_WAIT", 0.1)
    said: list[str] = []
    parent = [sys.executable, "-c", POLITE, str(tmp_path)]
    with together({"sleeper": SLEEPER, "parent": parent}, say=said.append) as running:
        notes = wait_for_notes(tmp_path, 2)
        sleeper = running.processes["sleeper"].pid
        os.kill(running.processes["parent"].pid, signal.SIGKILL)
        while len(list(tmp_path.iterdir())) < 4:
            running.look_after()

        assert are_gone(notes)
        assert running.processes["sleeper"].pid == sleeper
        assert running.processes["parent"].poll() is None
    assert said == ["parent ended with signal SIGKILL; it is started again in 0.1 s (1 of 5)."]


def test_what_ends_too_often_ends_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "FIRST_WAIT", 0.01)
    said: list[str] = []
    kept: list[Running] = []

    def look_after() -> None:
        with together({"sleeper": SLEEPER, "brief": BRIEF}, say=said.append) as running:
            kept.append(running)
            while True:
                running.look_after(0.01)

    with pytest.raises(EndsTooOften, match="brief ended with status 3, 6 times in 10 minutes"):
        look_after()

    assert [line.rpartition(" in ")[2] for line in said] == [
        f"{0.01 * 2**n:g} s ({n + 1} of 5)." for n in range(5)
    ]
    assert kept[0].processes["sleeper"].returncode is not None


def test_what_ended_long_ago_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "FIRST_WAIT", 0.01)
    monkeypatch.setattr(supervisor, "WINDOW", 0.0)
    said: list[str] = []
    with together({"brief": BRIEF}, say=said.append) as running:
        while len(said) < 7:
            running.look_after(0.01)

    assert all(line.endswith("(1 of 5).") for line in said)


def test_a_command_that_does_not_exist_leaves_none_of_the_others() -> None:
    commands = {"a": SLEEPER, "b": ["/no/such/command"]}
    with pytest.raises(FileNotFoundError), together(commands, say=silent):
        pass
