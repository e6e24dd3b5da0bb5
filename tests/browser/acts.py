"""What people do on the pages: fill in a letter, sign, send, decide; give a device back."""

from __future__ import annotations

from datetime import timedelta

from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from devices.lifecycle import Custody
from devices.models import Device
from requests_app.execution import services as execution
from requests_app.models import Dossier
from requests_app.workflow import State
from tests import story
from tests.browser.tour import Tour, aside, follow, press

CONTACT = story.CONTACT | {"workplace": "UBND xã Tân Uyên"}


def open_page(page: Page, name: str, dossier: Dossier) -> None:
    page.goto(reverse(f"requests_app:{name}", args=[dossier.uuid]))


def fill_letter(page: Page, number: str) -> None:
    """Fill in number, date and what the form asks of the contact."""
    page.locator("[name=letter_number]").fill(number)
    page.locator("[name=letter_date]").fill(f"{timezone.localdate():%d/%m/%Y}")
    for name, value in CONTACT.items():
        field = page.locator(f"[name=contact_{name}]")
        if field.count():  # not every form asks for all of it
            field.fill(value)


def submit(page: Page, number: str) -> None:
    """From the list of a right draft to the head's desk."""
    press(page, "Tiếp: văn bản và người liên hệ")
    fill_letter(page, number)
    press(page, "Tiếp: kiểm tra và trình ký")
    press(page, "Trình lãnh đạo ký")


def answer_questions(page: Page) -> None:
    """Keep what the letter's check doubts, with a reason."""
    for asked in page.locator("fieldset.question").all():
        asked.locator("[value=keep]").check()
        asked.locator("[name$=words]").fill("Đã đối chiếu")
    press(page, "Ghi nhận trả lời")


def sign(page: Page, dossier: Dossier, *, pin: str = story.PIN) -> None:
    """The head signs with a PIN."""
    open_page(page, "sign", dossier)
    page.get_by_label("Mã PIN").fill(pin)
    press(page, "Ký")


def seal(page: Page, dossier: Dossier) -> None:
    """The clerk applies the organisation's signature and sends."""
    open_page(page, "sign", dossier)
    page.get_by_label("Mã PIN").fill(story.PIN)
    press(page, "Ký số cơ quan và gửi")


def accept_all(page: Page, dossier: Dossier) -> None:
    """Whoever decides accepts every row and hands on to the second person."""
    open_page(page, "review", dossier)
    press(page, "Chấp nhận mọi dòng")
    press(page, "Trình phê duyệt")


def confirm(page: Page, dossier: Dossier) -> None:
    open_page(page, "confirm", dossier)
    press(page, "Phê duyệt")


def carry_out() -> None:
    """The worker's turn, a moment later."""
    aside(lambda: execution.execute_accepted(now=timezone.now() + timedelta(seconds=1)))


def forward_and_decide(tour: Tour, people: story.Cast, dossier: Dossier) -> None:
    """The office passes it on, two people of the CA decide."""
    officer = tour.page_of(people.officer)
    open_page(officer, "review", dossier)
    press(officer, "Chuyển Cục")
    accept_all(tour.page_of(people.operator), dossier)
    confirm(tour.page_of(people.supervisor), dossier)


def take_back(clerk: Page, device: Device) -> None:
    clerk.get_by_role("link", name="Nhận lại từ thuê bao", exact=True).click()
    clerk.get_by_label("Số hiệu đọc trên thiết bị").fill(device.serial)
    press(clerk, "Xác nhận")
    device.refresh_from_db()
    assert device.custody == Custody.BACK_AT_AGENCY


def give_back(tour: Tour, people: story.Cast, clerk: Page, device: Device) -> Dossier:
    clerk.goto(reverse("devices:detail", args=[device.uuid]))
    press(clerk, "Nộp lại thiết bị (Mẫu 08)")
    expect(clerk.locator("#o-1-device_serial")).to_have_value(device.serial)
    submit(clerk, "05/BB-UBND")
    minutes = Dossier.objects.get(kind="mau_08_return")
    sign(tour.page_of(people.head), minutes)
    seal(clerk, minutes)
    minutes.refresh_from_db()
    assert minutes.state == State.SUBMITTED
    return minutes


def receive(tour: Tour, people: story.Cast, minutes: Dossier, device: Device) -> None:
    officer = tour.page_of(people.officer)
    officer.goto("/")
    follow(officer.get_by_role("link", name="Nhận thiết bị"))
    tour.look(officer, "ban-giao-nhan")
    officer.get_by_label("Số hiệu thiết bị, mỗi dòng một số hiệu").fill(device.serial.lower())
    press(officer, "Ghi đã nhận các số hiệu này")
    press(officer, "Xác nhận đã nhận đủ")
    minutes.refresh_from_db()
    assert minutes.state == State.COMPLETED
