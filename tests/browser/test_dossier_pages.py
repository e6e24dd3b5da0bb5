"""The pages of a dossier in a real browser, wide and narrow: axe finds nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Browser, Page, sync_playwright

from portal.accounts.models import User
from portal.core.roles import Role
from requests_app.models import Dossier
from requests_app.workflow import Action
from tests import builders, story

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WIDTHS = (1280, 360)


@pytest.fixture
def browser(chromium: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Browser]:
    # Playwright keeps an event loop in this thread; the test talks to the database beside it.
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    with sync_playwright() as play:
        yield play.chromium.launch(executable_path=chromium, args=["--no-sandbox"])


def signed_in(
    browser: Browser, live_server: Any, user: User | None, *, width: int, script: bool = True
) -> Page:
    """Return a page of a browser in which ``user`` has signed in."""
    context = browser.new_context(
        viewport={"width": width, "height": 800}, java_script_enabled=script
    )
    if user is not None:
        client = Client()
        client.force_login(user)
        session = client.cookies["sessionid"].value
        context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    return context.new_page()


def address(name: str, dossier: Dossier) -> str:
    return reverse(f"requests_app:{name}", args=[dossier.uuid])


def pages_of_a_story() -> list[tuple[User | None, str]]:
    """Play dossiers into several states and return who looks at which page."""
    now = timezone.now()
    people = story.cast()
    drafted = story.drafted(people, rows=2, now=now)
    sent = story.sent(story.cast(), now=now)
    officer = User.objects.get(agency=sent.office, role=Role.OFFICE_OFFICER)
    others = story.cast()
    waiting = story.drafted(others, now=now)
    story.step(waiting, Action.REQUEST_SIGNATURE, others.clerk, now=now)
    third = story.cast()
    decided = story.decided(third, rows=3, refuse=1, now=now)
    fourth = story.cast()
    forwarded = story.sent(fourth, rows=2, now=now)
    story.step(forwarded, Action.FORWARD, fourth.officer, now=now)
    return [
        (None, reverse("help:index")),
        (None, reverse("accounts:login")),
        (people.clerk, "/"),
        (people.clerk, reverse("requests_app:list")),
        (people.clerk, address("detail", drafted)),
        (people.clerk, address("check", drafted)),
        (others.head, address("sign", waiting)),
        (officer, "/"),
        (officer, address("review", sent)),
        (fourth.operator, reverse("requests_app:queue")),
        (fourth.operator, address("review", forwarded)),
        (third.supervisor, address("confirm", decided)),
        (builders.user(Role.AUDITOR), "/"),
        (builders.user(Role.ADMINISTRATOR), "/"),
    ]


def faults_of(page: Page, address: str, *, width: int) -> list[str]:
    """Return what is wrong with one page: the console's errors, axe's finds, its width, its h1."""
    faults: list[str] = []
    page.on("console", lambda message: faults.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: faults.append(str(error)))
    answer = page.goto(address)
    assert answer is not None
    assert answer.status == 200, address
    violations = Axe().run(page).response["violations"]
    faults.extend(f"{one['id']} {one['nodes'][0]['target']}" for one in violations)
    if page.evaluate("document.documentElement.scrollWidth") > width:
        faults.append("scrolls sideways")
    if page.locator("h1").count() != 1:
        faults.append("has not one h1")
    return [f"{address}: {fault}" for fault in faults]


@pytest.mark.parametrize("width", WIDTHS)
def test_axe_finds_nothing_and_no_page_scrolls_sideways(
    browser: Browser, live_server: Any, width: int
) -> None:
    found: list[str] = []
    for user, path in pages_of_a_story():
        page = signed_in(browser, live_server, user, width=width)
        found += faults_of(page, live_server.url + path, width=width)
        page.context.close()

    assert found == []


def test_without_script_the_desk_returns_a_dossier_and_an_error_loses_nothing(
    browser: Browser, live_server: Any
) -> None:
    people = story.cast()
    dossier = story.sent(people, now=timezone.now())
    page = signed_in(browser, live_server, people.officer, width=360, script=False)
    page.goto(live_server.url + address("detail", dossier))

    page.get_by_text("Trả lại để hoàn thiện…").click()
    page.get_by_role("button", name="Trả lại để hoàn thiện").click()
    assert page.locator(".error-summary").is_visible()

    page.get_by_label("Nội dung lý do").fill("Dòng 1 thiếu ngày cấp.")
    page.get_by_role("button", name="Trả lại để hoàn thiện").click()
    assert "Trả lại để hoàn thiện" in page.locator("h1").inner_text()


def test_an_error_takes_the_focus_and_the_skip_link_comes_first(
    browser: Browser, live_server: Any
) -> None:
    people = story.cast()
    dossier = story.sent(people, now=timezone.now())
    page = signed_in(browser, live_server, people.officer, width=1280)
    page.goto(live_server.url + address("detail", dossier))
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip-link"

    page.get_by_text("Trả lại để hoàn thiện…").click()
    page.get_by_role("button", name="Trả lại để hoàn thiện").click()
    page.wait_for_load_state()

    assert page.evaluate("document.activeElement.className") == "error-summary"


def test_choosing_a_filter_refreshes_the_list_and_the_address(
    browser: Browser, live_server: Any
) -> None:
    people = story.cast()
    builders.dossier(agency=people.agency, state="submitted")
    builders.dossier(agency=people.agency, state="draft")
    page = signed_in(browser, live_server, people.clerk, width=1280)
    page.goto(live_server.url + reverse("requests_app:list"))

    page.get_by_label("Trạng thái").select_option("draft")
    page.wait_for_url("**state=draft**")

    assert page.locator("tbody tr").count() == 1
    page.reload()
    assert page.get_by_label("Trạng thái").input_value() == "draft"
    assert page.locator("tbody tr").count() == 1
