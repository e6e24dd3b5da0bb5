"""The house rules that a machine can keep: imports, docstrings, no hidden effects."""

from __future__ import annotations

import ast

import pytest

from tests.architecture.sources import nodes, trees


def test_each_module_says_what_it_is_for() -> None:
    silent = {path for path, tree in trees().items() if tree.body and not ast.get_docstring(tree)}

    assert silent == set()


def imports(node: ast.AST) -> set[str]:
    match node:
        case ast.Import(names=names):
            return {alias.name for alias in names}
        case ast.ImportFrom(module=str(module), names=names):
            return {module, *(f"{module}.{alias.name}" for alias in names)}
    return set()


def test_settings_are_read_through_django() -> None:
    found = {path for path, node in nodes() if "portal.settings" in imports(node)}

    assert found == set()


@pytest.mark.parametrize("module", ["django.dispatch", "django.db.models.signals"])
def test_nothing_happens_by_signal(module: str) -> None:
    found = {path for path, node in nodes() if module in imports(node)}

    assert found == set()


def test_no_model_does_more_on_save() -> None:
    found = {
        f"{path}: {node.name}.{part.name}"
        for path, node in nodes()
        if isinstance(node, ast.ClassDef) and "/models" in path
        for part in node.body
        if isinstance(part, ast.FunctionDef) and part.name in {"save", "delete", "__init__"}
    }

    assert found == set()
