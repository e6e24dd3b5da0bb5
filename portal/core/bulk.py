"""Updating many rows, each with values of its own, in one prepared statement."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connections, models, router


def update_rows(instances: Sequence[models.Model], fields: Sequence[str]) -> int:
    """Write ``fields`` of each instance by its primary key; return how many rows were written.

    Does what ``QuerySet.bulk_update`` does, some ten times quicker: no CASE of hundreds of WHENs
    is built, the same small statement is executed for each row (PERFORMANCE, "Issuing").
    """
    if not instances:
        return 0
    meta = type(instances[0])._meta
    using = router.db_for_write(type(instances[0]))
    connection = connections[using]
    columns = [meta.get_field(name) for name in fields]
    key = meta.pk
    assert key is not None
    quote = connection.ops.quote_name
    assignments = ", ".join(f"{quote(str(column.column))} = %s" for column in columns)  # type: ignore[union-attr]
    statement = (
        f"UPDATE {quote(meta.db_table)} SET {assignments} "  # noqa: S608 (names of our own columns)
        f"WHERE {quote(str(key.column))} = %s"
    )
    values = [
        [
            *(
                column.get_db_prep_save(getattr(instance, column.attname), connection)  # type: ignore[union-attr]
                for column in columns
            ),
            instance.pk,
        ]
        for instance in instances
    ]
    with connection.cursor() as cursor:
        cursor.executemany(statement, values)
        return int(cursor.rowcount)
