"""The list of rules is complete and true: what it names exists, says its number, and is tested."""

from __future__ import annotations

import inspect
import re
from importlib import import_module
from pathlib import Path

from requests_app import rulebook
from requests_app.rulebook import ENTRIES, Sort

BASE = Path(__file__).parents[2]
JUDGED = [one for one in ENTRIES if one.sort is Sort.RULE]
NUMBERED = re.compile(r"\bR(\d\d)(?:–R?(\d\d))?")


def test_every_rule_and_every_decision_stands_once_in_order() -> None:
    expected = [f"R{number:02}" for number in range(1, 48)] + [
        f"D{n}" for n in (*range(1, 17), 22, 23, 24, 25, 26)
    ]
    assert [one.id for one in ENTRIES] == expected


def test_what_an_entry_names_exists() -> None:
    for path in (path for entry in ENTRIES for path in entry.where):
        found(path)


def test_an_entry_says_where_or_why_not() -> None:
    for entry in ENTRIES:
        assert entry.says, entry.id
        assert entry.article, entry.id
        assert bool(entry.where) == (entry.sort is not Sort.NOT_APPLIED), entry.id
        if entry.sort in (Sort.NOT_APPLIED, Sort.DUTY):
            assert entry.why, entry.id


def test_a_function_that_judges_a_rule_says_so() -> None:
    for entry in JUDGED:
        said = " ".join(docstring_of(path) for path in entry.where)
        if entry.id.startswith("R"):
            assert entry.id in numbers_in(said), said


def test_every_function_that_judges_is_named_in_a_test() -> None:
    names = {path.rpartition(".")[2] for entry in JUDGED for path in entry.where}
    words = {word for text in texts_of_tests() for word in re.findall(r"\w+", text)}

    assert names <= words


def test_the_page_is_fresh() -> None:
    assert (BASE / "docs" / "rules.md").read_text(encoding="utf-8") == rulebook.page()


def found(path: str) -> object:
    """Return what a dotted path names: a module, or something in one."""
    head, *rest = path.split(".")
    thing: object = import_module(head)
    for name in rest:
        if not hasattr(thing, name) and inspect.ismodule(thing):
            import_module(f"{thing.__name__}.{name}")
        thing = getattr(thing, name)
    return thing


def docstring_of(path: str) -> str:
    thing = found(path)
    return inspect.getdoc(thing) or "" if callable(thing) or inspect.ismodule(thing) else ""


def numbers_in(text: str) -> set[str]:
    """Return the rules a docstring speaks of; "R10–R12" is three."""
    numbers: set[str] = set()
    for first, last in NUMBERED.findall(text):
        numbers |= {f"R{number:02}" for number in range(int(first), int(last or first) + 1)}
    return numbers


def texts_of_tests() -> list[str]:
    return [
        path.read_text(encoding="utf-8")
        for path in (BASE / "tests").rglob("test_*.py")
        if path != Path(__file__)
    ]
