"""Which tests run on which database, in what order, and which of them share a worker."""

from __future__ import annotations

import inspect
import os
from collections.abc import Collection
from fnmatch import fnmatch
from functools import cache
from types import CodeType

import pytest
from django.test import TransactionTestCase
from xdist.scheduler import LoadScopeScheduling

from tests.amounts import IS_LONG

# Every test runs on SQLite, but for what is said below. Where both databases are tried, each is
# told once, and on both what they might answer differently: what commits, breaks a constraint (it,
# or a function that it calls, names the error) or is marked "both" (searches are), and these
# places. What counts or reads statements is told on PostgreSQL. make test-long tells the rest on
# both.
TWICE = (
    "tests/*/*race*",
    "tests/audit/test_ch*.py",
    "tests/core/test_leases.py",
    "tests/core/test_paging.py",
    "tests/drills/test_parallel_use.py",
    "tests/flows/test_killed_worker.py",
    "tests/flows/test_spine.py",
    "tests/security/*",
)
# As in production, beside PostgreSQL: the stories, what is killed, and services that lock rows. A
# run there fails where a function of the portal that locks rows was not called in it
# (tests/locks.py): the test of whoever adds one belongs here.
ON_POSTGRESQL = (
    "tests/flows/*",
    "tests/drills/*",
    "tests/agencies/test_[binps]*.py",
    "tests/api/test_reading.py",
    "tests/accounts/test_changes.py",
    "tests/accounts/test_commands.py",
    "tests/accounts/test_sessions.py",
    "tests/ca/test_expiry.py",
    "tests/ca/test_installation.py",
    "tests/ca/test_offline_root.py",
    "tests/ca/test_pin.py",
    "tests/ca/test_revocation.py",
    "tests/ca/test_rollover.py",
    "tests/deadlines/test_c*.py",
    "tests/devices/test_expiry.py",
    "tests/devices/test_moves.py",
    "tests/devices/test_one_writer.py",
    "tests/devices/test_returning.py",
    "tests/devices/test_shipping.py",
    "tests/devices/test_stock*.py",
    "tests/devices/test_sums.py",
    "tests/estate/test_b*.py",
    "tests/notices/test_bundling.py",
    "tests/notices/test_mailing.py",
    "tests/notices/test_preferences.py",
    "tests/notices/test_reminders.py",
    "tests/operations/test_run_sweeps.py",
    "tests/operations/test_sweep_queries.py",
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
    "tests/requests_app/test_letter_previews.py",
    "tests/requests_app/test_official_papers.py",
    "tests/requests_app/test_pages_lists.py",
    "tests/requests_app/test_registers.py",
    "tests/requests_app/test_routing.py",
    "tests/requests_app/test_steps.py",
    "tests/requests_app/test_two_dossiers.py",
    "tests/security/test_at_rest.py",
    "tests/support/*",
    "tests/usage/*",
    "tests/demand/*",
    "tests/inspection/test_inspection.py",
    "tests/reports/test_reports.py",
)
# On SQLite alone, in make test-long too, though it commits or stands above: what is tried of Redis,
# of the beat, of clocks, of folders and of openssl, which no database changes; and pages.
ON_SQLITE = (
    "tests/agencies/test_pages.py",
    "tests/ca/test_openssl.py",
    "tests/drills/test_beat.py",
    "tests/drills/test_broker.py",
    "tests/drills/test_calendar.py",
    "tests/drills/test_clocks.py",
    "tests/drills/test_message_folder.py",
    "tests/flows/test_year.py",
    "tests/operations/test_demo.py",
    "tests/operations/test_passphrase.py",
)
SQLITE, POSTGRESQL = "sqlite", "postgresql"
IS_BESIDE_POSTGRESQL = os.environ.get("BESIDE_POSTGRESQL") == "1"  # .ci/test says so
# The longest come first, so that no worker is left with one at the end: above all what waits for
# processes, clocks and pages while others have the processor.
LONGEST_FIRST = (
    "tests/drills/*",
    "tests/browser/*",
    "tests/operations/test_*compos*.py",
    "tests/operations/test_run_demo.py",
    "tests/flows/*",
    "tests/operations/*",
    "tests/architecture/test_access.py",
)
# A worker takes a module whole, for the sake of its fixtures. Some drills share a world, the tours
# a browser, what is composed an image: each goes to one worker. The walk of every route needs
# nothing but time: its tests go wherever there is some.
ONE_WORKER = (
    tuple(f"tests/drills/test_{name}.py" for name in ("beat", "broker", "clocks", "kills")),
    ("tests/browser/*",),
    ("tests/operations/test_compos*.py",),
)
ANY_WORKER = ("tests/architecture/test_access.py",)


def is_left_out(item: pytest.Item, *, on: str) -> bool:
    """Say whether the run on the other database is where a test belongs."""
    is_alone = on == SQLITE and not IS_BESIDE_POSTGRESQL
    is_possible = not item.get_closest_marker("postgresql")
    is_at_home = on in told_on(item) or (is_alone and is_possible)
    return not (is_at_home or is_told_again(item, on=on))


def is_told_again(item: pytest.Item, *, on: str) -> bool:
    """Say whether make test-long tells on SQLite, too, what the suite tells on PostgreSQL.

    Its own drills are played once.
    """
    is_free = not (item.get_closest_marker("postgresql") or item.get_closest_marker("long"))
    is_elsewhere = IS_BESIDE_POSTGRESQL and on == SQLITE and SQLITE not in told_on(item)
    return IS_LONG and is_elsewhere and is_free


@cache
def told_on(item: pytest.Item) -> tuple[str, ...]:
    """Return the databases on which a test runs where both are tried."""
    if item.get_closest_marker("postgresql"):
        return (POSTGRESQL,)
    if item.get_closest_marker("browser") or not uses_a_database(item) or _is_in(item, ON_SQLITE):
        return (SQLITE,)
    words = _words(item)
    is_marked = item.get_closest_marker("both") is not None
    if is_marked or _commits(item) or "IntegrityError" in words or _is_in(item, TWICE):
        return (SQLITE, POSTGRESQL)
    is_there = "connection" in words or _is_in(item, ON_POSTGRESQL)
    return (POSTGRESQL,) if is_there else (SQLITE,)


def _is_in(item: pytest.Item, places: tuple[str, ...]) -> bool:
    return _is_among(_module(item), places)


@cache
def _is_among(module: str, places: tuple[str, ...]) -> bool:
    return any(fnmatch(module, place) for place in places)


def uses_a_database(item: pytest.Item) -> bool:
    is_marked = item.get_closest_marker("django_db") is not None
    return is_marked or "db" in _fixtures(item) or _commits(item) or _is_unittest(item)


def _is_unittest(item: pytest.Item) -> bool:
    return issubclass(getattr(item, "cls", None) or object, TransactionTestCase)


def _commits(item: pytest.Item) -> bool:
    mark = item.get_closest_marker("django_db")
    is_marked = mark is not None and mark.kwargs.get("transaction", False)
    return is_marked or not {"transactional_db", "live_server"}.isdisjoint(_fixtures(item))


def _words(item: pytest.Item) -> set[str]:
    """Return the names that a test uses, its fixtures, and what the functions it calls name."""
    function = inspect.unwrap(getattr(item, "function"))  # noqa: B009 (pytest.Item has none)
    words = {*_fixtures(item)}
    for name in _names(function.__code__):
        called = function.__globals__.get(name)
        words |= {name, *(_names(called.__code__) if inspect.isfunction(called) else ())}
    return words


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
    return next((at for at, one in places if _is_in(item, (one,))), len(LONGEST_FIRST))


class ByModule(LoadScopeScheduling):  # type: ignore[misc]  # it has no types
    """xdist's scheduler: whoever is free takes the next module, or what stands for one."""

    def _split_scope(self, nodeid: str) -> str:
        module = nodeid.partition("::")[0]
        if module in ANY_WORKER:
            return nodeid
        return next((str(one) for one in ONE_WORKER if _is_among(module, one)), module)
