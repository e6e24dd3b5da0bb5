"""What every test needs: the servers and the browser at hand, and a word on what was left out."""

from __future__ import annotations

import os
import shutil
import socket
import uuid
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import hypothesis
import pytest
from pytest_django import Settings

hypothesis.settings.register_profile(
    "suite",
    deadline=None,  # a busy machine is no failure
    # What passed here passes elsewhere; ANY_SEQUENCE_EXAMPLES goes looking for more.
    derandomize=True,
    suppress_health_check=[
        hypothesis.HealthCheck.too_slow,
        # The database is rolled back after the whole test; examples clean up after themselves.
        hypothesis.HealthCheck.function_scoped_fixture,
    ],
)
hypothesis.settings.load_profile("suite")


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
def _chromium() -> str:
    """Return the path of Chromium, "" when there is none."""
    names = [os.environ.get("CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome"]
    return next((found for name in names if name and (found := shutil.which(name))), "")


_NEEDS = {
    "redis": ("Redis", "TEST_REDIS_URL", _redis),
    "browser": ("Chromium", "CHROMIUM", _chromium),
}


def pytest_configure() -> None:
    """Make the folder of collected static files: WhiteNoise warns of its absence."""
    from django.conf import settings

    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what this run cannot or need not do; with REQUIRE_ALL=1 a lack is an error."""
    for marker, (name, variable, find) in _NEEDS.items():
        concerned = [item for item in items if item.get_closest_marker(marker)]
        if not concerned or find():
            continue
        if _requires_all():
            raise pytest.UsageError(f"{name} is missing ({variable}) and REQUIRE_ALL=1 asks for it")
        for item in concerned:
            item.add_marker(pytest.mark.skip(reason=f"no {name} at hand ({variable} names one)"))
    if not _is_postgresql():
        # Not skipped: the run on PostgreSQL is where they belong.
        others = [item for item in items if item.get_closest_marker("postgresql")]
        items[:] = [item for item in items if not item.get_closest_marker("postgresql")]
        config.hook.pytest_deselected(items=others)


def _is_postgresql() -> bool:
    from django.conf import settings

    return str(settings.DATABASES["default"]["ENGINE"]).endswith("postgresql")


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


def pytest_unconfigure() -> None:
    """Remove the folder that tests.settings made for this process."""
    from django.conf import settings

    folder = Path(settings.DATA_DIR) if settings.configured else None
    if folder is not None and folder.name.startswith("portal-tests-"):
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def redis_url() -> str:
    """The Redis for tests; the test is marked ``redis``."""
    return _redis()


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of Chromium; the test is marked ``browser``."""
    return _chromium()


@pytest.fixture(autouse=True)
def _own_checkpoints(settings: Settings) -> None:
    """Each test has its own checkpoints: its audit chain begins at 1 again."""
    settings.CHECKPOINT_DIR = Path(settings.DATA_DIR) / uuid.uuid4().hex / "checkpoints"
