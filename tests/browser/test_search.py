"""The search box: by keyboard while one types, and without script as a plain form."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from portal.accounts.models import User
from portal.core.roles import Role
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


def test_without_script_the_box_leads_to_the_page_of_results(tour: Tour, clerk: User) -> None:
    page = tour.page_of(clerk, script=False)
    page.goto("/thong-bao/")
    box = page.get_by_role("searchbox").first
    box.fill("lo tim")
    with page.expect_navigation():
        box.press("Enter")

    expect(page.locator(".found li")).to_have_count(2)
