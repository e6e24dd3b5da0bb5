"""Many rows made by the database from one: a million in seconds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from django.db.models import Model

# SQL for a column of the n-th row, from the name of the number.
Value = str


def copies(one: Model, count: int, values: Mapping[str, Value]) -> int:
    """Add ``count`` copies of a stored row, n = 0, 1, …; return the key of the first.

    ``values`` are SQL for the columns (attnames) that differ; ``n`` is the number of the copy. The
    primary keys follow one another.
    """
    from django.db import connection  # noqa: PLC0415
    from django.db.models import Max  # noqa: PLC0415

    model = type(one)
    meta = model._meta
    assert meta.pk is not None
    last = model._default_manager.aggregate(last=Max("pk"))["last"]
    differing = {"id": f"{last + 1} + n", **values}
    quote = connection.ops.quote_name
    columns = [str(field.column) for field in meta.local_concrete_fields]
    names = ", ".join(quote(name) for name in columns)
    taken = ", ".join(differing.get(name, f"t.{quote(name)}") for name in columns)
    table = quote(meta.db_table)
    statement = (
        f"INSERT INTO {table} ({names}) "  # noqa: S608 (names of our own)
        f"WITH RECURSIVE s(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM s WHERE n < {count - 1}) "
        f"SELECT {taken} FROM s, {table} t WHERE t.id = {one.pk}"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement)
        for reset in connection.ops.sequence_reset_sql(_no_style(), [model]):
            cursor.execute(reset)
    return int(last) + 1


def _no_style() -> Any:
    from django.core.management.color import no_style  # noqa: PLC0415

    return no_style()


def is_postgresql() -> bool:
    from django.db import connection  # noqa: PLC0415

    return connection.vendor == "postgresql"


def fresh_uuid() -> Value:
    return "gen_random_uuid()" if is_postgresql() else "lower(hex(randomblob(16)))"


def text_of(prefix: str, number: Value = "n") -> Value:
    """Return the text ``prefix`` followed by the number."""
    return f"'{prefix}' || ({number})"


def hexadecimal(number: Value = "n", *, digits: int = 16) -> Value:
    if is_postgresql():
        return f"lpad(upper(to_hex(({number})::bigint)), {digits}, '0')"
    return f"printf('%0{digits}X', {number})"


def bytes_of(digits: str) -> Value:
    return f"'\\x{digits}'::bytea" if is_postgresql() else f"x'{digits}'"


def moment(base: datetime, seconds: Value) -> Value:
    """Return ``base`` and a number of seconds more."""
    epoch = int(base.timestamp())
    if is_postgresql():
        return f"to_timestamp({epoch} + ({seconds}))"
    return f"strftime('%Y-%m-%d %H:%M:%S', {epoch} + ({seconds}), 'unixepoch')"


def day(base: date, days: Value) -> Value:
    """Return ``base`` and a number of days more."""
    if is_postgresql():
        return f"DATE '{base:%Y-%m-%d}' + ({days})::int"
    return f"date('{base:%Y-%m-%d}', ({days}) || ' days')"


@contextmanager
def quickly_into(model: type[Model]) -> Iterator[None]:
    """Let PostgreSQL take very many rows of a model: its indexes are made anew afterwards, and what
    they refer to is not looked up row by row."""
    from django.db import connection  # noqa: PLC0415

    if not is_postgresql():
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema() "
            "AND tablename = %s AND indexname NOT LIKE '%%_pkey'",
            [model._meta.db_table],
        )
        indexes = cursor.fetchall()
        cursor.execute("SET session_replication_role = replica")
        for name, _definition in indexes:
            cursor.execute(f"DROP INDEX {connection.ops.quote_name(name)}")
    yield
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = DEFAULT")
        for _name, definition in indexes:
            cursor.execute(definition)


def analyse() -> None:
    """Let the planner know what is there; on PostgreSQL as autovacuum would leave it."""
    from django.db import connection  # noqa: PLC0415

    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if is_postgresql() else "ANALYZE")


class Places:
    """Two databases side by side, for runs in turn: few rows in one, many in the other.

    On SQLite two files, on PostgreSQL two schemas of one database; each keeps its connection, and
    with it what is in memory.
    """

    def __init__(self) -> None:
        self._connections: dict[str, Any] = {}

    def make(self, name: str, fill: Callable[[], Any]) -> Any:
        """Create the place, with all tables, and fill it; return what ``fill`` does."""
        from copy import deepcopy  # noqa: PLC0415

        from django.core.management import call_command  # noqa: PLC0415
        from django.db import connection, connections  # noqa: PLC0415
        from django.db.utils import load_backend  # noqa: PLC0415

        settings = deepcopy(connections.settings["default"])
        if is_postgresql():
            with connection.cursor() as cursor:
                cursor.execute(f"DROP SCHEMA IF EXISTS {name} CASCADE")
                cursor.execute(f"CREATE SCHEMA {name}")
            settings["OPTIONS"] = {**settings["OPTIONS"], "options": f"-c search_path={name}"}
        else:
            settings["NAME"] = f"{settings['NAME']}.{name}"
        backend = load_backend(settings["ENGINE"])
        self._connections[name] = backend.DatabaseWrapper(settings, "default")
        self.go(name)
        call_command("migrate", verbosity=0)
        return fill()

    def go(self, name: str) -> None:
        """Let all that follows work in a place."""
        from django.db import connections  # noqa: PLC0415

        connections["default"] = self._connections[name]
