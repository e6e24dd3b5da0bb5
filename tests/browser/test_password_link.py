"""A one-time link in a browser: the mail is opened, a weak password refused, a good one chosen."""

from __future__ import annotations

import re

import pytest
from django.core import mail
from django.utils import timezone
from playwright.sync_api import expect

from portal.accounts import services
from portal.core.roles import Role
from tests import builders
from tests.browser.tour import Tour, press

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
GOOD = "Rừng thông xanh trên đèo 47"


def test_the_owner_chooses_a_password_by_the_mailed_link(tour: Tour) -> None:
    clerk = builders.user(Role.CLERK)
    clerk.email = "van.thu@laichau.gov.vn"
    clerk.save()
    administrator = builders.user(
        Role.ADMINISTRATOR, person=builders.person("Tẩn Văn Quản", at=clerk.agency)
    )
    now = timezone.now()
    services.propose_reset(clerk, actor=administrator, now=now)
    services.send_links(now=now)
    (link,) = re.findall(r"/tai-khoan/dat-mat-khau/\S+/", str(mail.outbox[0].body))
    page = tour.page_of(None)

    page.goto(link)
    tour.look(page, "dat-mat-khau")
    for password in ("matkhau123", GOOD):
        expect(page).to_have_url(re.compile("/tai-khoan/dat-mat-khau/$"))
        page.get_by_label("Mật khẩu mới", exact=False).first.fill(password)
        page.get_by_label("Nhập lại", exact=False).first.fill(password)
        press(page, "Đặt mật khẩu")

    expect(page).to_have_url(re.compile("/tai-khoan/dang-nhap/"))
    clerk.refresh_from_db()
    assert clerk.check_password(GOOD)
    assert tour.faults == []
