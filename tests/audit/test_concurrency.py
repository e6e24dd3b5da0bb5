"""Several writers at once: one chain, no gap, no fork."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection, transaction

from portal.audit import checkpoints
from portal.audit.models import AuditEntry
from portal.audit.services import record, record_many
from portal.audit.verification import verify
from tests.audit.builders import NOW, Actor, act

WRITERS, TURNS = 6, 15


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_writers_at_once_leave_one_gapless_chain() -> None:
    ready = Barrier(WRITERS)

    def write(_writer: int) -> None:
        try:
            ready.wait()
            for turn in range(TURNS):
                with transaction.atomic():
                    record_many([act(), act()], actor=Actor(), now=NOW)
                    if turn % 5 == 4:
                        transaction.set_rollback(True)
                with transaction.atomic():
                    record(act(), actor=None, now=NOW)
        finally:
            connection.close()

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(write, range(WRITERS)))

    report = verify()
    assert report.flaw is None
    assert report.entries == AuditEntry.objects.count() == WRITERS * (TURNS + 2 * 12)
    assert report.attested in (200, 201)  # two entries may cross the hundred together
    assert [mark.sequence // 100 for mark in checkpoints.read_all()] == [1, 2]
