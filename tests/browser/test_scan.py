"""A scanner types a serial and Enter: the row or the box on the page is ticked, the rest stays."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from playwright.sync_api import Browser, Page, expect

pytestmark = pytest.mark.browser
SCRIPT = Path(settings.BASE_DIR) / "static" / "js" / "scan.js"
TOLD = '<p data-scanned data-said="{row} {serial} found" data-unsaid="{serial} unknown"></p>'
BOXES = f"""
<form><input type="checkbox" name="seen" value="VG1"><input type="checkbox" name="seen" value="VG2">
<textarea data-scan-ticks="seen"></textarea>{TOLD}</form>"""
ROWS = f"""
<form><table><tr data-serial="vg 1" data-row="1"><td><input type="radio" name="1" value="accepted">
<input name="1-serial_seen"></td></tr></table><textarea data-scan></textarea>{TOLD}</form>"""


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    yield page
    page.close()


def scan(page: Page, html: str, *serials: str) -> None:
    page.set_content(html)
    page.add_script_tag(path=SCRIPT)
    page.locator("textarea").focus()
    for serial in serials:
        page.keyboard.type(serial)
        page.keyboard.press("Enter")


def test_a_scanned_serial_ticks_its_box_and_leaves_the_field_free(page: Page) -> None:
    scan(page, BOXES, "vg2")

    expect(page.locator('[value="VG2"]')).to_be_checked()
    expect(page.locator('[value="VG1"]')).not_to_be_checked()
    expect(page.locator("textarea")).to_have_value("")
    expect(page.locator("[data-scanned]")).to_have_text("VG2 found")


def test_what_is_not_on_the_page_stays_in_the_field(page: Page) -> None:
    scan(page, BOXES, "LA1", "vg1")

    expect(page.locator("textarea")).to_have_value("LA1\n")
    expect(page.locator('[value="VG1"]')).to_be_checked()


def test_a_row_of_minutes_is_accepted_with_the_serial_seen(page: Page) -> None:
    scan(page, ROWS, "VG1")

    expect(page.locator('[value="accepted"]')).to_be_checked()
    expect(page.locator('[name="1-serial_seen"]')).to_have_value("VG1")
    expect(page.locator("textarea")).to_have_value("")
    expect(page.locator("[data-scanned]")).to_have_text("1 VG1 found")


def test_no_script_leaves_a_name_behind(page: Page) -> None:
    page.set_content(BOXES)
    before = page.evaluate("Object.keys(window).length")
    for script in SCRIPT.parent.glob("*.js"):
        page.add_script_tag(path=script)

    assert page.evaluate("Object.keys(window).length") == before
    assert page.evaluate("typeof field") == "undefined"
