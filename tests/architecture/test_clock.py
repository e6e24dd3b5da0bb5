"""Time is a parameter: only edges read the clock."""

from __future__ import annotations

import ast
from pathlib import PurePath

from tests.architecture.sources import called_name, nodes, trees

# Views, API, tasks and commands; the frame of a page and middleware are parts of a view, and the
# worker's heartbeat is a task of its own timer; what runs a sweep is its task.
EDGES = {
    "views", "api", "tasks", "management", "health", "context", "middleware", "heartbeats",
    "sweeps", "metrics",
}  # fmt: skip
READERS = {"now", "utcnow", "today", "localdate", "localtime"}
CLOCKS = {"timezone", "datetime", "date", "dt"}


def is_edge(path: str) -> bool:
    parts = PurePath(path).with_suffix("").parts
    return any(
        name in EDGES
        for part in parts
        for name in (part.partition("_")[0], part.rpartition("_")[2])
    )


def reads_the_clock(node: ast.AST) -> bool:
    """Say whether a call asks for the time: ``timezone.localdate(now)`` only converts one."""
    if not isinstance(node, ast.Call) or called_name(node) not in READERS:
        return False
    match node.func:
        case ast.Attribute(value=ast.Name(id=owner)) if owner not in CLOCKS:
            return False
        case ast.Name(id="now" | "today"):
            return False
    if called_name(node) in {"localdate", "localtime"}:
        return not node.args
    return True


def test_nothing_below_the_edges_reads_the_clock() -> None:
    found = {
        f"{path}:{node.lineno}"  # type: ignore[attr-defined]
        for path, node in nodes()
        if reads_the_clock(node) and not is_edge(path)
    }

    assert found == set()


def test_the_search_looks_at_files_on_both_sides() -> None:
    edges = {path for path in trees() if is_edge(path)}

    assert "portal/audit/tasks.py" in edges
    assert "portal/ca/authority/views.py" in edges
    assert "requests_app/steps/engine.py" in set(trees()) - edges


def test_the_search_knows_a_clock_when_it_sees_one() -> None:
    for call, expected in {
        "timezone.now()": True,
        "datetime.now(UTC)": True,
        "date.today()": True,
        "timezone.localdate()": True,
        "timezone.localdate(now)": False,
        "calendar.today(day)": False,
    }.items():
        statement = ast.parse(call).body[0]
        assert isinstance(statement, ast.Expr)
        assert reads_the_clock(statement.value) is expected, call
