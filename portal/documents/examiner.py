"""The processes that look into PDFs, kept warm: each started once, a child of it for each file.

There are at most two to a process of the portal: a file that takes its whole time does not hold up
the next. The second is started only when the first is at work; each ends when nothing is asked
for long.
"""

from __future__ import annotations

import atexit
import json
import logging
import os
import queue
import select
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

from portal.documents import examination

logger = logging.getLogger(__name__)

AT_ONCE = 2
# The child is stopped by its own limits before.
_WAIT_SECONDS = 2 * examination.MORE_FOR_OURS * examination.MOST_SECONDS


class TooHeavy(Exception):
    """Looking at the file took too much time or memory, or unpacks too much."""


class Unreadable(Exception):
    """The file is no PDF that can be read."""


class Encrypted(Exception):
    """The file opens with a password only."""


_ERRORS = {"too_heavy": TooHeavy, "encrypted": Encrypted}


def ask(pdf: bytes, question: dict[str, Any]) -> dict[str, Any]:
    """Return what ``examination.examine`` finds in ``pdf``, within its limits.

    Raises TooHeavy, Encrypted or Unreadable.
    """
    process = _idle.get()
    try:
        answer = process.ask(pdf, json.dumps(question).encode())
    finally:
        _idle.put(process)
    if code := answer.get("error"):
        raise _ERRORS.get(code, Unreadable)(answer.get("why", code))
    return answer


class _Process:
    """One examiner, asked by one thread at a time."""

    def __init__(self) -> None:
        self._running: subprocess.Popen[bytes] | None = None

    def ask(self, pdf: bytes, question: bytes) -> dict[str, Any]:
        message = struct.pack(">II", len(question), len(pdf)) + question + pdf
        for is_last in (False, True):
            try:
                return self._exchange(message)
            except (BrokenPipeError, EOFError, TimeoutError) as error:
                self.stop()
                # It ends when nothing is asked for long: then it is started again.
                if is_last or isinstance(error, TimeoutError):
                    logger.exception("the examiner of PDFs does not answer")
                    raise TooHeavy("no answer") from error
        raise AssertionError

    def stop(self) -> None:
        """End the process, if it runs."""
        if self._running is not None:
            self._running.kill()
            self._running.communicate()
        self._running = None

    def _exchange(self, message: bytes) -> dict[str, Any]:
        if self._running is None:
            self._running = subprocess.Popen(  # noqa: S603
                [sys.executable, "-I", "-B", str(Path(examination.__file__))],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={"PATH": os.environ.get("PATH", "")},
            )
        source, target = self._running.stdout, self._running.stdin
        assert source is not None
        assert target is not None
        target.write(message)
        target.flush()
        if not select.select([source], [], [], _WAIT_SECONDS)[0]:
            raise TimeoutError
        head = source.read(4)
        if len(head) < 4:  # noqa: PLR2004 (a length)
            raise EOFError
        answer: dict[str, Any] = json.loads(source.read(struct.unpack(">I", head)[0]))
        return answer


def _all_idle() -> queue.LifoQueue[_Process]:
    idle: queue.LifoQueue[_Process] = queue.LifoQueue()
    for _number in range(AT_ONCE):
        idle.put(_Process())
    return idle


# Last in, first out: the one that runs is asked again before another is started.
_idle = _all_idle()


def _forget() -> None:
    # A forked worker must not speak through its parent's pipes.
    global _idle  # noqa: PLW0603
    _idle = _all_idle()


os.register_at_fork(after_in_child=_forget)


@atexit.register
def _end() -> None:
    while not _idle.empty():
        _idle.get().stop()
