"""The editor in a browser: saves as one types, takes pasted blocks, loses nothing, reads well."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, Page, expect

from portal.accounts.models import User
from portal.core.roles import Role
from requests_app.drafts.services import create_draft, import_rows
from requests_app.models import Dossier
from tests import builders
from tests.builders import person_answers
from tests.ca import requests

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
WIDE = {"width": 1280, "height": 900}
NARROW = {"width": 360, "height": 800}


@pytest.fixture
def clerk() -> User:
    office = builders.office()
    builders.routing(office=office)
    return builders.user(Role.CLERK, agency=builders.agency(office=office))


@pytest.fixture
def draft(clerk: User) -> Dossier:
    now = timezone.now()
    draft = create_draft("mau_01_person", actor=clerk, now=now)
    rows = [person_answers(1), person_answers(2)]
    import_rows(draft, rows, actor=clerk, now=now, version=draft.version)
    return draft


@contextmanager
def signed_in(
    clerk: User, base: str, browser: Browser, *, size: dict[str, int] | None = None
) -> Iterator[BrowserContext]:
    """Somewhere in the browser where the clerk has signed in."""
    client = Client()
    client.force_login(clerk)
    cookie = client.cookies["sessionid"].value
    context = browser.new_context(viewport=size or WIDE)  # type: ignore[arg-type]
    context.set_default_timeout(60_000)  # a busy machine is no failure
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=base)
    context.add_cookies([{"name": "sessionid", "value": cookie, "url": base}])
    try:
        yield context
    finally:
        context.close()


def opened(context: BrowserContext, url: str) -> Page:
    page = context.new_page()
    page.goto(url)
    return page


def saved(page: Page) -> None:
    expect(page.locator("[data-saved][data-state=saved]")).to_be_visible()


def answers(draft: Dossier) -> list[dict[str, Any]]:
    return [item.answers for item in draft.items.order_by("position")]


def test_it_saves_as_one_types_and_tells_beside_the_cell(
    live_server: Any, browser: Browser, clerk: User, draft: Dossier
) -> None:
    url = live_server.url + reverse("requests_app:editor", args=[draft.uuid])

    with signed_in(clerk, live_server.url, browser) as context:
        page = opened(context, url)
        page.fill("#o-1-email", "x@gmail.com")
        page.keyboard.press("Tab")
        page.fill("#o-2-position", "Kế toán")
        saved(page)
        expect(page.locator("#o-1-email")).to_have_attribute("aria-invalid", "true")
        expect(page.locator("#o-1-email-loi")).to_contain_text("gmail.com là hộp thư cá nhân")
        expect(page.locator("[data-saved]")).to_contain_text("Đã lưu lúc")

    assert answers(draft)[0]["email"] == "x@gmail.com"
    assert answers(draft)[1]["position"] == "Kế toán"


def test_leaving_at_once_and_coming_back_loses_nothing(
    live_server: Any, browser: Browser, clerk: User, draft: Dossier
) -> None:
    url = live_server.url + reverse("requests_app:editor", args=[draft.uuid])

    with signed_in(clerk, live_server.url, browser) as context:
        page = opened(context, url)
        page.fill("#o-1-position", "Kế toán")
        page.click("footer a >> nth=-1")
        page.wait_for_load_state()
        page.goto(url)
        expect(page.locator("#o-1-position")).to_have_value("Kế toán")


def test_a_block_copied_from_a_spreadsheet_fills_the_rows(
    live_server: Any, browser: Browser, clerk: User, draft: Dossier
) -> None:
    url = live_server.url + reverse("requests_app:editor", args=[draft.uuid])

    with signed_in(clerk, live_server.url, browser) as context:
        page = opened(context, url)
        block = "Kế toán\t0912345671\nVăn thư\t0912345672\nThủ quỹ\t0912345673\n"
        page.evaluate("text => navigator.clipboard.writeText(text)", block)
        page.focus("#o-2-position")
        page.keyboard.press("Control+V")
        expect(page.locator("#o-4-position")).to_have_value("Thủ quỹ")

    assert [row["position"] for row in answers(draft)] == [
        "Chuyên viên",
        "Kế toán",
        "Văn thư",
        "Thủ quỹ",
    ]
    assert answers(draft)[1]["full_name"] == person_answers(2)["full_name"]


def test_a_request_pasted_as_text_is_no_block_of_cells(
    live_server: Any, browser: Browser, clerk: User, draft: Dossier
) -> None:
    url = live_server.url + reverse("requests_app:editor", args=[draft.uuid])
    text = requests.pem(name=person_answers(1)["full_name"])

    with signed_in(clerk, live_server.url, browser) as context:
        page = opened(context, url)
        page.select_option("#o-1-storage", "hsm")
        expect(page.locator("#o-1-csr-loi")).to_contain_text("HSM cần tệp đề nghị PKCS#10")
        page.get_by_text("Chọn tệp PKCS#10").first.click()
        page.evaluate("text => navigator.clipboard.writeText(text)", text)
        page.focus("#o-1-csr")
        page.keyboard.press("Control+V")
        expect(page.locator("#o-1-csr-loi")).to_be_empty()
        page.reload()
        expect(page.locator("[data-row] .key-words").first).to_contain_text("EC-P256, SHA-256")

    assert answers(draft)[0]["full_name"] == person_answers(1)["full_name"]


def test_two_windows_are_told_of_each_other(
    live_server: Any, browser: Browser, clerk: User, draft: Dossier
) -> None:
    url = live_server.url + reverse("requests_app:editor", args=[draft.uuid])

    with signed_in(clerk, live_server.url, browser) as context:
        one, other = opened(context, url), opened(context, url)
        other.fill("#o-1-position", "Văn thư")
        saved(other)
        one.fill("#o-1-position", "Kế toán")
        expect(one.locator("[data-saved]")).to_contain_text("vừa được sửa ở nơi khác")
        one.click("button[value=save] >> visible=true >> nth=-1")
        summary = one.locator(".error-summary")
        expect(summary).to_contain_text("anh/chị nhập “Kế toán”, đang lưu “Văn thư”")
        expect(one.locator("#o-1-position")).to_have_value("Kế toán")

    assert answers(draft)[0]["position"] == "Văn thư"


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_the_drafting_pages_are_accessible_and_never_scroll_sideways(
    live_server: Any, browser: Browser, clerk: User, draft: Dossier, size: dict[str, int]
) -> None:
    paths = [
        reverse("requests_app:start"),
        *(
            reverse(f"requests_app:{name}", args=[draft.uuid])
            for name in ("editor", "letter_data", "import")
        ),
    ]
    with signed_in(clerk, live_server.url, browser, size=size) as context:
        page = context.new_page()
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        for path in paths:
            page.goto(live_server.url + path)
            found = Axe().run(page).response["violations"]
            assert not found, (path, [one["id"] for one in found])
            width = page.evaluate("document.documentElement.scrollWidth")
            assert width <= size["width"], path
        assert not said
