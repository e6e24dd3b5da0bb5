"""Articles: what is built in, what an office puts in its place, what is found by what is typed."""

from __future__ import annotations

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from portal.core.roles import Role
from portal.support.knowledge.library import built_in, find, html_of, library
from portal.support.models import Article, ArticlePicture
from portal.support.workflow import Category
from tests import builders
from tests.flows.visitor import Visitor

pytestmark = pytest.mark.django_db
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20


def test_each_built_in_article_is_whole() -> None:
    html = {slug: html_of(one.text, None) for slug, one in built_in().items()}
    linked = {name for text in html.values() for name in re.findall(r'href="\.\./([a-z-]+)/', text)}

    assert {one.category for one in built_in().values()} == {*Category} - {Category.OTHER}
    assert linked <= set(html)
    assert not [slug for slug, text in html.items() if re.search(r"\*\*|\]\(", text)]
    assert all("(Sở bổ sung)" in text for text in html.values())


@pytest.mark.parametrize(
    ("typed", "slug"),
    [
        ("nhập sai pin nên bị khóa", "thiet-bi-bi-khoa"),
        ("NHAP SAI PIN BI KHOA", "thiet-bi-bi-khoa"),
        ("gia hạn xong không ký được trên một cửa", "sau-khi-gia-han"),
        ("cài trình điều khiển usb token bit4id", "cai-usb-token"),
        ("viettel sim pki kích hoạt", "sim-pki"),
    ],
)
def test_a_question_finds_its_article_with_marks_or_without(typed: str, slug: str) -> None:
    assert find(library(builders.user(Role.CLERK)), typed)[0].slug == slug


def test_an_office_puts_its_own_in_place_and_keeps_each_version() -> None:
    builders.ca()
    office = builders.office()
    clerk = Visitor(builders.user(Role.CLERK, agency=builders.agency(office=office)))
    stranger = Visitor(builders.user(Role.CLERK))
    team = Visitor(builders.user(Role.SUPPORT_TEAM, agency=office))
    path = reverse("support:article", args=["sim-pki"])

    team.open(path).follow("Viết bản của cơ quan mình")
    team.press("Xem trước", text="## Gọi tổng đài\n\n**18008000**")
    assert "<strong>18008000</strong>" in team.html
    assert not Article.objects.exists()
    team.press("Lưu thành phiên bản mới", title="SIM PKI ở Lai Châu")
    team.follow("Sửa bài").press("Thêm hình", files={"picture": SimpleUploadedFile("a.png", PNG)})
    team.press("Lưu thành phiên bản mới", text="![màn hình](hinh-1)", publishes="")
    draft = team.path

    assert "SIM PKI ở Lai Châu" in clerk.open(path).html
    assert "18008000" in clerk.html
    assert "SIM PKI theo nhà mạng" in stranger.open(path).html
    assert clerk.client.get(draft).status_code == 404
    picture = reverse("support:picture", args=[ArticlePicture.objects.get().uuid])
    assert picture in team.open(draft).html
    assert (clerk.client.get(picture).status_code, stranger.client.get(picture).status_code) == (
        200,
        404,
    )
    team.press("Công bố phiên bản này")
    assert picture in clerk.open(path).html
    assert "18008000" in clerk.follow("Phiên bản 1").html
    stale = Visitor(team.user).open(f"{path}sua/")
    team.open(f"{path}sua/").press("Lưu thành phiên bản mới", text="Lần ba")
    stale.press("Lưu thành phiên bản mới", text="Chậm một bước")
    assert 'data-code="article_has_changed"' in stale.html
    assert "Chậm một bước" in stale.html
    team.open(path).press("Thôi công bố")
    assert "SIM PKI theo nhà mạng" in clerk.open(path).html


def test_a_screenshot_is_a_picture_and_text_is_never_markup() -> None:
    office = builders.office()
    team = Visitor(builders.user(Role.SUPPORT_TEAM, agency=office))
    team.open(reverse("support:write_new")).press(
        "Lưu thành phiên bản mới",
        title="Bài mới", category=Category.PORTAL, summary="Một câu", text="<script>x</script>",
    )  # fmt: skip
    assert "<script>x" not in team.html
    assert "&lt;script&gt;" in team.html
    team.follow("Sửa bài").press(
        "Thêm hình", files={"picture": SimpleUploadedFile("a.png", b"GIF")}
    )
    assert not ArticlePicture.objects.exists()
    assert Article.objects.get().slug == "bai-moi"
    assert "Bài mới" in team.open(f"{reverse('support:articles')}?q=bai moi").html
    assert "Bài mới" in team.open("/tim-kiem/?q=bai+moi").html
