"""One browser for all, and a CA for those that issue."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Playwright, expect, sync_playwright

from portal.ca.authority import ceremony, keystore
from portal.ca.authority import services as authority
from tests.browser.tour import Tour

FOLDER = Path(__file__).parent
_open = ExitStack()
_browsers: dict[str, Browser] = {}  # by the path of what was started


@pytest.fixture
def browser(chromium: str) -> Browser:
    """The first test of the folder that needs it starts it, the last of all closes it."""
    if chromium not in _browsers:
        args = ["--no-sandbox", "--disable-gpu"]
        _browsers[chromium] = _playwright().chromium.launch(executable_path=chromium, args=args)
    return _browsers[chromium]


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(nextitem: pytest.Item | None) -> None:
    """What comes after the folder needs the thread for event loops of its own (signing)."""
    if nextitem is None or not nextitem.path.is_relative_to(FOLDER):
        _browsers.clear()
        _playwright.cache_clear()
        _open.close()


@cache
def _playwright() -> Playwright:
    patch = _open.enter_context(pytest.MonkeyPatch.context())
    # Playwright keeps an event loop in this thread: tests talk to the database beside it.
    patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    expect.set_options(timeout=30_000)  # a busy machine is no failure
    return _open.enter_context(sync_playwright())


@pytest.fixture
def tour(browser: Browser, live_server: Any) -> Iterator[Tour]:
    """Somebody who goes through the pages and writes down what is wrong with them."""
    started = Tour(browser, live_server.url)
    yield started
    started.close()


@pytest.fixture
def ca(transactional_db: None) -> Iterator[None]:
    """The simulated CA stands, and this process is a worker while the test runs."""
    authority.open_for_signing()
    ceremony.set_up(now=timezone.now())
    yield
    keystore.close()
