"""Two communes are merged in a browser: described, planned, chosen, approved, seen coming true."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from orgmerge.filing import services as filing
from orgmerge.models import Merger
from orgmerge.plans import worker
from orgmerge.succession import effective_day, handover
from orgmerge.vocabulary import MergerState
from portal.accounts.models import User
from portal.agencies.models import Agency
from portal.core.roles import Role
from tests import builders
from tests.browser.tour import Tour, aside, follow, press

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

NEW_NAME = "ỦY BAN NHÂN DÂN XÃ MƯỜNG PẮC"
BODY = {
    "name": NEW_NAME,
    "short_name": "UBND",
    "province": "Lai Châu",
    "place": "Mường Pắc",
    "head_title": "CHỦ TỊCH",
}


def test_a_merger_is_described_approved_and_seen_coming_true(tour: Tour) -> None:
    officer = builders.user(Role.OFFICE_OFFICER)
    head = builders.user(Role.OFFICE_HEAD, agency=officer.agency)
    olds = [_commune(officer.agency, name) for name in ("MƯỜNG KHOA", "PẮC TA")]
    page = tour.page_of(officer)

    _describe(tour, page, olds)
    merger = Merger.objects.get()
    _plan(tour, page, merger)
    _approve(tour, page, merger, head)
    day = timezone.now() + timedelta(days=11)
    aside(lambda: _the_day_comes(day))
    _progress(tour, page, merger)

    assert tour.faults == []


def _commune(office: Agency, name: str) -> Agency:
    made = builders.agency(f"ỦY BAN NHÂN DÂN XÃ {name}", office=office)
    for holder in (builders.organisation(made), builders.person(at=made)):
        key = builders.key()
        builders.in_hands_of(holder, key)
        builders.certificate(subscriber=holder, key_pair=key)
    builders.user(Role.CLERK, agency=made)
    return made


def _describe(tour: Tour, page: Page, olds: list[Agency]) -> None:
    today = timezone.localdate()
    page.goto("/sap-nhap/")
    page.get_by_role("link", name="Lập phương án sắp xếp").click()
    page.get_by_label("Sáp nhập, mang tên mới").check()
    tour.look(page, "sap-nhap-hinh-thuc")
    press(page, "Tiếp theo")
    page.get_by_label("Tên gọi").fill("Sáp nhập xã Mường Khoa và xã Pắc Ta")
    page.get_by_label("Số quyết định").fill("1670/NQ-UBTVQH15")
    page.get_by_label("Ngày quyết định").fill(f"{today:%d/%m/%Y}")
    page.get_by_label("Ngày hiệu lực").fill(f"{today + timedelta(days=10):%d/%m/%Y}")
    tour.look(page, "sap-nhap-quyet-dinh")
    press(page, "Lưu và mô tả các đơn vị")
    page.get_by_role("link", name="Thêm đơn vị sau sắp xếp").click()
    for name, value in BODY.items():
        page.locator(f"main [name={name}]").fill(value)
    tour.look(page, "sap-nhap-don-vi-moi")
    press(page, "Thêm đơn vị")
    for old in olds:
        page.locator("main [name=old]").fill(old.name)
        press(page, "Thêm")
    tour.look(page, "sap-nhap-don-vi-cu")


def _plan(tour: Tour, page: Page, merger: Merger) -> None:
    """From the page of the description the way leads to the plan; the choice is made there."""
    page.goto(f"/sap-nhap/{merger.uuid}/")
    tour.look(page, "sap-nhap-mo-ta")
    page.get_by_role("link", name="Tới trang cần làm tiếp").click()
    press(page, "Lập kế hoạch")
    _work()
    page.reload()
    page.get_by_role("radio", name=re.compile("Hạng 1")).check()
    press(page, "Chọn")
    _work()
    page.reload()
    tour.look(page, "sap-nhap-phuong-an")
    page.get_by_role("link", name="Trình phê duyệt").click()


def _approve(tour: Tour, page: Page, merger: Merger, head: User) -> None:
    press(page, "Trình lãnh đạo phê duyệt")
    tour.look(page, "sap-nhap-da-trinh")
    approving = tour.page_of(head)
    approving.goto(f"/sap-nhap/{merger.uuid}/")
    tour.look(approving, "sap-nhap-phe-duyet")
    press(approving, "Phê duyệt phương án")
    expect(approving.locator(".lead-line").first).to_contain_text("Đã phê duyệt")
    merger.refresh_from_db()
    assert merger.state == MergerState.APPROVED


def _work() -> None:
    """The worker's turn."""
    aside(lambda: worker.make_waiting(now=timezone.now()))


def _the_day_comes(day: datetime) -> None:
    effective_day.take_effect(now=day)
    handover.hand_over(now=day)
    filing.carry_out(now=day)


def _progress(tour: Tour, page: Page, merger: Merger) -> None:
    page.goto(f"/sap-nhap/{merger.uuid}/hieu-luc/")
    tour.look(page, "sap-nhap-hieu-luc")
    page.goto(f"/sap-nhap/{merger.uuid}/thuc-hien/")
    expect(page.locator("main")).to_contain_text("Chờ gửi danh sách cơ quan cho Cục")
    tour.look(page, "sap-nhap-thuc-hien")
    follow(page.get_by_role("link", name=NEW_NAME))
    tour.look(page, "sap-nhap-thuc-hien-don-vi")
