"""Rows kept until there are many, then written at once, in an order that suits foreign keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from django.core.management.color import no_style
from django.db import connection, models, transaction
from django.db.models import Max

AT_ONCE = 5000  # rows of the fullest table before all are written

_Row = TypeVar("_Row", bound=models.Model)


class Writer:
    """Gives rows their keys as they are made, and writes them in bulk, table by table."""

    def __init__(self, order: Sequence[type[models.Model]]) -> None:
        self._waiting: dict[type[models.Model], list[models.Model]] = {one: [] for one in order}
        self._last = {
            one: one._default_manager.aggregate(last=Max("pk"))["last"] or 0 for one in order
        }

    def add(self, row: _Row) -> _Row:
        """Give ``row`` the next key of its table and keep it."""
        self._last[type(row)] += 1
        row.pk = self._last[type(row)]
        self._waiting[type(row)].append(row)
        return row

    def write_if_many(self) -> None:
        """Write when enough has come together; call it where nothing is half made."""
        if max(map(len, self._waiting.values())) >= AT_ONCE:
            self.write()

    @transaction.atomic
    def write(self) -> None:
        """Write what waits, and let the database go on counting after it."""
        for model, rows in self._waiting.items():
            model._default_manager.bulk_create(rows, batch_size=1000)
            rows.clear()
        with connection.cursor() as cursor:
            for reset in connection.ops.sequence_reset_sql(no_style(), list(self._waiting)):
                cursor.execute(reset)
