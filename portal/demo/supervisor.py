"""Several processes that start, live and end together."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

PATIENCE = 10.0  # seconds from SIGTERM to SIGKILL


@dataclass(frozen=True, slots=True)
class Ended:
    """The process that ended first, and its exit status."""

    name: str
    status: int


class Running:
    """The processes while they run."""

    def __init__(self, processes: Mapping[str, subprocess.Popen[bytes]]) -> None:
        self._processes = processes

    def ended(self) -> Ended | None:
        """Return a process that ended by itself, if one did."""
        for name, process in self._processes.items():
            if (status := process.poll()) is not None:
                return Ended(name, status)
        return None

    def wait(self) -> Ended:
        """Return when the first process ends by itself."""
        while (ended := self.ended()) is None:
            time.sleep(0.2)
        return ended


@contextmanager
def together(commands: Mapping[str, Sequence[str]]) -> Iterator[Running]:
    """Run ``commands``; whatever happens inside, on leaving none of them is left.

    Each leads a process group of its own: Ctrl-C reaches this process alone, which ends them all.
    """
    processes: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for name, command in commands.items():
            processes[name] = subprocess.Popen(command, start_new_session=True)  # noqa: S603
        yield Running(processes)
    finally:
        _end(processes.values())


def _end(processes: Collection[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        process.terminate()  # it ends its own children in good order
    deadline = time.monotonic() + PATIENCE
    for process in processes:
        with suppress(subprocess.TimeoutExpired):
            process.wait(max(0.0, deadline - time.monotonic()))
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # and any child that it left behind
        process.wait()
