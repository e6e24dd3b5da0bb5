"""Several processes that start, live and end together; one that ends by itself is started again."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

PATIENCE = 1.0  # seconds from SIGTERM to SIGKILL: Ctrl-C ends everything within two
RESTARTS = 5  # of one process within ...
WINDOW = 600.0  # ... these seconds
FIRST_WAIT = 1.0  # seconds before it is started again; twice as long each time
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class EndsTooOften(Exception):
    """A process went on ending."""


class Running:
    """The processes while they run."""

    def __init__(self, commands: Mapping[str, Sequence[str]], say: Callable[[str], object]) -> None:
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.is_to_stop = False
        self._commands = commands
        self._say = say
        self._ends: dict[str, list[float]] = {name: [] for name in commands}
        self._due: dict[str, float] = {}

    def start(self, name: str) -> None:
        """Start one in a process group of its own: Ctrl-C reaches this process alone."""
        self.processes[name] = subprocess.Popen(self._commands[name], start_new_session=True)  # noqa: S603

    def stop(self, *_signal: object) -> None:
        self.is_to_stop = True

    def look_after(self, seconds: float = 0.1) -> None:
        """Wait a moment, then start again what has ended; raise EndsTooOften."""
        time.sleep(seconds)
        now = time.monotonic()
        for name in self._commands:
            if name in self._due:
                if now >= self._due[name]:
                    del self._due[name]
                    self.start(name)
            elif (status := self.processes[name].poll()) is not None:
                _kill(self.processes[name])  # its children: they hold the port, or a task
                self._ends[name] = [at for at in self._ends[name] if at > now - WINDOW] + [now]
                how = f"signal {signal.Signals(-status).name}" if status < 0 else f"status {status}"
                ended = f"{name} ended with {how}"
                if (times := len(self._ends[name])) > RESTARTS:
                    raise EndsTooOften(f"{ended}, {times} times in {WINDOW / 60:.0f} minutes")
                wait = FIRST_WAIT * 2 ** (times - 1)
                self._say(f"{ended}; it is started again in {wait:g} s ({times} of {RESTARTS}).")
                self._due[name] = now + wait


@contextmanager
def together(
    commands: Mapping[str, Sequence[str]], *, say: Callable[[str], object]
) -> Iterator[Running]:
    """Run ``commands``; whatever happens inside, on leaving none of them is left.

    Signals that ask for an end set ``is_to_stop`` instead of interrupting who starts or ends them.
    """
    running = Running(commands, say)
    before = {number: signal.signal(number, running.stop) for number in _SIGNALS}
    try:
        for name in commands:
            running.start(name)
        yield running
    finally:
        for process in running.processes.values():
            process.terminate()  # it ends its own children in good order
        deadline = time.monotonic() + PATIENCE
        for process in running.processes.values():
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(0.0, deadline - time.monotonic()))
            _kill(process)  # and any child that it left behind
        for number, handler in before.items():
            signal.signal(number, handler)


def _kill(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
