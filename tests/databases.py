"""The databases of the suite: migrated once, copied for each worker, put back after a commit."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

import django
import psycopg
import pytest
from django.apps import apps
from django.db import connection, connections, transaction
from django.db.migrations.state import ProjectState
from psycopg import sql

from tests.amounts import IS_LONG

_COPY = "seeded_"  # beside each table that migrations fill: what it held at first


@contextmanager
def copy_of_the_migrated(folder: Path, worker: str, *, kept_in: Path) -> Iterator[None]:
    """Give this worker a database of its own; the first of a run makes the one that all copy.

    ``folder`` is the run's. The name of what is copied stands in TEST, for ``migrated``. On SQLite
    it is kept for later runs in ``kept_in``, until a migration changes.
    """
    creation, config = connection.creation, connection.settings_dict
    if connection.vendor == "sqlite":
        config["TEST"]["NAME"] = str(folder / "migrated.sqlite3")
    else:
        config["TEST"]["NAME"] = f"test_{config['NAME']}"
    made = folder / "migrated"
    with (folder / "migrated.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            kept = kept_in / f"{_digest_of_migrations()}.sqlite3"
            if connection.vendor == "sqlite" and kept.exists():
                shutil.copy(kept, migrated())
            else:
                with pytest.MonkeyPatch.context() as patch:
                    if not IS_LONG:
                        patch.setattr(ProjectState, "_find_reload_model", _changed_with)
                    creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
                connection.close()  # or some of it is only in the file of SQLite's journal
            if connection.vendor == "sqlite" and not kept.exists():
                shutil.copy(migrated(), folder / kept.name)
                shutil.move(folder / kept.name, kept)
            made.touch()
    config["NAME"] = migrated()
    creation.clone_test_db(suffix=worker, verbosity=0, autoclobber=True)
    config["NAME"] = creation.get_test_db_clone_settings(worker)["NAME"]
    _filled_by_migrations()
    yield
    connections.close_all()
    creation.destroy_test_db(old_database_name=migrated(), verbosity=0)


def _changed_with(
    state: ProjectState, app: str, name: str, delay: bool = False
) -> set[tuple[str, str]]:
    """Return the models that a migration of one model concerns: itself and those that refer to it.

    Django's own, which make test-long uses, goes on to whatever these are related to, and takes
    five times as long to make the same tables.
    """
    state.is_delayed = True  # a migration of data has all models made anew
    concerned = {(app, name)}
    with suppress(LookupError):  # it is new
        for field in state.apps.get_model(app, name)._meta.get_fields(include_hidden=True):
            if field.auto_created and not field.concrete and field.related_model:
                related = field.related_model._meta
                concerned.add((related.app_label, related.model_name))
    return concerned


def _digest_of_migrations() -> str:
    digest = hashlib.sha256(django.__version__.encode())
    for app in apps.get_app_configs():
        for path in sorted(Path(app.path, "migrations").glob("*.py")):
            digest.update(f"{app.label} {path.name}".encode() + path.read_bytes())
    return digest.hexdigest()


def migrated() -> str:
    """Return the file or the name of the database that has every table, and nobody in it."""
    return str(connection.settings_dict["TEST"]["NAME"])


def server(database: str) -> dict[str, Any]:
    """Return how psycopg reaches a database on the run's server."""
    config = connection.settings_dict
    return {
        "dbname": database,
        "user": config["USER"] or "postgres",
        "password": config["PASSWORD"] or None,
        "host": config["HOST"] or "127.0.0.1",
        "port": config["PORT"] or 5432,
    }


def drop(database: str) -> None:
    """Drop a database of PostgreSQL, whoever is in it."""
    with psycopg.connect(**server("postgres"), autocommit=True) as administrator:
        statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
        administrator.execute(statement.format(sql.Identifier(database)))


def drop_the_migrated() -> None:
    """The run is over. On SQLite pytest removes its folder by and by."""
    if connection.vendor == "postgresql":
        with suppress(psycopg.OperationalError):  # a run without a database
            drop(
                connection.settings_dict["TEST"]["NAME"]
                or f"test_{connection.settings_dict['NAME']}"
            )


@contextmanager
def taken_back() -> Iterator[None]:
    """A transaction that tests or parts of one stand in, taken back at its end."""
    life = transaction.atomic()
    # Durable blocks allow the transaction around a test, and this is one.
    life._from_testcase = True  # type: ignore[attr-defined]
    with life:
        try:
            yield
        finally:
            transaction.set_rollback(True)


def put_back(_case: object) -> None:
    """Empty the tables that a test has written and fill in again what migrations had put there."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_which_are_filled())
        for (table,) in cursor.fetchall():
            cursor.execute(f"DELETE FROM {table}")  # noqa: S608
        for table in _filled_by_migrations():
            cursor.execute(f"INSERT INTO {table} SELECT * FROM {_COPY}{table}")  # noqa: S608


@cache
def _which_are_filled() -> str:
    tables = connection.introspection.django_table_names(only_existing=True, include_views=False)
    return " UNION ALL ".join(
        f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM {table})"  # noqa: S608
        for table in tables
    )


@cache
def _filled_by_migrations() -> tuple[str, ...]:
    """Return the tables that migrations fill; the first call, before any test, copies them."""
    with connection.cursor() as cursor:
        cursor.execute(_which_are_filled())
        tables = tuple(table for (table,) in cursor.fetchall())
        for table in tables:
            cursor.execute(f"CREATE TABLE {_COPY}{table} AS SELECT * FROM {table}")  # noqa: S608
    return tables
