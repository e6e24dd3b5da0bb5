"""Which tests run on which database, in what order, and which of them share a worker."""

from __future__ import annotations

import inspect
import os
from collections.abc import Collection
from fnmatch import fnmatch
from types import CodeType

import pytest
from django.test import TransactionTestCase
from xdist.scheduler import LoadScopeScheduling

from tests.amounts import IS_LONG

# Every test runs on SQLite, but for what is said below. On PostgreSQL run besides those whose
# outcome a database can change: what commits, is marked "both" (searches are), or counts queries,
# breaks a constraint or runs a command (it, or a function that it calls, names one of the words
# below), and these places: the flows, the drills, what keeps the portal going, the record, races,
# lists, sums and searches, and services that lock rows. A run on PostgreSQL fails where a function
# of the portal that locks rows was not called in it (tests/locks.py): the test of whoever adds one
# belongs here.
RUN_TWICE = (
    "tests/flows/*",
    "tests/drills/*",
    "tests/operations/*",
    "tests/agencies/*",
    "tests/audit/*",
    "tests/core/*",
    "tests/deadlines/*",
    "tests/usage/*",
    "tests/*/*race*",
    "tests/api/test_reading.py",
    "tests/accounts/test_changes.py",
    "tests/accounts/test_sessions.py",
    "tests/ca/test_expiry.py",
    "tests/ca/test_installation.py",
    "tests/ca/test_pin.py",
    "tests/ca/test_revocation.py",
    "tests/devices/test_expiry.py",
    "tests/devices/test_moves.py",
    "tests/devices/test_one_writer.py",
    "tests/devices/test_returning.py",
    "tests/devices/test_shipping.py",
    "tests/devices/test_stock.py",
    "tests/devices/test_sums.py",
    "tests/notices/test_bundling.py",
    "tests/notices/test_mailing.py",
    "tests/notices/test_preferences.py",
    "tests/notices/test_reminders.py",
    "tests/orgmerge/test_carrying_out_faults.py",
    "tests/orgmerge/test_expansion.py",
    "tests/orgmerge/test_following.py",
    "tests/orgmerge/test_gathering.py",
    "tests/orgmerge/test_joining.py",
    "tests/orgmerge/test_office_ends.py",
    "tests/orgmerge/test_plan_decisions.py",
    "tests/orgmerge/test_plans.py",
    "tests/orgmerge/test_records.py",
    "tests/orgmerge/test_review.py",
    "tests/orgmerge/test_taking_effect.py",
    "tests/requests_app/test_batch_numbering.py",
    "tests/requests_app/test_covering_letters.py",
    "tests/requests_app/test_dashboard.py",
    "tests/requests_app/test_execution.py",
    "tests/requests_app/test_inquiries.py",
    "tests/requests_app/test_pages_lists.py",
    "tests/requests_app/test_registers.py",
    "tests/requests_app/test_routing.py",
    "tests/requests_app/test_steps.py",
    "tests/requests_app/test_two_dossiers.py",
)
# What is tried of Redis, of the beat, of clocks and of folders, which no database changes: on
# SQLite alone, but for make test-long.
ON_SQLITE = (
    "tests/drills/test_beat.py",
    "tests/drills/test_broker.py",
    "tests/drills/test_calendar.py",
    "tests/drills/test_clocks.py",
    "tests/drills/test_message_folder.py",
    "tests/flows/test_year.py",
)
# Of these, the pages: what they say is the same on both.
BUT_ONCE = (
    "tests/operations/test_demo.py",
    "tests/*/test_*page.py",
    "tests/*/test_*_pages.py",
    "tests/agencies/test_pages.py",
)
# Where both databases are tried, these stories are told on PostgreSQL, as in production; on SQLite
# then the spine, the merger, what is killed and random sequences, and in make test-long all.
ON_POSTGRESQL = (
    "tests/flows/test_covering_letter.py",
    "tests/flows/test_late_answer.py",
    "tests/flows/test_loss.py",
    "tests/flows/test_merger_variants.py",
    "tests/flows/test_re*.py",
    "tests/flows/test_system.py",
    "tests/flows/test_t*.py",
)
IS_BESIDE_POSTGRESQL = os.environ.get("BESIDE_POSTGRESQL") == "1"  # .ci/test says so
_A_MATTER_OF_DATABASES = frozenset(
    {
        "CaptureQueriesContext",
        "IntegrityError",
        "call_command",
        "connection",
        "django_assert_num_queries",
    }
)
# The longest come first, so that no worker is left with one at the end.
LONGEST_FIRST = (
    "tests/drills/*",
    "tests/browser/*",
    "tests/flows/*",
    "tests/operations/*",
    "tests/architecture/test_access.py",
)
# A worker takes a module whole, for the sake of its fixtures. The drills share a world, the tours a
# browser: all go to one worker. The walk of every route needs nothing but time: its tests go
# wherever there is some.
ONE_WORKER = ("tests/drills/", "tests/browser/")
ANY_WORKER = ("tests/architecture/test_access.py",)


def is_left_out(item: pytest.Item, *, is_postgresql: bool) -> bool:
    """Say whether the run on the other database is where a test belongs."""
    if not is_postgresql:
        is_told_there = IS_BESIDE_POSTGRESQL and not IS_LONG and _is_in(item, ON_POSTGRESQL)
        return is_told_there or item.get_closest_marker("postgresql") is not None
    return item.get_closest_marker("postgresql") is None and _runs_once(item)


def _runs_once(item: pytest.Item) -> bool:
    if item.get_closest_marker("browser") or not uses_a_database(item):
        return True
    if not IS_LONG and _is_in(item, ON_SQLITE):
        return True
    if _commits(item) or _is_a_matter_of_databases(item):
        return False
    return _is_in(item, BUT_ONCE) or not _is_in(item, RUN_TWICE)


def _is_in(item: pytest.Item, places: Collection[str]) -> bool:
    return any(fnmatch(_module(item), place) for place in places)


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
