"""Where a device is and how it is are written by the ledger and by the stock alone."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COLUMNS = {"custody", "condition"}
# A population made up whole for measuring, on an empty register and in the simulation alone.
MADE_UP = ROOT / "orgmerge" / "seeding"
OWN = {ROOT / "devices" / "ledger.py", ROOT / "devices" / "stock" / "services.py"}
WRITERS = {"update", "update_or_create", "create", "get_or_create", "Device"}


def sources() -> Iterator[Path]:
    for package in ("portal", "requests_app", "devices", "orgmerge"):
        for path in (ROOT / package).rglob("*.py"):
            is_a_writer = path in OWN or path.is_relative_to(MADE_UP)
            if "migrations" not in path.parts and not is_a_writer:
                yield path


def writes(tree: ast.AST) -> Iterator[int]:
    """Yield the lines that assign one of the columns, or hand it to a writing call."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign | ast.AugAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                if isinstance(target, ast.Attribute) and target.attr in COLUMNS:
                    yield node.lineno
        elif isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            given = {keyword.arg for keyword in node.keywords}
            if name in WRITERS and given & COLUMNS:
                yield node.lineno
            if name in {"bulk_update", "setattr"} and COLUMNS & set(constants(node)):
                yield node.lineno


def constants(node: ast.AST) -> list[object]:
    return [one.value for one in ast.walk(node) if isinstance(one, ast.Constant)]


def test_nobody_else_writes_custody_or_condition() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in sources()
        for line in writes(ast.parse(path.read_text(encoding="utf-8")))
    ]

    assert found == []


def test_the_search_finds_what_it_looks_for() -> None:
    code = (
        "device.custody = 'stock'\n"
        "Device.objects.update(condition='ok')\n"
        "Device(custody='stock')\n"
        "setattr(device, 'custody', 'stock')\n"
        "Device.objects.bulk_update(all, ['condition'])\n"
        "facts.KnownDevice(custody='stock')\n"
    )

    assert sorted(writes(ast.parse(code))) == [1, 2, 3, 4, 5]
