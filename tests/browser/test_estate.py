"""What existed before is brought in and compared, on the pages: an officer and a clerk look on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from portal.ca.models import Certificate
from portal.estate.models import Delivery
from tests import story
from tests.browser.tour import Tour, follow, press
from tests.estate import made
from tests.estate.made import worked

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
HEAD = ("Họ và tên", "Số CCCD", "Đơn vị", "Email", "Số serial", "Hết hạn", "Trạng thái", "Số token")


def listed(body: str, *numbers: int, ends: str = "01/02/2028") -> bytes:
    rows = (
        (
            f"Lò Văn {'ABCDEFG'[one]}", f"01209000001{one}", body, f"cb{one}@laichau.gov.vn",
            f"E{one}", ends, "Hoạt động", f"TK-{one}",
        )
        for one in numbers
    )  # fmt: skip
    return made.csv(HEAD, *rows)


def hand_in(page: Page, path: Path, content: bytes, title: str, purpose: str) -> Delivery:
    path.write_bytes(content)
    page.goto(reverse("estate:list"))
    page.get_by_label("Tên đợt").fill(title)
    page.locator("[name=files]").set_input_files(path)
    page.get_by_label(purpose).check()
    press(page, "Tải lên và xét thử")
    expect(page.locator("#tinh-trang")).to_contain_text("Đang đọc tệp")
    found = worked(Delivery.objects.latest("pk"))
    page.reload()
    return found


def test_an_estate_comes_in_and_differences_are_mended(tour: Tour, tmp_path: Path) -> None:
    people = story.cast()
    body, file = people.agency.name, tmp_path / "danh-sach.csv"
    page = tour.page_of(people.officer, width=1366)
    odd = listed(body, 0, 1, 2) + "\nLò V¨n Tý;;Hội Lạ;;E9;01/02/2028;;".encode()
    came = hand_in(page, file, odd, "Hiện trạng của Sở", "Đưa vào hệ thống")
    expect(page.locator("#tinh-trang")).to_contain_text("điều cần quyết định")
    tour.look(page, "hien-trang-xet-thu")
    page.get_by_label("Chưa gia hạn lần nào").check()
    press(page, "Ghi quyết định, xét lại")
    worked(came)
    page.reload()
    press(page, "Đưa vào 3 dòng")
    worked(came)
    page.reload()
    expect(page.locator("#tinh-trang")).to_contain_text("Đã ghi 3 chứng thư")
    tour.look(page, "hien-trang-da-dua-vao")

    later = hand_in(page, file, listed(body, 1, 3), "Danh sách của CA", "Chỉ đối chiếu")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Danh sách của CA")
    follow(page.locator(".tabs a", has_text="Chỉ có trong hệ thống"))
    tour.look(page, "doi-chieu")
    page.get_by_label("Mọi dòng của nhóm này").check()
    press(page, "Hỏi đơn vị còn dùng không")
    expect(page.locator("main")).to_contain_text("Hỏi đơn vị còn dùng không: 2 dòng")
    follow(page.locator(".tabs a", has_text="Mới"))
    page.get_by_label("Chọn Lò Văn D").check()
    press(page, "Ghi theo danh sách")
    worked(later)
    assert Certificate.objects.filter(serial__endswith="E3").exists()

    clerk: Any = tour.page_of(people.clerk, width=360)
    clerk.goto("/")
    follow(clerk.get_by_role("link", name="Trả lời").first)
    tour.look(clerk, "so-hoi")
    clerk.get_by_label("Chọn Lò Văn A").check()
    clerk.get_by_label("Lý do, ghi chú").fill("Người dùng xác nhận")
    press(clerk, "Trả lời: vẫn dùng")
    expect(clerk.locator("main")).to_contain_text("Đã trả lời Sở")
    assert not tour.faults, tour.faults
