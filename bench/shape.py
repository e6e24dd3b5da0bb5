"""Prints how finely the code is cut, an app a line of JSON: how often a reader has to jump."""

from __future__ import annotations

import ast
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
APPS = ("devices", "orgmerge", "portal", "requests_app")
# What the framework calls, or a registry finds, has no importer and no caller to be counted.
ASIDE = re.compile(r"(views|urls)(_\w+)?|tasks|migrations|management|templatetags|apps|admin")
_WORD = re.compile(r"\b[A-Za-z_]\w*")
_ROLE_COMPARED = re.compile(r"\.role\s*(?:==|!=|in\b|not in\b)")


@dataclass(frozen=True, slots=True)
class Module:
    """One file, read and parsed."""

    path: Path
    text: str
    tree: ast.Module
    words: Counter[str] = field(default_factory=Counter)

    @property
    def is_aside(self) -> bool:
        return any(ASIDE.fullmatch(part.removesuffix(".py")) for part in self.path.parts)

    @property
    def name(self) -> str:
        return ".".join(self.path.with_suffix("").parts)

    def functions(self) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node

    def imports(self) -> Iterator[str]:
        """Give each module it imports, and each name out of one with that in front."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (one.name for one in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield node.module
                yield from (f"{node.module}.{one.name}" for one in node.names)


def read() -> Iterator[Module]:
    """Read every module but the migrations."""
    for app in APPS:
        for file in sorted((ROOT / app).rglob("*.py")):
            path, text = file.relative_to(ROOT), file.read_text("utf-8")
            if "migrations" not in path.parts:
                yield Module(path, text, ast.parse(text), Counter(_WORD.findall(text)))


def count(modules: list[Module]) -> dict[str, Counter[str]]:
    """Return the figures of each app."""
    words: Counter[str] = Counter()
    importers: defaultdict[str, set[Path]] = defaultdict(set)
    for module in modules:
        words += module.words
        for name in module.imports():
            importers[name].add(module.path)
    imported = {name.rpartition(".")[2] for name in importers if "." in name}

    figures: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for module in modules:
        here = figures[module.path.parts[0]]
        here.update(files=1, lines=module.text.count("\n"))
        here.update(role_comparisons=len(_ROLE_COMPARED.findall(module.text)))
        for function in module.functions():
            name = function.name
            is_private = name.startswith("_") and not name.startswith("__")
            here.update(functions=1, private_once=is_private and module.words[name] == 2)  # noqa: PLR2004
            if function in module.tree.body and not function.decorator_list and not module.is_aside:
                # Its definition and the line that imports it are no uses.
                here.update(used_once=words[name] - 1 - (name in imported) <= 1)
        if module.path.name != "__init__.py" and not module.is_aside:
            here.update(modules=1, one_importer=len(importers[module.name]) == 1)
    return figures


def main() -> None:
    figures = count(list(read()))
    figures["all"] = sum(figures.values(), Counter())
    for app, found in figures.items():
        counts = {name: found[name] for name in ("files", "lines", "functions")}
        shares = {
            f"{name}_percent": round(100 * found[name] / max(1, found["functions"]), 1)
            for name in ("private_once", "used_once")
        }
        rest = {name: found[name] for name in ("modules", "one_importer", "role_comparisons")}
        print(json.dumps({"name": f"shape of {app}", **counts, **shares, **rest}))


if __name__ == "__main__":
    main()
