"""The head of every page: the search box and the bell, by keyboard and without script."""

from __future__ import annotations

from itertools import pairwise

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from portal.accounts.models import User
from portal.core.roles import Role
from portal.notices import services as notices
from tests import builders, words
from tests.browser.tour import Tour

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def clerk() -> User:
    """A clerk of a body with three people, one of whom holds a certificate."""
    clerk = builders.user(Role.CLERK)
    for name in ("Lò Văn Tím", "Lò Thị Tím", "Hà Văn Lan"):
        builders.person(name, at=clerk.agency)
    builders.certificate(subscriber=builders.person("Vàng A Sáu", at=clerk.agency))
    words.fill()
    return clerk


def test_a_thing_is_found_and_opened_without_the_mouse(tour: Tour, clerk: User) -> None:
    page = tour.page_of(clerk)
    page.goto("/thong-bao/")
    page.keyboard.press("Control+k")
    box = page.get_by_role("combobox")
    expect(box).to_be_focused()
    page.keyboard.type("tím")
    options = page.get_by_role("option")
    expect(options).to_have_count(2)
    expect(box).to_have_attribute("aria-expanded", "true")
    tour.look(page, "o-tim-kiem")

    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Escape")
    expect(options.first).to_be_hidden()
    expect(box).to_have_value("tím")
    page.keyboard.press("ArrowDown")
    with page.expect_navigation():
        page.keyboard.press("Enter")

    expect(page.get_by_role("heading", level=1)).to_contain_text("Tím")
    page.locator("main").click()
    page.keyboard.press("/")
    expect(box).to_be_focused()
    page.keyboard.type("lò t")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    tour.look(page, "tim-kiem")
    assert tour.faults == []


def test_the_bell_opens_its_panel_and_gives_the_focus_back(tour: Tour, clerk: User) -> None:
    for number in range(12):
        at = timezone.now()
        notices.tell([clerk], cause=f"cause {number}", title=f"Hồ sơ {number} bị trả lại", now=at)
    page = tour.page_of(clerk)
    page.goto("/thong-bao/cach-nhan/")
    bell = page.locator("#bell")
    bell.focus()
    page.keyboard.press("Enter")
    panel = page.locator("#bell-panel")
    expect(panel.get_by_role("button")).to_have_count(5)
    expect(bell).to_have_attribute("aria-expanded", "true")
    expect(panel.get_by_role("heading")).to_be_focused()
    tour.look(page, "chuong")

    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(bell).to_be_focused()

    page.set_viewport_size({"width": 360, "height": 740})  # nothing lies over another
    boxes = [tool.bounding_box() for tool in page.locator(".site-tools .site-tool").all()]
    for left, right in pairwise([box for box in boxes if box]):
        assert left["x"] + left["width"] <= right["x"]
    assert tour.faults == []


def test_without_script_the_box_leads_to_the_page_of_results(tour: Tour, clerk: User) -> None:
    page = tour.page_of(clerk, script=False)
    page.goto("/thong-bao/")
    box = page.get_by_role("searchbox").first
    box.fill("lo tim")
    with page.expect_navigation():
        box.press("Enter")

    expect(page.locator(".found li")).to_have_count(2)
