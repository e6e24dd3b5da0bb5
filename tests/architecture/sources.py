"""The project's own Python files as syntax trees."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from django.conf import settings

BASE = Path(settings.BASE_DIR)
APPS = ("portal", "requests_app", "devices", "orgmerge")


@cache
def trees() -> dict[str, ast.Module]:
    """Return the tree of each file of the apps, by its path from the top; no migrations."""
    return {
        str(path.relative_to(BASE)): ast.parse(path.read_text(), filename=str(path))
        for app in APPS
        for path in sorted((BASE / app).rglob("*.py"))
        if "migrations" not in path.parts
    }


@cache
def _walked() -> dict[str, list[ast.AST]]:
    return {path: list(ast.walk(tree)) for path, tree in trees().items()}


def nodes() -> Iterator[tuple[str, ast.AST]]:
    """Return every node with the path of its file."""
    for path, found in _walked().items():
        for node in found:
            yield path, node


def called_name(node: ast.Call) -> str:
    """Return the last word of what is called: ``update`` for ``things.filter(…).update(…)``."""
    match node.func:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
    return ""
