"""Updating many rows, each with values of its own, in one prepared statement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.db import connections, models, router


def update_rows(
    instances: Sequence[models.Model],
    fields: Sequence[str],
    *,
    where: Mapping[str, str] | None = None,
) -> int:
    """Write ``fields`` of each instance by its primary key; return how many rows were written.

    A row that does not hold the values of ``where`` (column name → text) is left as it is.

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
    conditions = "".join(f" AND {quote(name)} = %s" for name in where or {})
    statement = (
        f"UPDATE {quote(meta.db_table)} SET {assignments} "  # noqa: S608 (names of our own columns)
        f"WHERE {quote(str(key.column))} = %s{conditions}"
    )
    values = [
        [
            *(
                column.get_db_prep_save(getattr(instance, column.attname), connection)  # type: ignore[union-attr]
                for column in columns
            ),
            instance.pk,
            *(where or {}).values(),
        ]
        for instance in instances
    ]
    with connection.cursor() as cursor:
        cursor.executemany(statement, values)
        return int(cursor.rowcount)
