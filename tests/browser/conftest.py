"""One browser for all, and a CA for those that issue."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, expect, sync_playwright

from portal.ca.authority import ceremony, keystore
from portal.ca.authority import services as authority
from tests.browser.tour import Tour


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as play:
        # Playwright keeps an event loop in this thread: tests talk to the database beside it, and
        # what comes after the module needs the thread for loops of its own (signing).
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        expect.set_options(timeout=30_000)  # a busy machine is no failure
        yield play.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])


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
