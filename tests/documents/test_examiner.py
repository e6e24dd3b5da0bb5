"""Files are looked at two at once: one that takes long does not hold up the next."""

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from portal.documents import examiner
from tests.documents.test_uploads import pdf_with

_QUESTION = {"mode": "upload"}


@pytest.fixture
def halted() -> Iterator[int]:
    """Return the id of the examiner that is asked next; it does not move until the test ends."""
    examiner.ask(pdf_with(), _QUESTION)
    running = examiner._idle.queue[-1]._running
    assert running is not None
    os.kill(running.pid, signal.SIGSTOP)
    yield running.pid
    os.kill(running.pid, signal.SIGCONT)


def test_a_slow_file_does_not_hold_up_the_next(halted: int) -> None:
    with ThreadPoolExecutor(1) as other:
        slow = other.submit(examiner.ask, pdf_with(), _QUESTION)
        deadline = time.monotonic() + 5
        while examiner._idle.qsize() == examiner.AT_ONCE and time.monotonic() < deadline:
            time.sleep(0.01)
        assert examiner.ask(pdf_with(), _QUESTION)["is_signed"] is False
        assert not slow.done()
        os.kill(halted, signal.SIGCONT)
        assert slow.result(timeout=20)["is_signed"] is False
    assert examiner._idle.qsize() == examiner.AT_ONCE


def test_the_one_that_runs_is_asked_again() -> None:
    examiner.ask(pdf_with(), _QUESTION)
    before = examiner._idle.queue[-1]._running
    examiner.ask(pdf_with(), _QUESTION)
    assert examiner._idle.queue[-1]._running is before
