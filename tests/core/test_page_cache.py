"""SQLite keeps few pages while something large is read, and as many as before afterwards."""

from __future__ import annotations

import pytest
from django.db import connection

from portal.core.database.bulk import small_page_cache

pytestmark = [pytest.mark.django_db, pytest.mark.both]


def pages() -> int:
    """What SQLite keeps; PostgreSQL has no such setting."""
    if connection.vendor != "sqlite":
        return 0
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA cache_size")
        return int(cursor.fetchone()[0])


def test_what_was_set_is_set_again_even_after_a_fault() -> None:
    usual, seen = pages(), []

    def read() -> None:
        with small_page_cache():
            seen.append(pages())
            raise RuntimeError

    with pytest.raises(RuntimeError):
        read()

    assert seen == [-8192 if connection.vendor == "sqlite" else 0]
    assert pages() == usual
