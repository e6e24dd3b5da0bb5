"""What comes after a certificate, in a browser: revoked and given back; locked and recovered."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django import Settings

from devices.lifecycle import Condition, Custody
from devices.models import Device
from devices.tasks import lock_exhausted
from portal.ca.models import Certificate
from portal.deadlines.models import Deadline, DeadlineKind
from requests_app.models import Dossier, Procedure
from requests_app.workflow import Action, Route, State
from tests import builders, story
from tests.browser import acts
from tests.browser.tour import Tour, follow, press

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("ca"),
]

TRIES = 3
NEW_PIN = "Moi-2026"


def test_revoked_from_its_page_taken_back_given_back_and_the_clock_is_gone(tour: Tour) -> None:
    now = timezone.now()
    people = story.able_to_sign(story.cast(procedure=Procedure.REVOKE), now=now)
    builders.routing(Procedure.ISSUE, Route.VIA_OFFICE)
    builders.routing(Procedure.RETURN_DEVICE, Route.OFFICE_MINUTES)
    holder = builders.person("Lò Thị Hưu", at=people.agency)
    certificate = story.give_certificate(holder, now=now)
    device = Device.objects.get(key=certificate.key)
    clerk = tour.page_of(people.clerk)

    _ask_for_revocation(tour, people, clerk, certificate)
    _owe_the_device(clerk, device)
    acts.take_back(clerk, device)
    minutes = acts.give_back(tour, people, clerk, device)
    acts.receive(tour, people, minutes, device)

    device.refresh_from_db()
    assert device.custody == Custody.AT_OFFICE
    assert not Deadline.objects.open().filter(kind=DeadlineKind.DEVICE_RETURN).exists()
    clerk.goto("/")
    expect(clerk.locator("main")).not_to_contain_text(device.serial)
    assert tour.faults == []


def _ask_for_revocation(
    tour: Tour, people: story.Cast, clerk: Page, certificate: Certificate
) -> None:
    clerk.goto(reverse("ca:detail", args=[certificate.uuid]))
    tour.look(clerk, "chung-thu-co-viec")
    press(clerk, "Thu hồi (Mẫu 05)")
    expect(clerk.locator("#o-1-certificate_serial")).to_have_value(certificate.serial)
    clerk.locator("#o-1-issued_on").fill("25/08/2024")
    clerk.locator("#o-1-issue_place").fill("CCSQLHCVTTXH")
    clerk.locator("#o-1-cause").select_option("retired")
    clerk.locator("#o-1-reason").fill("Nghỉ hưu từ ngày 01 tháng này")
    tour.look(clerk, "mau-05-danh-sach")
    acts.submit(clerk, "14/UBND-VHXH")
    dossier = Dossier.objects.get(kind="mau_05_revoke")
    acts.sign(tour.page_of(people.head), dossier)
    acts.seal(clerk, dossier)
    acts.forward_and_decide(tour, people, dossier)
    acts.carry_out()
    certificate.refresh_from_db()
    assert certificate.revoked_at is not None
    acts.open_page(clerk, "detail", dossier)
    expect(clerk.locator("main")).to_contain_text("Thông báo thu hồi chứng thư")
    expect(clerk.locator(".panel-next").first).to_contain_text("giao lại kèm Mẫu 08")
    tour.look(clerk, "mau-05-da-thu-hoi")


def _owe_the_device(clerk: Page, device: Device) -> None:
    clerk.goto("/")
    clerk.get_by_role("link", name=f"Thu hồi và nộp lại thiết bị {device.serial}").click()
    expect(clerk.locator("h1")).to_contain_text(device.serial)
    expect(clerk.locator(".panel-next")).to_contain_text("Phải thu hồi")


def test_locked_by_wrong_pins_recovered_and_signing_again(tour: Tour, settings: Settings) -> None:
    settings.PIN_TRIES = TRIES  # each costs the time of a real one
    now = timezone.now()
    people = story.able_to_sign(story.cast(Route.OFFICE_ONLY, procedure=Procedure.RECOVER), now=now)
    builders.routing(Procedure.ISSUE, Route.VIA_OFFICE)
    device = Device.objects.get(subscriber=people.head.person)
    letter = story.drafted(people, now=now)
    story.step(letter, Action.REQUEST_SIGNATURE, people.clerk, now=now)
    head, clerk = tour.page_of(people.head), tour.page_of(people.clerk)

    _lock(tour, head, letter, device)
    dossier = _ask_for_recovery(tour, people, clerk, head, device)
    acts.accept_all(tour.page_of(people.officer), dossier)
    acts.confirm(tour.page_of(people.office_head), dossier)
    acts.carry_out()
    _set_a_new_pin(tour, head, device)
    acts.sign(head, letter, pin=NEW_PIN)

    letter.refresh_from_db()
    assert letter.state == State.AWAITING_SEAL
    assert tour.faults == []


def _lock(tour: Tour, head: Page, letter: Dossier, device: Device) -> None:
    for number in range(TRIES):
        acts.sign(head, letter, pin=f"sai-ma-pin-{number}")
    expect(head.locator("main")).to_contain_text("khóa")
    tour.look(head, "ky-thiet-bi-bi-khoa")
    lock_exhausted()
    device.refresh_from_db()
    assert device.condition == Condition.LOCKED


def _ask_for_recovery(
    tour: Tour, people: story.Cast, clerk: Page, head: Page, device: Device
) -> Dossier:
    """In ink: it is the head's own device that is locked."""
    clerk.goto(reverse("devices:detail", args=[device.uuid]))
    tour.look(clerk, "thiet-bi-bi-khoa")
    press(clerk, "Khôi phục thiết bị bị khóa (Mẫu 06)")
    expect(clerk.locator("#o-1-device_serial")).to_have_value(device.serial)
    tour.look(clerk, "mau-06-danh-sach")
    acts.submit(clerk, "15/UBND-VHXH")
    dossier = Dossier.objects.get(kind="mau_06_recover")
    acts.open_page(clerk, "detail", dossier)
    clerk.get_by_text("Đính kèm bản quét đã ký").click()
    clerk.locator("input[type=file]").set_input_files(
        {"name": "quet.pdf", "mimeType": "application/pdf", "buffer": story.blank_pdf()}
    )
    press(clerk, "Đính kèm")
    acts.open_page(head, "sign", dossier)
    press(head, "Xác nhận đã ký tay")
    acts.open_page(clerk, "sign", dossier)
    press(clerk, "Gửi hồ sơ")
    dossier.refresh_from_db()
    assert dossier.state == State.SUBMITTED
    return dossier


def _set_a_new_pin(tour: Tour, head: Page, device: Device) -> None:
    """The head at their own account."""
    head.goto(reverse("devices:detail", args=[device.uuid]))
    follow(head.get_by_role("link", name="Đặt mã PIN mới"))
    tour.look(head, "dat-ma-pin-moi")
    head.locator("[name=serial_seen]").fill(device.serial)
    head.locator("[name=pin]").fill(NEW_PIN)
    head.locator("[name=pin_again]").fill(NEW_PIN)
    press(head, "Đặt mã PIN mới")
    expect(head.locator("main")).to_contain_text("Đã đặt mã PIN mới")
