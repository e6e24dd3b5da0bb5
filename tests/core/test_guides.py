"""The guides: one source, shown in the portal, and nothing in them becomes a page's own markup."""

from __future__ import annotations

import re

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from portal.core import law
from portal.core.web.markdown import to_html
from portal.core.web.views_help import guides


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("một\nhai", "<p>một hai</p>"),
        ("## Tên", "<h2>Tên</h2>"),
        ("### Tên", "<h3>Tên</h3>"),
        ("- một\n- hai\n  tiếp", "<ul><li>một</li><li>hai tiếp</li></ul>"),
        ("1. một\n2. hai", "<ol><li>một</li><li>hai</li></ol>"),
        ("bấm **Lưu**", "<p>bấm <strong>Lưu</strong></p>"),
        ("[xem](van-thu.md)", '<p><a href="../van-thu/">xem</a></p>'),
        ("[xem](/thiet-bi/)", '<p><a href="/thiet-bi/">xem</a></p>'),
        ("[xem](javascript:alert)", "<p>xem</p>"),
        ("![nút Ký](hinh-1)", '<p><img src="/h/1/" alt="nút Ký" loading="lazy"></p>'),
        ("![nút Ký](https://x.vn/a.png)", "<p>nút Ký</p>"),
        ('![" onload=x](hinh-1)', '<p><img src="/h/1/" alt="&quot; onload=x" loading="lazy"></p>'),
        ("<script>x</script>", "<p>&lt;script&gt;x&lt;/script&gt;</p>"),
    ],
)
def test_a_guide_becomes_plain_html(text: str, html: str) -> None:
    assert to_html(text, pictures={"hinh-1": "/h/1/"}) == html


def test_every_guide_of_the_folder_is_shown() -> None:
    files = {path.stem for path in (settings.BASE_DIR / "docs" / "huong-dan").glob("*.md")}

    assert set(guides()) == files
    assert all(guide.title and guide.summary and guide.html for guide in guides().values())


def test_no_mark_up_is_left_over() -> None:
    assert [slug for slug, guide in guides().items() if re.search(r"\*\*|\]\(", guide.html)] == []


@pytest.mark.django_db
def test_help_can_be_read_before_signing_in(client: Client) -> None:
    index = client.get(reverse("help:index"))
    pages = [client.get(reverse("help:guide", args=[slug])) for slug in guides()]

    assert index.status_code == 200
    assert {page.status_code for page in pages} == {200}


@pytest.mark.django_db
def test_there_is_no_guide_by_another_name(client: Client) -> None:
    assert client.get(reverse("help:guide", args=["khac"])).status_code == 404


def test_a_guide_takes_the_numbers_of_the_law(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(law, "RETURN_WORKING_DAYS", 7)

    shown = guides()["thu-hoi-nop-thiet-bi"].html

    assert "7 ngày làm việc" in shown
    assert not [slug for slug, guide in guides().items() if re.search(r"\{\w*\}", guide.html)]
