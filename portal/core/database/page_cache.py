"""Less room for SQLite's pages while something large is read once: they are not asked for again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

_FEW = -8192  # KiB, as SQLite counts when it is negative


@contextmanager
def small_page_cache() -> Iterator[None]:
    """Keep few pages of the database in memory meanwhile; nothing to do on PostgreSQL."""
    if connection.vendor != "sqlite":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA cache_size")
        usual = int(cursor.fetchone()[0])
        cursor.execute(f"PRAGMA cache_size = {_FEW}")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA cache_size = {usual}")
