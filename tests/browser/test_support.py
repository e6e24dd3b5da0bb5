"""Asking the desk and its answer: with script articles fit what is typed, without it nothing is
missing."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from portal.core.roles import Role
from portal.support.models import Question
from tests import builders
from tests.browser.tour import Tour
from tests.flows.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("script", [True, False])
def test_a_question_is_asked_from_a_page_and_answered(tour: Tour, script: bool) -> None:
    builders.ca()
    office = builders.office()
    clerk = builders.user(Role.CLERK, agency=builders.agency(office=office))
    team = Visitor(builders.user(Role.SUPPORT_TEAM, agency=office))
    page = tour.page_of(clerk, script=script)

    page.goto("/thiet-bi/?state=")
    page.get_by_role("link", name="Hỏi hỗ trợ").click()
    page.get_by_label("Câu hỏi").fill("Thiet bi bi khoa")
    page.get_by_label("Nội dung").fill("Nhập sai mã PIN, người dùng 012084900123.")
    if script:
        expect(page.locator("#bai-phu-hop")).to_contain_text("Thiết bị bị khóa")
    page.get_by_label("Loại việc").select_option(label="Thiết bị bị khóa")
    page.get_by_role("button", name="Xem lại trước khi gửi").click()
    expect(page.get_by_role("heading", name="Đúng những gì sẽ gửi")).to_be_visible()
    assert "012084900123" not in page.content()
    if script:
        tour.look(page, "xem-lai-cau-hoi")
    page.get_by_role("button", name="Gửi đến bàn hỗ trợ").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Thiet bi bi khoa")

    path = f"/ho-tro/cau-hoi/{Question.objects.get().uuid}/"
    team.open(path).press("Trả lời", text="Lập Mẫu 06.", article="thiet-bi-bi-khoa")
    page.goto(path)
    if script:
        tour.look(page, "cau-hoi")
    page.get_by_label("5 – Rất hài lòng").check()
    page.get_by_role("button", name="Xác nhận đã xong").click()
    expect(page.locator("main")).to_contain_text("5/5")
    assert tour.faults == []
