"""The editor in a browser: saves as one types, takes pasted blocks, loses nothing, reads well."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, Dialog, Page, expect

from portal.accounts.models import User
from portal.core.roles import Role
from requests_app import kinds, spreadsheets
from requests_app.drafts.services import create_draft, import_rows
from requests_app.models import Dossier
from requests_app.spreadsheets import parked
from tests import builders
from tests.builders import PASSWORD, person_answers
from tests.ca import requests

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
WIDE = {"width": 1280, "height": 900}
NARROW = {"width": 360, "height": 800}
KEPT = "[...Object.keys(sessionStorage)].filter(key => key.startsWith('typed|')).length"


@pytest.fixture
def clerk() -> User:
    office = builders.office()
    builders.routing(office=office)
    return builders.user(Role.CLERK, agency=builders.agency(builders.COMMUNE, office=office))


@pytest.fixture
def draft(clerk: User) -> Dossier:
    now = timezone.now()
    draft = create_draft("mau_01_person", actor=clerk, now=now)
    rows = [person_answers(1), person_answers(2)]
    import_rows(draft, rows, actor=clerk, now=now, version=draft.version)
    return draft


@pytest.fixture
def url(live_server: Any, draft: Dossier) -> str:
    return str(live_server.url + reverse("requests_app:editor", args=[draft.uuid]))


@contextmanager
def signed_in(
    clerk: User,
    base: str,
    browser: Browser,
    *,
    size: dict[str, int] | None = None,
    script: bool = True,
) -> Iterator[BrowserContext]:
    """Somewhere in the browser where the clerk has signed in."""
    client = Client()
    client.force_login(clerk)
    cookie = client.cookies["sessionid"].value
    context = browser.new_context(
        viewport=size or WIDE,  # type: ignore[arg-type]
        java_script_enabled=script,
    )
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
        # A day is shown back in full; what was meant is offered, and goes in with one press.
        page.fill("#o-1-birth_on", "5.3.1984")
        page.fill("#o-1-issued_on", "10/5/23")
        expect(page.locator("#o-1-birth_on")).to_have_value("05/03/1984")
        page.get_by_role("button", name="Dùng 10/05/2023").click()
        expect(page.locator("#o-1-issued_on")).to_have_value("10/05/2023")
        expect(page.locator("#o-1-issued_on")).to_be_focused()
        saved(page)

    assert answers(draft)[0]["email"] == "x@gmail.com"
    assert answers(draft)[0]["birth_on"] == "05/03/1984"
    assert answers(draft)[0]["issued_on"] == "10/05/2023"
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

        # Whose draft it no longer is, is told so and not asked to wait.
        User.objects.filter(pk=clerk.pk).update(agency=builders.agency())
        other.fill("#o-1-position", "Kế toán")
        expect(other.locator("[data-saved]")).to_contain_text("máy chủ không nhận")

    assert answers(draft)[0]["position"] == "Văn thư"


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_the_drafting_pages_are_accessible_and_never_scroll_sideways(
    live_server: Any, browser: Browser, clerk: User, draft: Dossier, size: dict[str, int]
) -> None:
    sheet = spreadsheets.export(
        kinds.get(draft.kind), [person_answers(3), person_answers(4, issued_on="10/5/23")]
    )
    token = parked.park(sheet, dossier=draft.uuid, owner=clerk.uuid)
    paths = [
        reverse("requests_app:start"),
        reverse("requests_app:import_report", args=[draft.uuid, token]),
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
        assert not Axe().run(page).response["violations"]
        notice.get_by_role("button", name="Khôi phục").click()
        saved(page)
        assert page.evaluate(KEPT) == 0

        # Who signs out is asked first; another account at the same browser takes all that was kept.
        page.context.set_offline(True)
        page.fill("#o-2-position", "Văn thư")
        expect(page.locator("[data-saved][data-state=failed]")).to_be_visible()
        asked: list[str] = []

        def stay(dialog: Dialog) -> None:
            asked.append(dialog.message)
            dialog.dismiss()

        page.once("dialog", stay)
        page.evaluate("document.querySelector(`form[action$='dang-xuat/']`).requestSubmit()")
        assert "Còn 1 ô chưa lưu" in asked[0]
        assert page.evaluate(KEPT) == 1
        page.context.set_offline(False)
        other = Client()
        other.force_login(builders.user(Role.HEAD, agency=clerk.agency))
        cookie = other.cookies["sessionid"].value
        context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
        opened(context, live_server.url)
        page.wait_for_url(f"{live_server.url}/")
        assert page.evaluate(KEPT) == 0

    assert answers(draft)[1]["position"] == "Kế toán"


def test_a_letter_half_written_is_kept_and_another_window_signs_in_for_both(
    live_server: Any, browser: Browser, clerk: User, draft: Dossier
) -> None:
    url = live_server.url + reverse("requests_app:letter_data", args=[draft.uuid])

    with signed_in(clerk, live_server.url, browser) as context:
        page = opened(context, url)
        page.fill("[name=note]", "Gấp, vì sắp họp.")
        page.reload()
        notice = page.locator(".kept-here")
        expect(notice).to_contain_text("Đã giữ 1 ô chưa lưu:")
        notice.get_by_role("button", name="Khôi phục").click()
        expect(page.locator("[name=note]")).to_have_value("Gấp, vì sắp họp.")

        end_session()
        page.clock.install()
        page.clock.fast_forward("02:00")
        page.get_by_role("button", name="Lưu", exact=True).click()
        dialog = page.locator("#dang-nhap-lai")
        expect(dialog).to_be_visible()
        beside = opened(context, url)
        beside.get_by_label("Tên đăng nhập").fill(clerk.username)
        beside.get_by_label("Mật khẩu").fill(PASSWORD)
        beside.get_by_role("button", name="Đăng nhập").click()
        expect(dialog).to_be_hidden()
        expect(page.get_by_text("Đã lưu thông tin văn bản.")).to_be_visible()
        assert page.evaluate(KEPT) == 0
        page.reload()
        expect(page.locator(".kept-here")).to_have_count(0)

    draft.refresh_from_db()
    assert draft.note == "Gấp, vì sắp họp."


def test_the_summary_follows_what_is_mended_and_the_name_stays_in_sight(
    live_server: Any, browser: Browser, clerk: User, draft: Dossier, url: str
) -> None:
    with signed_in(clerk, live_server.url, browser) as context:
        page = opened(context, url)
        page.fill("#o-1-email", "x@gmail.com")
        page.keyboard.press("Tab")
        expect(page.locator("#can-sua")).to_contain_text("Còn 1 ô cần sửa")
        page.fill("#o-1-email", "a@laichau.gov.vn")
        page.fill("#o-2-identity_number", "12084900002")
        page.keyboard.press("Tab")
        saved(page)
        expect(page.locator("#can-sua a")).to_have_attribute("href", "#o-2-identity_number")
        page.get_by_role("button", name="Dùng 012084900002").click()
        expect(page.locator("#o-2-identity_number")).to_have_value("012084900002")
        expect(page.locator("#can-sua")).to_have_count(0)

        page.locator("#o-2-phone").scroll_into_view_if_needed()
        name, other = page.locator("#o-2-full_name"), page.locator("#o-2-birth_on")
        assert name.bounding_box()["x"] > 0  # type: ignore[index]
        assert other.bounding_box()["x"] < name.bounding_box()["x"]  # type: ignore[index]


@pytest.mark.parametrize("script", [True, False], ids=["script", "plain"])
def test_on_a_narrow_screen_a_row_is_one_line_until_it_is_opened(
    live_server: Any, browser: Browser, clerk: User, draft: Dossier, url: str, *, script: bool
) -> None:
    with signed_in(clerk, live_server.url, browser, size=NARROW, script=script) as context:
        page = opened(context, url)
        rows = page.locator("[data-row]")
        assert rows.first.bounding_box()["height"] < 60  # type: ignore[index]
        expect(rows.first).to_contain_text(person_answers(1)["full_name"])
        page.locator("summary", has_text="1.").focus()
        page.keyboard.press("Enter")
        expect(page.locator("#o-1-position")).to_be_visible()
        expect(page.locator("#o-2-position")).to_be_hidden()
        page.goto(f"{url}#o-2-position")
        expect(page.locator("#o-2-position")).to_be_visible()
