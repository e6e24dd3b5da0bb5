"""The plan of a reorganisation in a browser: made, chosen from, settled, read, with and without
script."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from orgmerge.models import Merger, Plan, PlanLine
from orgmerge.plans.wording import SLUG_OF
from orgmerge.vocabulary import LineAbout
from portal.accounts.models import User
from portal.core.roles import Role
from tests import builders
from tests.browser.tour import Tour, aside, press
from tests.orgmerge import planned

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def officer() -> User:
    return builders.user(Role.OFFICE_OFFICER)


def plan_page(merger: Merger, route: str = "plan", *more: object) -> str:
    return reverse(f"orgmerge:{route}", args=[merger.uuid, *more])


def work() -> None:
    """The worker's turn."""
    aside(planned.make_all)


def test_a_plan_is_made_chosen_from_and_read(tour: Tour, officer: User) -> None:
    merger = planned.two_communes(officer)
    page = tour.page_of(officer)
    page.goto(plan_page(merger))
    expect(page.get_by_text("Chưa có kế hoạch xử lý.")).to_be_visible()
    tour.look(page, "phuong-an-chua-lap")

    press(page, "Lập kế hoạch")
    expect(page.locator("#tinh-hinh progress")).to_be_visible()
    tour.look(page, "phuong-an-dang-lap")
    work()
    # htmx asks by itself; the page comes anew when the plan is ready.
    expect(page.locator("#tinh-hinh")).to_contain_text("Kế hoạch lần 1")
    tour.look(page, "phuong-an")
    _choose_the_first(tour, page)
    _narrow(page)
    _read_a_line(tour, page, merger)

    page.goto(plan_page(merger, "plan_cautions"))
    tour.look(page, "phuong-an-luu-y")
    page.goto(plan_page(merger, "plan_changes"))
    tour.look(page, "phuong-an-thay-doi")
    assert tour.faults == []


def _choose_the_first(tour: Tour, page: Page) -> None:
    page.get_by_role("radio", name=re.compile("Hạng 1")).check()
    press(page, "Chọn")
    expect(page.locator("fieldset")).to_have_count(0)  # it is asked no more
    work()
    expect(page.locator("#tinh-hinh")).to_contain_text("Kế hoạch lần 2")
    expect(page.locator("#tinh-hinh")).to_contain_text("Không còn việc chờ quyết định")


def _narrow(page: Page) -> None:
    """The list follows the filter and the address tells it; going back brings it back."""
    page.get_by_label("Đối tượng").select_option("device")
    expect(page.locator("#ket-qua tbody tr")).to_have_count(4)
    expect(page).to_have_url(re.compile("about=device"))
    page.reload()
    expect(page.locator("#ket-qua tbody tr")).to_have_count(4)


def _read_a_line(tour: Tour, page: Page, merger: Merger) -> None:
    line = _line(merger, reason="survivor")
    page.goto(plan_page(merger, "plan_line", SLUG_OF[line.about], line.target_uuid))
    row = page.get_by_role("row").filter(has_text="Tên chứng thư")
    expect(row).to_contain_text(planned.NEW_NAME)
    expect(row).to_contain_text("Thay đổi")
    tour.look(page, "phuong-an-mot-dong")
    page.get_by_role("link", name="USB Token").click()
    expect(page.locator("h1")).to_contain_text("USB Token")


def _line(merger: Merger, **columns: object) -> PlanLine:
    newest = merger.plans.filter(state=Plan.State.READY).order_by("-number")[0]
    found = newest.lines.filter(**columns).first()
    assert found is not None
    return found


@pytest.mark.parametrize("script", [True, False], ids=["with-script", "without-script"])
def test_open_lines_are_marked_and_settled_together(
    tour: Tour, officer: User, script: bool
) -> None:
    merger = planned.split_commune(officer)
    aside(lambda: planned.plan_of(merger, officer))
    page = tour.page_of(officer, script=script)
    page.goto(plan_page(merger))
    page.get_by_role("link", name=re.compile("^Xem và quyết định ?: Chứng thư")).click()
    boxes = page.locator("input[name=line]")
    expect(boxes).to_have_count(2)
    if script:
        tour.look(page, "phuong-an-cho-quyet-dinh")

    for box in boxes.all():
        box.check()
    press(page, "Quyết định các dòng đã đánh dấu")
    press(page, "Ghi quyết định")
    expect(page.locator(".error-summary")).to_contain_text("Hãy chọn một cách xử lý")
    if script:
        tour.look(page, "quyet-dinh-thieu")
    page.get_by_label(re.compile("Mẫu 04")).check()
    page.get_by_label("Đơn vị tiếp nhận").select_option(label="ỦY BAN NHÂN DÂN XÃ MỘT")
    press(page, "Ghi quyết định")

    expect(page.get_by_text("Đã quyết định 2 dòng")).to_be_visible()
    assert merger.settlements.filter(about=LineAbout.CERTIFICATE, action="change").count() == 2
    assert tour.faults == []


def test_a_body_reads_its_own_part_of_an_approved_plan(tour: Tour, officer: User) -> None:
    merger = planned.two_communes(officer)
    plan = aside(lambda: planned.plan_of(merger, officer))
    planned.approve(merger, plan)
    page = tour.page_of(builders.user(Role.CLERK, agency=planned.old_bodies(merger)[0]))

    page.goto(plan_page(merger))

    expect(page.locator("main")).to_contain_text("Chỉ gồm các dòng của đơn vị anh/chị.")
    expect(page.locator("main")).not_to_contain_text(planned.OLD_NAMES[1])
    tour.look(page, "phuong-an-cua-don-vi")
    assert tour.faults == []
