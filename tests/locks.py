"""Rows are locked in a transaction of the portal's own: the one around a test counts for nothing.

PostgreSQL refuses ``select_for_update`` outside a transaction. Most tests are played inside one,
which would hide it: so in every test, on both databases, a lock with no transaction around it but
the test's is refused, as it would be in life. Besides, a whole run fails unless each function of
the source that locks rows was called so at least once: on PostgreSQL where that is tried.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import django
import pytest
from django.db import connections
from django.db.models import QuerySet
from django.db.models.sql.compiler import SQLCompiler
from django.db.transaction import TransactionManagementError

from tests.placing import IS_BESIDE_POSTGRESQL, POSTGRESQL

ROOT = Path(__file__).resolve().parents[1]
APPS = ("portal", "requests_app", "devices", "orgmerge")
METHOD = "select_for_update"
_DJANGO = Path(django.__file__).parent
# A comprehension is a frame of its own in Python 3.11; to the reader it is part of its function.
_WITHIN = (".<locals>.<listcomp>", ".<locals>.<genexpr>", ".<locals>.<setcomp>")

# What locked rows, with a transaction of its own or its caller's around it.
called: set[str] = set()


@cache
def functions_that_lock() -> frozenset[str]:
    """Return ``path:function`` of each function of the portal that calls ``select_for_update``."""
    return frozenset(
        f"{path.relative_to(ROOT)}:{name}"
        for app in APPS
        for path in (ROOT / app).rglob("*.py")
        if METHOD in (source := path.read_text())
        for name in locking_functions(ast.parse(source))
    )


def locking_functions(tree: ast.AST, around: str = "<module>") -> Iterator[str]:
    """Yield the qualified name of the innermost function around each ``select_for_update``."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Attribute) and node.attr == METHOD:
            yield around
        inner = around
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            inner = node.name if around == "<module>" else f"{around}.{node.name}"
        yield from locking_functions(node, inner)


def watch() -> None:
    """From now on a lock without a transaction of the portal's own is refused."""
    lock, compile_ = QuerySet.select_for_update, SQLCompiler.as_sql

    def select_for_update(self: QuerySet[Any], *args: Any, **options: Any) -> QuerySet[Any]:
        locked = lock(self, *args, **options)
        locked.query.locked_by = _caller(sys._getframe(1))  # type: ignore[attr-defined]
        return locked

    def as_sql(self: SQLCompiler, *args: Any, **options: Any) -> Any:
        if self.query.select_for_update:
            _note(str(getattr(self.query, "locked_by", "")), using=self.using or "default")
        return compile_(self, *args, **options)

    QuerySet.select_for_update = select_for_update  # type: ignore[method-assign,assignment]
    SQLCompiler.as_sql = as_sql  # type: ignore[method-assign]


def _caller(frame: Any) -> str:
    while Path(frame.f_code.co_filename).is_relative_to(_DJANGO):  # a manager's own method
        frame = frame.f_back
    path = Path(frame.f_code.co_filename)
    name = frame.f_code.co_qualname
    for part in _WITHIN:
        name = name.replace(part, "")
    name = name.replace(".<locals>", "")
    return f"{path.relative_to(ROOT) if path.is_relative_to(ROOT) else path}:{name}"


def _note(function: str, *, using: str) -> None:
    # Django's own mark, by which ``durable`` knows the transaction around a test.
    blocks = [vars(block) for block in connections[using].atomic_blocks]
    if all(block.get("_from_testcase") for block in blocks):
        raise TransactionManagementError(f"{function} locks rows outside a transaction of its own")
    called.add(function)


def pytest_configure() -> None:
    watch()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Gather what a worker of pytest-xdist has seen."""
    called.update(getattr(node, "workeroutput", {}).get("called", ()))


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Hand over what was seen; where everything was, a function nobody called is a failure."""
    config = session.config
    if (output := getattr(config, "workeroutput", None)) is not None:
        output["called"] = sorted(called)
    elif exitstatus == pytest.ExitCode.OK and _is_whole(config) and never_called():
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, exitstatus: int, config: pytest.Config
) -> None:
    """Name what nobody called."""
    if exitstatus == pytest.ExitCode.OK and _is_whole(config):
        for function in never_called():
            said = f"FAILED: {function} locks rows, and no test calls it"
            terminalreporter.write_line(said, red=True)


def never_called() -> list[str]:
    """Return what locks rows in the source and was not seen to."""
    return sorted(functions_that_lock() - called)


def _is_whole(config: pytest.Config) -> bool:
    """Whether everything was asked for; what the browser does, the other tests do as well.

    Services that lock rows are told on PostgreSQL, where both databases are tried.
    """
    options = config.option
    is_told_here = not IS_BESIDE_POSTGRESQL or connections["default"].vendor == POSTGRESQL
    return (
        is_told_here
        and config.args_source == pytest.Config.ArgsSource.TESTPATHS
        and options.markexpr in ("", "not browser")
        and not (options.keyword or options.deselect or getattr(options, "lf", False))
    )
