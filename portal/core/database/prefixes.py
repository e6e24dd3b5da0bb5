"""``begins``: text from its first letter on, out of an index on both databases."""

from __future__ import annotations

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import CharField
from django.db.models.lookups import StartsWith

PATTERN = "varchar_pattern_ops"  # the operator class an index needs for it on PostgreSQL
_LAST = "\U0010ffff"


@CharField.register_lookup
class Begins(StartsWith):
    """As ``startswith``, which SQLite answers by reading the whole table."""

    lookup_name = "begins"

    def as_sqlite(self, compiler: Any, connection: BaseDatabaseWrapper) -> tuple[str, list[Any]]:
        column, before = self.process_lhs(compiler, connection)
        sql = f"({column} >= %s AND {column} < %s)"
        return sql, [*before, self.rhs, *before, f"{self.rhs}{_LAST}"]

    def as_postgresql(
        self, compiler: Any, connection: BaseDatabaseWrapper
    ) -> tuple[str, list[Any]]:
        column, before = self.process_lhs(compiler, connection)
        pattern = self.process_rhs(compiler, connection)[1]  # what stands for itself is escaped
        return f"{column} LIKE %s", [*before, *pattern]
