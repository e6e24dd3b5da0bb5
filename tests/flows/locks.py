"""Which tables' rows a transaction locks, in which order: read off the statements it sends.

PostgreSQL alone: SQLite has one writer at a time and no locks of rows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.db import connection

from portal.core.database.locks import AFTER_HEAD, HEAD, ORDER, PARTS

_LOCKS = re.compile(
    r'^SELECT .*? FROM "(?P<first>\w+)".* FOR (?P<no_key>NO KEY )?UPDATE'
    r'(?: OF "(?P<of>\w+)")?',
    re.DOTALL,
)
_WRITES = re.compile(r'^(?P<verb>UPDATE|DELETE FROM|INSERT INTO) "(?P<table>\w+)"')
_NOTHING: frozenset[str] = frozenset()
_RANK = {table: rank for rank, table in enumerate(ORDER)}


@dataclass(slots=True)
class Transaction:
    """The tables it has rows of without having waited, and those it locked, in that order."""

    held: list[str] = field(default_factory=list)
    own: set[str] = field(default_factory=set)

    def faults(self) -> list[str]:
        """Return what was locked after something that comes later, or is not in the order."""
        found: list[str] = []
        if len(self.held) < 2:
            return found  # nobody waits for it who holds what it waits for
        latest = 0
        for number, table in enumerate(self.held):
            before = {*self.held[:number], *self.own}
            if PARTS.get(table, _NOTHING) & before:
                continue
            if HEAD in self.held[:number]:
                if not AFTER_HEAD.get(table, _NOTHING) & before:
                    found.append(f"{table} after the head of the audit chain: {self.held}")
            elif table not in _RANK:
                found.append(f"{table} is not in the order: {self.held}")
            elif _RANK[table] < latest:
                found.append(f"{table} after {ORDER[latest]}: {self.held}")
            else:
                latest = _RANK[table]
        return found


@dataclass(slots=True)
class Watch:
    """Every transaction of this thread's connection while it is watched."""

    transactions: list[Transaction] = field(default_factory=list)
    whole_rows: set[str] = field(default_factory=set)  # locked so that nobody may refer to them
    _now: Transaction | None = None

    def __call__(
        self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any
    ) -> Any:
        if 0 < len(connection.atomic_blocks) == _tests_blocks():
            # In a test's transaction the outermost block of the code is a savepoint.
            if sql.startswith("SAVEPOINT"):
                self._begin()
            elif sql.startswith(("RELEASE SAVEPOINT", "ROLLBACK TO SAVEPOINT")):
                self._now = None
        self._note(sql)
        return execute(sql, params, many, context)

    def _begin(self) -> Transaction:
        self._now = Transaction()
        self.transactions.append(self._now)
        return self._now

    def _end(self) -> None:
        """Stands among what is to be done on commit for as long as its transaction lasts."""

    def _current(self) -> Transaction | None:
        if _tests_blocks() or not connection.in_atomic_block:
            return self._now
        if self._end not in [entry[1] for entry in connection.run_on_commit]:
            connection.on_commit(self._end)
            return self._begin()
        return self._now

    def _note(self, sql: str) -> None:
        if found := _LOCKS.match(sql):
            table = found["of"] or found["first"]
            if not found["no_key"]:
                self.whole_rows.add(table)
        elif found := _WRITES.match(sql):
            table = found["table"]
        else:
            return
        current = self._current()
        if current is None:
            return  # a statement of its own holds nothing afterwards
        if sql.startswith("INSERT") or " SKIP LOCKED" in sql:
            current.own.add(table)  # waits for nobody, now or when it is written
        elif table not in current.held and table not in current.own:
            current.held.append(table)

    def faults(self) -> list[str]:
        """Return every breach of the order, and rows locked against those who refer to them."""
        found = {fault for one in self.transactions for fault in one.faults()}
        return sorted(found | {f"{table} FOR UPDATE without no_key" for table in self.whole_rows})


def _tests_blocks() -> int:
    """Return how many of the blocks we are in are a test's own, by Django's mark."""
    return sum(vars(block)["_from_testcase"] for block in connection.atomic_blocks)


@contextmanager
def watched() -> Iterator[Watch]:
    """Watch what is locked until the end of the block."""
    watch = Watch()
    with connection.execute_wrapper(watch):
        yield watch


@pytest.fixture(autouse=True)
def rows_are_locked_in_order(request: pytest.FixtureRequest) -> Iterator[None]:
    """Every transaction of a test locks rows in the order of ``portal.core.database.locks``."""
    uses_database = request.node.get_closest_marker("django_db") or "db" in request.fixturenames
    if connection.vendor != "postgresql" or not uses_database:
        yield
        return
    request.getfixturevalue("db")
    with watched() as watch:
        yield
    if faults := watch.faults():
        pytest.fail("\n".join(faults), pytrace=False)
