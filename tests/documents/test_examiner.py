"""Files are looked at two at once: one that takes long does not hold up the next."""

import hashlib
import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Any

import pytest
from pyhanko.pdf_utils.generic import NumberObject
from pyhanko.pdf_utils.reader import PdfFileReader

from portal.documents import examiner, letters
from portal.documents.examination import Reader
from tests.amounts import amount
from tests.documents.builders import petition
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


def test_objects_are_read_as_pyhanko_reads_them_but_each_table_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pdf = letters.render(petition(3))
    theirs: Any = PdfFileReader(BytesIO(pdf), strict=True)
    freed = theirs.xrefs.refs_freed_in_revision(0)
    references = [one for one in theirs.xrefs.explicit_refs_in_revision(0) if one not in freed]
    wanted = [repr(theirs.get_object(one)) for one in references]
    numbers, read = [], NumberObject.read_from_stream

    def counted(stream: BytesIO) -> Any:
        numbers.append(read(stream))  # type: ignore[no-untyped-call]
        return numbers[-1]

    monkeypatch.setattr(NumberObject, "read_from_stream", staticmethod(counted))

    ours: Any = Reader(BytesIO(pdf), strict=True)

    assert [repr(ours.get_object(one)) for one in references] == wanted
    assert len(numbers) < 50 * len(references)  # of n objects pyHanko reads some n² numbers


@pytest.mark.long
def test_a_long_letter_that_was_printed_here_has_the_time_it_takes() -> None:
    pdf = letters.render(petition(amount("EXAMINED_ROWS", short=20, long=1500)))
    frozen = [hashlib.sha256(pdf).hexdigest(), len(pdf)]
    question = {"mode": "verify", "trust": [], "now": "2026-11-20T02:00:00+00:00"}

    answer = examiner.ask(pdf, {**question, "frozen": frozen})

    assert (answer["is_frozen"], answer["signatures"]) == (True, [])
