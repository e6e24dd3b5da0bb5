"""Clocks opened or in hand while the calendar is edited: the edit waits for them, then looks again.

Whoever opens a clock reads the calendar and commits later; an edit in between neither sees the
clock nor is seen by it. On SQLite that cannot be: a writer has its lock from the beginning.
"""

from __future__ import annotations

from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet

_CALENDAR = 68_147  # what the two agree to lock; no row, so that nobody waits for it by mistake


def reads_the_calendar() -> None:
    """Say, before it is read for new clocks, that this transaction opens some: until its end."""
    _lock("SELECT pg_advisory_xact_lock_shared(%s)")


@transaction.atomic
def wait_for_openers() -> None:
    """Return when all who may have read the calendar as it was have ended.

    Call it in no transaction: who waits holds no row that they may want.
    """
    _lock("SELECT pg_advisory_xact_lock(%s)")


@transaction.atomic
def wait_for(rows: QuerySet[Any]) -> None:
    """Return when nobody has the first of ``rows`` in hand; call it in no transaction either."""
    rows.select_for_update(no_key=True).first()


def _lock(statement: str) -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(statement, [_CALENDAR])
