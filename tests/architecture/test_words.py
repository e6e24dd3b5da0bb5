"""Words that people stumbled over stay out of the pages."""

from __future__ import annotations

import re

from tests.architecture.sources import BASE

# What was said → what is said now: official words, and of a thing what it is.
SPOKEN = {
    "Chuyện gì xảy ra": "Lý do lập hồ sơ",
    "Việc này nói về": "Đối tượng của hồ sơ",
    "Sẽ diễn ra": "Các bước tiếp theo",
    "Đã ghi nhận: Trình": "Đã trình lãnh đạo ký",
    "huyến giao": "Đợt bàn giao",
    '"Thôi"': "Hủy",
    ">Thôi<": "Hủy",
    "Không thêm": "Hủy",
    "ở trang thiết bị trước": "trước hết, ghi nhận … ở trang thiết bị",
    "bịa ra": "giả định",
    "đổi tay": "bàn giao",
    "có ghi nơi cấp ở cột": "Chưa nhập Nơi cấp",
}


def test_no_page_says_what_people_stumbled_over() -> None:
    spoken = re.compile("|".join(map(re.escape, SPOKEN)))
    folders = ("templates", "portal", "requests_app", "devices", "orgmerge", "docs/huong-dan")
    found = {
        f"{page.relative_to(BASE)}: {hit[0]}"
        for folder in folders
        for page in (BASE / folder).rglob("*.*")
        if page.suffix in (".html", ".py", ".md", ".txt")
        for hit in spoken.finditer(page.read_text("utf-8"))
    }

    assert found == set()
