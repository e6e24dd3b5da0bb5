"""Which tests run on which database, in what order, and which of them share a worker."""

from __future__ import annotations

import inspect
from collections.abc import Collection
from fnmatch import fnmatch
from types import CodeType

import pytest
from django.test import TransactionTestCase
from xdist.scheduler import LoadScopeScheduling

# A test runs on SQLite and on PostgreSQL, also one that nobody has thought about. Once, on SQLite,
# run those that use no database, and those of these places, which are about what pages and papers
# say. There too a test runs on both if it commits, is marked "both" (searches are), or counts
# queries or breaks a constraint: it, or a function that it calls, names one of the words below.
RUN_ONCE = (
    "tests/architecture/*",
    "tests/browser/*",
    "tests/documents/*",
    "tests/operations/test_demo.py",
    "tests/requests_app/test_import_sheet.py",
    "tests/requests_app/test_letter_content.py",
    "tests/*/test_pages*.py",
    "tests/*/test_*page.py",
    "tests/*/test_*_pages.py",
)
_A_MATTER_OF_DATABASES = frozenset(
    {"CaptureQueriesContext", "IntegrityError", "connection", "django_assert_num_queries"}
)
# The longest come first, so that no worker is left with one at the end.
LONGEST_FIRST = (
    "tests/drills/*",
    "tests/flows/*",
    "tests/architecture/test_access.py",
    "tests/browser/*",
    "tests/operations/*",
)
# A worker takes a module whole, for the sake of its fixtures. The drills share a world: all go to
# one worker. The walk of every route needs nothing but time: its tests go wherever there is some.
ONE_WORKER = ("tests/drills/",)
ANY_WORKER = ("tests/architecture/test_access.py",)


def is_left_out(item: pytest.Item, *, is_postgresql: bool) -> bool:
    """Say whether the run on the other database is where a test belongs."""
    if not is_postgresql:
        return item.get_closest_marker("postgresql") is not None
    return item.get_closest_marker("postgresql") is None and _runs_once(item)


def _runs_once(item: pytest.Item) -> bool:
    if item.get_closest_marker("browser") or not uses_a_database(item):
        return True
    is_placed = any(fnmatch(_module(item), place) for place in RUN_ONCE)
    return is_placed and not _commits(item) and not _is_a_matter_of_databases(item)


def uses_a_database(item: pytest.Item) -> bool:
    is_marked = item.get_closest_marker("django_db") is not None
    return is_marked or "db" in _fixtures(item) or _commits(item) or _is_unittest(item)


def _is_unittest(item: pytest.Item) -> bool:
    return issubclass(getattr(item, "cls", None) or object, TransactionTestCase)


def _commits(item: pytest.Item) -> bool:
    mark = item.get_closest_marker("django_db")
    is_marked = mark is not None and mark.kwargs.get("transaction", False)
    return is_marked or not {"transactional_db", "live_server"}.isdisjoint(_fixtures(item))


def _is_a_matter_of_databases(item: pytest.Item) -> bool:
    function = inspect.unwrap(getattr(item, "function"))  # noqa: B009 (pytest.Item has none)
    words = {*_fixtures(item)}
    for name in _names(function.__code__):
        called = function.__globals__.get(name)
        words |= {name, *(_names(called.__code__) if inspect.isfunction(called) else ())}
    is_marked = item.get_closest_marker("both") is not None
    return is_marked or not words.isdisjoint(_A_MATTER_OF_DATABASES)


def _names(code: CodeType) -> set[str]:
    inner = (one for one in code.co_consts if isinstance(one, CodeType))
    return {*code.co_names}.union(*map(_names, inner))


def _fixtures(item: pytest.Item) -> Collection[str]:
    return getattr(item, "fixturenames", ())


def _module(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[0]


def rank(item: pytest.Item) -> int:
    """Return where in the order a test comes; equal ones stay as they are."""
    places = enumerate(LONGEST_FIRST)
    return next((at for at, one in places if fnmatch(_module(item), one)), len(LONGEST_FIRST))


class ByModule(LoadScopeScheduling):  # type: ignore[misc]  # it has no types
    """xdist's scheduler: whoever is free takes the next module, or what stands for one."""

    def _split_scope(self, nodeid: str) -> str:
        module = nodeid.partition("::")[0]
        if module in ANY_WORKER:
            return nodeid
        return next((folder for folder in ONE_WORKER if module.startswith(folder)), module)
