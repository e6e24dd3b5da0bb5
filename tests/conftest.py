"""What every test needs: servers, a browser, a database, and its place in the run."""

from __future__ import annotations

import gc
import os
import shutil
import socket
import uuid
from collections.abc import Callable, Generator, Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import hypothesis
import pytest
from hypothesis.internal.conjecture import providers
from pytest_django import DjangoDbBlocker, Settings

from tests import databases
from tests.amounts import IS_LONG
from tests.flows import forks
from tests.placing import ByModule, is_left_out, is_told_again, rank

LONGEST = 3 * 3600  # seconds for what make test-long plays at full length
pytest_plugins = ["tests.locks", "tests.paper"]

hypothesis.settings.register_profile(
    "suite",
    deadline=None,  # a busy machine is no failure
    # What passed here passes elsewhere; make test-long goes looking for more.
    derandomize=True,
    suppress_health_check=[
        hypothesis.HealthCheck.too_slow,
        # The database is rolled back after the whole test; examples clean up after themselves.
        hypothesis.HealthCheck.function_scoped_fixture,
    ],
)
hypothesis.settings.load_profile("suite")
# It would read the whole source for numbers to try, in each worker anew, and try others wherever
# other modules happen to be loaded.
providers._get_local_constants = lambda: providers._local_constants


def _requires_all() -> bool:
    return os.environ.get("REQUIRE_ALL") == "1"


@cache
def _redis() -> str:
    """Return the address of the Redis for tests, "" when none answers."""
    url = os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379/15")
    address = urlsplit(url)
    try:
        socket.create_connection((address.hostname, address.port or 6379), timeout=3).close()
    except OSError:
        return ""
    return url


@cache
def _chromium(*shells: str) -> str:
    """Return the path of Chromium, or of the first of ``shells``; "" when there is none."""
    whole = ("chromium", "chromium-browser", "google-chrome")
    names = (os.environ.get("CHROMIUM", ""), *shells, *whole)
    return next((found for name in names if name and (found := shutil.which(name))), "")


def _quick_chromium() -> str:
    """Return the path of what takes a third of Chromium's time: it has no windows, no viewer."""
    return _chromium("chromium-headless-shell")


@cache
def _softhsm() -> str:
    """Return the path of SoftHSM2's library, "" when there is none."""
    path = os.environ.get("SOFTHSM2_MODULE", "/usr/lib/softhsm/libsofthsm2.so")
    return path if Path(path).exists() and shutil.which("softhsm2-util") else ""


_NEEDS: dict[str, tuple[str, str, Callable[[], str]]] = {
    "redis": ("Redis", "TEST_REDIS_URL", _redis),
    "browser": ("Chromium", "CHROMIUM", _quick_chromium),
    "viewer": ("Chromium with its viewer of PDF", "CHROMIUM", _chromium),
    "softhsm": ("SoftHSM2", "SOFTHSM2_MODULE", _softhsm),
}


def pytest_configure() -> None:
    """Make the folder of collected static files: WhiteNoise warns of its absence."""
    from django.conf import settings
    from django.test import TransactionTestCase

    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)
    TransactionTestCase._fixture_teardown = databases.put_back  # type: ignore[attr-defined]


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> Generator[None, None, None]:
    """Leave out what this run cannot or need not do; with REQUIRE_ALL=1 a lack is an error."""
    for marker, (name, variable, find) in _NEEDS.items():
        concerned = [item for item in items if item.get_closest_marker(marker)]
        if not concerned or find():
            continue
        if _requires_all():
            raise pytest.UsageError(f"{name} is missing ({variable}) and REQUIRE_ALL=1 asks for it")
        for item in concerned:
            item.add_marker(pytest.mark.skip(reason=f"no {name} at hand ({variable} names one)"))
    from django.db import connection

    database = connection.vendor
    elsewhere = [item for item in items if is_left_out(item, on=database)]
    for item in items:
        if is_told_again(item, on=database):
            item.add_marker(pytest.mark.long)
    config.hook.pytest_deselected(items=elsewhere)  # not skipped: the other run has them
    left_out = set(elsewhere)
    items[:] = [item for item in items if item not in left_out]
    for item in items:
        if IS_LONG and item.get_closest_marker("long"):
            item.add_marker(pytest.mark.timeout(LONGEST), append=False)
    yield
    items.sort(key=rank)  # after pytest-django's order, which stays within a module


def pytest_collection_finish() -> None:
    """What was collected stays to the end: nobody looks through it for garbage again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByModule:
    config.option.loadscopereorder = False  # ours is the order
    return ByModule(config, log)


def pytest_xdist_auto_num_workers() -> int:
    """As many as there are processors: one more for what waits was tried and took longer."""
    return len(os.sched_getaffinity(0))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was left out, in words, before pytest's last line."""
    reasons = sorted(
        {
            str(report.longrepr[2]).removeprefix("Skipped: ")
            for report in terminalreporter.getreports("skipped")
            if isinstance(report.longrepr, tuple)
        }
    )
    for reason in reasons:
        terminalreporter.write_line(f"Left out: {reason}", yellow=True)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the folder that tests.settings made, and in the end the run's own database."""
    from django.conf import settings

    forks.stop()
    if not hasattr(config, "workerinput"):
        databases.drop_the_migrated()
    folder = Path(settings.DATA_DIR) if settings.configured else None
    if folder is not None and folder.name.startswith("portal-tests-"):
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None,
    django_db_blocker: DjangoDbBlocker,
    tmp_path_factory: pytest.TempPathFactory,
    worker_id: str,
    pytestconfig: pytest.Config,
) -> Iterator[None]:
    """In place of pytest-django's: migrations run once, not once a worker."""
    folder = tmp_path_factory.getbasetemp()
    if worker_id != "master":
        folder = folder.parent  # the run's
    cache: pytest.Cache | None = getattr(pytestconfig, "cache", None)  # -p no:cacheprovider
    kept = cache.mkdir("migrated") if cache else folder
    copy = databases.copy_of_the_migrated(folder, worker_id, kept_in=kept)
    with django_db_blocker.unblock(), copy:
        yield


@pytest.fixture(scope="session")
def redis_url() -> str:
    """The Redis for tests; the test is marked ``redis``."""
    return _redis()


@pytest.fixture
def chromium(request: pytest.FixtureRequest) -> str:
    """The path of Chromium; the test is marked ``browser``, and ``viewer`` if it looks at PDF."""
    return _chromium() if request.node.get_closest_marker("viewer") else _quick_chromium()


@pytest.fixture(autouse=True)
def _own_checkpoints(settings: Settings) -> None:
    """Each test has its own checkpoints: its audit chain begins at 1 again."""
    settings.CHECKPOINT_DIR = Path(settings.DATA_DIR) / uuid.uuid4().hex / "checkpoints"
