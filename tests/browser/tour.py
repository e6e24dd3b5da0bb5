"""A tour of the pages: who looks at what, with a picture of each page and what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.db import connections
from django.test import Client
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page

from portal.accounts.models import User
from tests.amounts import IS_LONG, amount

Result = TypeVar("Result")

WIDTHS = (1280, 768, 360)  # a page must fit each
# Here axe reads it; what is wrong at narrow widths alone, the long run sees, which keeps pictures.
READ_AT = WIDTHS if IS_LONG else WIDTHS[:1]
# How wide the windows are in which people work; every story is to be told at 360 and 1366 too.
WORKED_AT = amount("TOUR_WIDTH", short=1280, long=1280)
HEIGHT = 800
# Kept after the run for whoever wants to look; git ignores them.
PICTURES = Path(settings.BASE_DIR) / "test-artefacts"
_AXE = {"resultTypes": ["violations"]}


class Tour:
    """Opens pages for users and collects faults: axe's, the console's, sideways scrolling."""

    def __init__(self, browser: Browser, base: str) -> None:
        self.base = base
        self.faults: list[str] = []
        self._browser = browser
        self._looked = 0
        PICTURES.mkdir(exist_ok=True)

    def page_of(self, user: User | None, *, script: bool = True, width: int = WORKED_AT) -> Page:
        """Return a page of a browser in which ``user`` has signed in (None: nobody)."""
        context = self._browser.new_context(
            viewport={"width": width, "height": HEIGHT},
            java_script_enabled=script,
            base_url=self.base,
        )
        context.set_default_timeout(60_000)  # a busy machine is no failure
        if user is not None:
            client = Client()
            client.force_login(user)
            session = client.cookies["sessionid"].value
            context.add_cookies([{"name": "sessionid", "value": session, "url": self.base}])
        page = context.new_page()
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.faults.append(f"{page.url}: {error}"))
        return page

    def look(self, page: Page, name: str = "") -> None:
        """Write down what is wrong with the page at each width; the long run keeps pictures."""
        page.wait_for_load_state()  # a link that was followed may still be coming in
        self._looked += 1
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": HEIGHT})
            if IS_LONG and name:
                path = PICTURES / f"{self._looked:02d}-{name}-{width}.png"
                page.screenshot(path=path, full_page=True)
            where = f"{name or page.url} at {width}"
            self.faults += [f"{where}: {fault}" for fault in faults_of(page, width)]
        page.set_viewport_size({"width": WORKED_AT, "height": HEIGHT})

    def close(self) -> None:
        for context in self._browser.contexts:
            context.close()

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.faults.append(f"{message.location.get('url')}: {message.text}")


def aside(act: Callable[[], Result]) -> Result:
    """Do something in a thread of its own: the browser's event loop runs in the test's thread.

    Signing a PDF starts a loop too, and two do not go together.
    """

    def and_leave() -> Result:
        try:
            return act()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(and_leave).result()


def faults_of(page: Page, width: int) -> list[str]:
    """Return what is wrong with a page as it stands: axe's finds, its width, its headings."""
    faults = []
    if width in READ_AT:
        violations = Axe().run(page, options=_AXE).response["violations"]
        faults = [f"{one['id']} {one['nodes'][0]['target']}" for one in violations]
    if page.evaluate("document.documentElement.scrollWidth") > width:
        faults.append("scrolls sideways")
    if page.locator("h1").count() != 1:
        faults.append("has not one h1")
    return faults


def press(page: Page, name: str) -> None:
    """Press the one button whose words begin with ``name`` and wait for the page it leads to."""
    with page.expect_navigation():
        page.get_by_role("button", name=re.compile(f"^{re.escape(name)}")).click()


def follow(link: Locator) -> None:
    """Follow a link and wait for the page it leads to."""
    with link.page.expect_navigation():
        link.click()
