"""A deadline in a browser: seen, told of, late at the office's desk, met, and gone everywhere."""

from __future__ import annotations

from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect
from pytest_django import Settings

from devices.models import Device
from portal.core.roles import Role
from portal.deadlines.models import Deadline, DeadlineKind
from requests_app.models import Procedure
from requests_app.workflow import Route
from tests import builders, story
from tests.browser import acts
from tests.browser.tour import Tour, aside, press

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("ca"),
]

LONG_AGO = timedelta(days=25)  # five working days and Tết are over
WRITTEN_ON = timedelta(minutes=5)


def test_a_device_that_is_owed_is_told_of_given_back_and_no_more_talked_about(
    tour: Tour, settings: Settings, tmp_path: Path
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = str(tmp_path)
    people = story.able_to_sign(
        story.cast(Route.OFFICE_MINUTES, procedure=Procedure.RETURN_DEVICE), now=timezone.now()
    )
    late = _held(people, "Lò Thị Muộn", ended=LONG_AGO)
    coming = _held(people, "Lò Thị Kịp", ended=timedelta(hours=1))
    _run_sweeps(timezone.now() - LONG_AGO + timedelta(hours=1))
    _run_sweeps(timezone.now() - WRITTEN_ON)
    _run_sweeps(timezone.now())
    clerk = tour.page_of(None)

    _sign_in(clerk, people)
    _see_what_is_owed(tour, clerk, late, coming)
    _read_the_reminder(tour, clerk, late)
    _find_the_mail(tour, people, late)
    _be_late_at_the_office(tour, people)
    _give_it_back(tour, people, clerk, late)
    told = people.clerk.notices.filter(target_uuid=late.uuid).count()
    _run_sweeps(timezone.now() + timedelta(days=10))

    assert people.clerk.notices.filter(target_uuid=late.uuid).count() == told
    _see_it_gone(tour, people, clerk, late)
    assert tour.faults == []


def _held(people: story.Cast, name: str, *, ended: timedelta) -> Device:
    """A device whose certificate ran out that long ago, in its holder's hands."""
    holder = builders.person(name, at=people.agency)
    issued = timezone.now() - ended - timedelta(days=30)
    certificate = story.give_certificate(holder, now=issued, days_left=30)
    return Device.objects.get(key=certificate.key)


def _run_sweeps(at: datetime) -> None:
    """What beat would have started, as of a moment."""
    aside(lambda: call_command("run_sweeps", at=at, stdout=StringIO()))


def _sign_in(page: Page, people: story.Cast) -> None:
    page.goto("/")
    page.get_by_label("Tên đăng nhập").fill(people.clerk.username)
    page.get_by_label("Mật khẩu").fill(builders.PASSWORD)
    press(page, "Đăng nhập")


def _what_is_owed(device: Device) -> str:
    return f"Thu hồi và nộp lại thiết bị {device.serial}"


def _section_with(page: Page, device: Device) -> Locator:
    return page.locator("section.agenda").filter(has_text=_what_is_owed(device))


def _see_what_is_owed(tour: Tour, clerk: Page, late: Device, coming: Device) -> None:
    """Under "Quá hạn" the one, under what is to come the other, each with its last day."""
    expect(_section_with(clerk, late).locator("h2")).to_contain_text("Quá hạn")
    expect(_section_with(clerk, coming).locator("h2")).not_to_contain_text("Quá hạn")
    for device in (late, coming):
        due_on = Deadline.objects.open().get(target_uuid=device.uuid).due_on
        expect(_section_with(clerk, device)).to_contain_text(f"{due_on:%d/%m/%Y}")
    tour.look(clerk, "viec-can-lam-qua-han")


def _read_the_reminder(tour: Tour, clerk: Page, late: Device) -> None:
    expect(clerk.locator("#bell .bell-count")).to_be_visible()
    clerk.locator("#bell").click()
    expect(clerk.locator("main")).to_contain_text(_what_is_owed(late))
    expect(clerk.locator("main")).to_contain_text("Quá hạn")
    tour.look(clerk, "thong-bao-qua-han")


def _find_the_mail(tour: Tour, people: story.Cast, late: Device) -> None:
    """The administrator of a trial looks up what left."""
    page = tour.page_of(builders.user(Role.ADMINISTRATOR))
    page.goto(reverse("notices:outbox"))
    mail = page.locator("details").filter(has_text=people.clerk.email)
    expect(mail.first).to_be_attached()
    expect(mail.filter(has_text=_what_is_owed(late)).first).to_be_attached()
    tour.look(page, "thu-da-gui")


def _be_late_at_the_office(tour: Tour, people: story.Cast) -> None:
    head = tour.page_of(people.office_head)
    head.goto(reverse("requests_app:dashboard"))
    row = head.locator("table").first.get_by_role("row").filter(has_text=people.agency.name)
    expect(row).to_contain_text(str(DeadlineKind.DEVICE_RETURN.label))
    tour.look(head, "tong-hop-co-qua-han")


def _give_it_back(tour: Tour, people: story.Cast, clerk: Page, late: Device) -> None:
    clerk.goto("/")
    clerk.get_by_role("link", name=_what_is_owed(late)).click()
    acts.take_back(clerk, late)
    minutes = acts.give_back(tour, people, clerk, late)
    acts.receive(tour, people, minutes, late)


def _see_it_gone(tour: Tour, people: story.Cast, clerk: Page, late: Device) -> None:
    clerk.goto("/")
    expect(_section_with(clerk, late)).to_have_count(0)
    clerk.goto(reverse("deadlines:list"))
    expect(clerk.locator("main")).not_to_contain_text(late.serial)
    head = tour.page_of(people.office_head)
    head.goto(reverse("requests_app:dashboard"))
    expect(head.locator("#qua-han ~ .panel.empty")).to_be_visible()
    tour.look(head, "tong-hop-khong-con-qua-han")
