"""The session ends while somebody types: they are warned, sign in over the page, lose nothing."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, Page, expect

from portal.accounts.models import User
from portal.core.roles import Role
from requests_app.models import Dossier
from tests import builders
from tests.browser.test_editor_script import answers, clerk, draft, opened, saved, signed_in
from tests.builders import PASSWORD

__all__ = ["clerk", "draft"]  # fixtures
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
KEPT = "[...Object.keys(sessionStorage)].filter(key => key.startsWith('typed|')).length"


@pytest.fixture
def url(live_server: Any, draft: Dossier) -> str:
    return str(live_server.url + reverse("requests_app:editor", args=[draft.uuid]))


def end_session() -> None:
    Session.objects.all().delete()


def leave_unused(context: BrowserContext, minutes: int) -> None:
    """Let the session have stood idle."""
    (key,) = (one["value"] for one in context.cookies() if one["name"] == "sessionid")
    store = SessionStore(key)
    store["seen_at"] = int(timezone.now().timestamp()) - minutes * 60
    store.save()


def sign_in_over(page: Page, password: str = PASSWORD) -> None:
    dialog = page.locator("#dang-nhap-lai")
    dialog.get_by_label("Mật khẩu").fill(password)
    dialog.get_by_role("button", name="Đăng nhập và làm tiếp").click()


def test_signing_in_over_the_page_carries_the_save_through(
    live_server: Any, browser: Browser, clerk: User, draft: Dossier, url: str
) -> None:
    with signed_in(clerk, live_server.url, browser) as context:
        page = opened(context, url)
        end_session()
        page.fill("#o-1-position", "Kế toán")
        dialog = page.locator("#dang-nhap-lai")
        expect(dialog).to_be_visible()
        assert not Axe().run(page).response["violations"]
        page.screenshot(path="/tmp/typed-dialog.png")
        sign_in_over(page, "sai mật khẩu")
        expect(dialog.get_by_role("alert")).to_contain_text("Còn 4 lần thử")
        sign_in_over(page)
        expect(dialog).to_be_hidden()
        saved(page)
        assert page.evaluate(KEPT) == 0

        # An act that is pressed a while later: asked first, then done.
        end_session()
        page.clock.install()
        page.clock.fast_forward("10:00")
        page.click("button[value=letter] >> visible=true")
        sign_in_over(page)
        page.wait_for_url("**/van-ban/")

    assert answers(draft)[0]["position"] == "Kế toán"


def test_who_sits_idle_is_warned_and_goes_on_with_one_press(
    live_server: Any, browser: Browser, clerk: User, url: str
) -> None:
    with signed_in(clerk, live_server.url, browser) as context:
        page = context.new_page()
        page.clock.install()
        page.goto(url)
        leave_unused(context, 56)
        page.clock.fast_forward("55:01")
        expect(page.get_by_role("alert")).to_contain_text("Phiên làm việc sẽ hết lúc")
        page.screenshot(path="/tmp/typed-warning.png")
        page.get_by_role("button", name="Làm tiếp").click()
        expect(page.locator("#phien-sap-het")).to_be_hidden()
        left = page.evaluate(f"fetch('{reverse('accounts:session')}').then(one => one.json())")
        assert left["left"] > 3500


def test_what_could_not_be_saved_is_kept_in_the_tab_and_offered(
    live_server: Any, browser: Browser, clerk: User, draft: Dossier, url: str
) -> None:
    with signed_in(clerk, live_server.url, browser) as context:
        page = opened(context, url)
        end_session()
        page.fill("#o-2-position", "Kế toán")
        page.locator("#dang-nhap-lai").get_by_role("button", name="Để sau").click()
        page.goto(url)  # leads to the sign-in page
        page.get_by_label("Tên đăng nhập").fill(clerk.username)
        page.get_by_label("Mật khẩu").fill(PASSWORD)
        page.get_by_role("button", name="Đăng nhập").click()
        notice = page.locator(".kept-here")
        expect(notice).to_contain_text("Đã giữ 1 ô chưa lưu của dòng 2")
        expect(notice).to_contain_text("đã giữ “Kế toán”, đang có “Chuyên viên”")
        page.screenshot(path="/tmp/typed-kept.png")
        assert not Axe().run(page).response["violations"]
        notice.get_by_role("button", name="Khôi phục").click()
        saved(page)
        assert page.evaluate(KEPT) == 0

        # Another account at the same browser: the page goes, with all that it kept.
        page.context.set_offline(True)
        page.fill("#o-2-position", "Văn thư")
        expect(page.locator("[data-saved][data-state=failed]")).to_be_visible()
        page.context.set_offline(False)
        other = Client()
        other.force_login(builders.user(Role.HEAD, agency=clerk.agency))
        cookie = other.cookies["sessionid"].value
        context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
        opened(context, live_server.url)
        page.wait_for_url(f"{live_server.url}/")
        assert page.evaluate(KEPT) == 0

    assert answers(draft)[1]["position"] == "Kế toán"
