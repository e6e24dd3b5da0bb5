"""Many rows: written in one prepared statement or as a stream, found again by their keys."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache, partial
from itertools import islice
from typing import Any

from django.db import connection, connections, models, router

_UPDATED_AT_ONCE = 500


def update_rows(
    instances: Sequence[models.Model],
    fields: Sequence[str],
    *,
    where: Mapping[str, str] | None = None,
) -> int:
    """Write ``fields`` of each instance by its primary key; return how many rows were written.

    A row that does not hold the values of ``where`` (column name → text) is left as it is.

    Does what ``QuerySet.bulk_update`` does, some ten times quicker: no CASE of hundreds of WHENs
    is built. On SQLite the same small statement is executed for each row. Rows that others may
    write meanwhile are locked before, in order: PostgreSQL writes them in no order of ours.
    """
    if not instances:
        return 0
    meta = type(instances[0])._meta
    using = router.db_for_write(type(instances[0]))
    connection = connections[using]
    columns: list[Any] = [meta.get_field(name) for name in fields]
    key: Any = meta.pk
    quote = connection.ops.quote_name
    table = quote(meta.db_table)
    names = [quote(column.column) for column in columns]
    conditions = "".join(f" AND {table}.{quote(name)} = %s" for name in where or {})
    values = [
        [
            *(
                column.get_db_prep_save(column.pre_save(instance, add=False), connection)
                for column in columns
            ),
            instance.pk,
        ]
        for instance in instances
    ]
    held = list((where or {}).values())
    with connection.cursor() as cursor:
        if connection.vendor != "postgresql":
            assignments = ", ".join(f"{name} = %s" for name in names)
            statement = (
                f"UPDATE {table} SET {assignments} WHERE {quote(key.column)} = %s{conditions}"  # noqa: S608 (names of our own columns)
            )
            cursor.executemany(statement, [[*row, *held] for row in values])
            return int(cursor.rowcount)
        # Its server takes each statement apart anew: one for many rows.
        assignments = ", ".join(
            f"{name} = new.c{place}::{column.cast_db_type(connection)}"
            for place, (name, column) in enumerate(zip(names, columns, strict=True))
        )
        places = f"({', '.join(['%s'] * (len(names) + 1))})"
        given = ", ".join(f"c{place}" for place in range(len(names)))
        written = 0
        for start in range(0, len(values), _UPDATED_AT_ONCE):
            rows = values[start : start + _UPDATED_AT_ONCE]
            cursor.execute(
                f"UPDATE {table} SET {assignments} "  # noqa: S608 (names of our own columns)
                f"FROM (VALUES {', '.join([places] * len(rows))}) AS new ({given}, key) "
                f"WHERE {table}.{quote(key.column)} = new.key{conditions}",
                [*(value for row in rows for value in row), *held],
            )
            written += cursor.rowcount
        return written


# What the drivers take as it is: nothing has to be made of a value first.
_PLAIN = (
    models.AutoField,
    models.BinaryField,
    models.BooleanField,
    models.CharField,
    models.DateField,  # and DateTimeField
    models.ForeignKey,
    models.IntegerField,
    models.UUIDField,
)
_NOT_IN_SQLITE = (models.DateField, models.UUIDField)


def insert_rows(
    model: type[models.Model], columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Insert ``rows``, each the values of ``columns`` (names as on an instance, "agency_id").

    For very many: neither objects nor a statement as long as they are is made of them, so it takes
    a fifth of the time of ``bulk_create``. What is not named gets the database's own default.
    """
    fields = [model._meta.get_field(name) for name in columns]
    prepared = _prepared(rows, fields)
    quote = connection.ops.quote_name
    table = quote(model._meta.db_table)
    names = ", ".join(quote(str(field.column)) for field in fields)  # type: ignore[union-attr]
    with connection.wrap_database_errors, connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                for row in prepared:
                    copy.write_row(row)
        else:
            places = ", ".join(["%s"] * len(fields))
            statement = f"INSERT INTO {table} ({names}) VALUES ({places})"  # noqa: S608 (our own)
            cursor.executemany(statement, prepared)  # type: ignore[arg-type]  # SQLite takes any iterable


def insert_objects(instances: Sequence[models.Model]) -> None:
    """Insert new objects of one model as ``insert_rows`` does: their keys are not known after.

    Every field has a value of its own: none is left to the database.
    """
    if not instances:
        return
    model = type(instances[0])
    fields = [one for one in model._meta.concrete_fields if not one.primary_key]
    rows = ([one.pre_save(instance, add=True) for one in fields] for instance in instances)
    insert_rows(model, [one.attname for one in fields], rows)


_ADDED_AT_ONCE = 1000


def add_rows(
    model: type[models.Model],
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    keys: int,
    latest: Sequence[str] = (),
) -> None:
    """Add ``rows`` to sums: one whose first ``keys`` columns stand already is added to it.

    The other columns are numbers that grow by the row's, but for ``latest``, where the greater
    stays. The keys are a unique constraint of the model; rows come in their order.
    """
    fields = [model._meta.get_field(name) for name in columns]
    quote = connection.ops.quote_name
    table = quote(model._meta.db_table)
    names = [quote(str(field.column)) for field in fields]  # type: ignore[union-attr]
    changes = [
        f"{name} = CASE WHEN excluded.{name} > {table}.{name} "
        f"THEN excluded.{name} ELSE {table}.{name} END"
        if column in latest
        else f"{name} = {table}.{name} + excluded.{name}"
        for column, name in list(zip(columns, names, strict=True))[keys:]
    ]
    places = f"({', '.join(['%s'] * len(fields))})"
    prepared = iter(list(_prepared(rows, fields)))
    with connection.cursor() as cursor:
        while chunk := list(islice(prepared, _ADDED_AT_ONCE)):
            cursor.execute(
                f"INSERT INTO {table} ({', '.join(names)}) "  # noqa: S608 (our own)
                f"VALUES {', '.join([places] * len(chunk))} "
                f"ON CONFLICT ({', '.join(names[:keys])}) DO UPDATE SET {', '.join(changes)}",
                [value for row in chunk for value in row],
            )


def _prepared(rows: Iterable[Sequence[Any]], fields: Sequence[Any]) -> Iterator[Any]:
    """Yield ``rows`` as the driver takes them."""
    apart: list[tuple[int, Callable[[Any], Any]]] = []
    for place, field in enumerate(fields):
        if not isinstance(field, _PLAIN) or (
            connection.vendor == "sqlite" and isinstance(field, _NOT_IN_SQLITE)
        ):
            prepare: Callable[[Any], Any] = partial(field.get_db_prep_save, connection=connection)
            if isinstance(field, models.DateField):  # days and moments come again and again
                prepare = lru_cache(maxsize=4096)(prepare)
            apart.append((place, prepare))
    for row in rows:
        values = list(row)
        for place, prepare in apart:
            values[place] = prepare(values[place])
        yield values


def analyse() -> None:
    """Let the database count what it holds: after very many rows, plans made for none are bad."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA analysis_limit = 1000")  # rows looked at of each index
        cursor.execute("ANALYZE")


def among(path: str, keys: Sequence[int]) -> models.Q:
    """Return the condition that ``path`` leads to one of ``keys``, which are in order.

    The first and the last of them say nothing more. But PostgreSQL, as long as it has not counted
    a table (``ANALYZE``), takes every column to have 200 values: a thousand keys are all of them,
    and it reads the whole table for each chunk. A range it takes to be one row in 200.
    """
    if not keys:
        return models.Q(pk__in=())
    return models.Q(**{f"{path}__in": keys, f"{path}__gte": keys[0], f"{path}__lte": keys[-1]})


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


@contextmanager
def collector_paused() -> Iterator[None]:
    """Hold off cyclic garbage collection for the second or so a bounded list takes.

    The rows all stay alive until the end, so each pass would look at every one of them (and at all
    of Django) and free nothing: half the time of an import (bench/importing.py). Of several
    threads the first to begin switches it on again.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
