"""One browser for all, and a CA for those that issue."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, expect, sync_playwright

from portal.ca.authority import ceremony, keystore
from portal.ca.authority import services as authority
from tests.browser.tour import Tour

FOLDER = Path(__file__).parent
_open = ExitStack()
_browsers: list[Browser] = []


@pytest.fixture
def browser(chromium: str) -> Browser:
    """The first test of the folder starts it, the last one closes it."""
    if not _browsers:
        _browsers.append(_launched(chromium))
    return _browsers[0]


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(nextitem: pytest.Item | None) -> None:
    """What comes after the folder needs the thread for event loops of its own (signing)."""
    if nextitem is None or not nextitem.path.is_relative_to(FOLDER):
        _browsers.clear()
        _open.close()


def _launched(chromium: str) -> Browser:
    patch = _open.enter_context(pytest.MonkeyPatch.context())
    # Playwright keeps an event loop in this thread: tests talk to the database beside it.
    patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    expect.set_options(timeout=30_000)  # a busy machine is no failure
    play = _open.enter_context(sync_playwright())
    return play.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])


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
