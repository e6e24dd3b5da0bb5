"""A device locked by wrong PINs and unlocked by the office, through HTTP; two workers at once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import BytesIO
from threading import Barrier
from typing import Any

import pytest
from django.conf import settings as portal
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.utils import timezone
from pypdf import PdfReader
from pytest_django import Settings

from devices import services as devices
from devices.lifecycle import Condition, Move
from devices.models import CustodyMove, Device
from devices.tasks import lock_exhausted
from portal.ca.authority import ceremony, keystore
from portal.ca.authority import services as authority
from portal.deadlines.models import Deadline, DeadlineKind
from requests_app import kinds, spreadsheets, tasks
from requests_app.catalogue.mau_06_recover.prefill import rows_of
from requests_app.execution import services as execution
from requests_app.models import DeliveredPaper, Dossier, Procedure
from requests_app.workflow import Action, Route, State
from tests import builders, story
from tests.flows.visitor import Visitor
from tests.requests_app import recovery

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
TRIES = 3
NEW_PIN = "Moi-2026"


@pytest.fixture
def few_tries(settings: Settings) -> None:
    """A token of the tests locks after few tries: each costs the time of a real one."""
    settings.PIN_TRIES = TRIES


def standing() -> tuple[story.Cast, Device]:
    """The people of a recovery by the office, and the head's own device."""
    people = story.able_to_sign(recovery.cast(), now=timezone.now())
    builders.routing(Procedure.ISSUE, Route.VIA_OFFICE)
    return people, Device.objects.get(subscriber=people.head.person)


def locked_at_the_desk(people: story.Cast, device: Device) -> Dossier:
    """The head signs a letter with wrong PINs until the device locks; return the letter."""
    letter = story.drafted(people, now=timezone.now())
    story.step(letter, Action.REQUEST_SIGNATURE, people.clerk, now=timezone.now())
    head = Visitor(people.head).open(f"/ho-so/{letter.uuid}/ky/")
    for number in range(TRIES):
        head.press("Ký", pin=f"sai-ma-pin-{number}")
    head.press("Ký", pin=story.PIN)
    assert "Thiết bị đã bị khóa" in head.html
    lock_exhausted()
    device.refresh_from_db()
    assert device.condition == Condition.LOCKED
    return letter


def asked(clerk: Visitor, device: Device) -> Dossier:
    """A Mẫu 06 drafted from its sheet."""
    assert "Mẫu 06" in clerk.open(f"/thiet-bi/{device.uuid}/").words()
    clerk.open("/ho-so/lap-moi/?need=mau_06_recover").press("Tiếp tục", need="mau_06_recover")
    dossier = Dossier.objects.get(kind="mau_06_recover")
    content = spreadsheets.export(kinds.get("mau_06_recover"), rows_of([device]))
    sheet = SimpleUploadedFile("khoi-phuc.xlsx", content, content_type=XLSX)
    clerk.open(f"/ho-so/{dossier.uuid}/bang-tinh/").press("Tải lên", files={"file": sheet})
    clerk.press("Nhập 1 dòng")
    contact: dict[str, Any] = {f"contact_{name}": value for name, value in recovery.CONTACT.items()}
    clerk.open(f"/ho-so/{dossier.uuid}/soan/van-ban/").press(
        "Lưu",
        letter_number="15/UBND-VHXH",
        letter_date=f"{timezone.localdate():%d/%m/%Y}",
        **contact,
    )
    return dossier


def send(clerk: Visitor, people: story.Cast, dossier: Dossier) -> None:
    """In ink: the head's own device is the one that is locked."""
    clerk.open(f"/ho-so/{dossier.uuid}/kiem-tra/").press("Trình lãnh đạo ký")
    dossier.refresh_from_db()
    assert dossier.state == State.AWAITING_SIGNATURE, clerk.words()
    story.scan(dossier, people.clerk, now=timezone.now())
    Visitor(people.head).open(f"/ho-so/{dossier.uuid}/ky/").press("Xác nhận đã ký tay")
    clerk.open(f"/ho-so/{dossier.uuid}/ky/").press("Gửi hồ sơ")
    dossier.refresh_from_db()
    assert dossier.state == State.SUBMITTED, clerk.words()


def decide(people: story.Cast, dossier: Dossier) -> None:
    officer = Visitor(people.officer).open(f"/ho-so/{dossier.uuid}/xem-xet/")
    officer.press("Chấp nhận mọi dòng")
    officer.press("Trình phê duyệt")
    Visitor(people.office_head).open(f"/ho-so/{dossier.uuid}/phe-duyet/").press("Phê duyệt")
    dossier.refresh_from_db()
    assert dossier.state == State.ACCEPTED


@pytest.mark.paper
@pytest.mark.usefixtures("few_tries", "ca")
def test_locked_by_wrong_pins_unlocked_by_the_office_it_signs_again_under_a_new_pin() -> None:
    people, device = standing()
    waiting = locked_at_the_desk(people, device)
    clerk = Visitor(people.clerk)

    dossier = asked(clerk, device)
    send(clerk, people, dossier)
    assert Deadline.objects.open().filter(kind=DeadlineKind.RECOVERY).count() == 1
    decide(people, dossier)
    tasks.execute_accepted()

    dossier.refresh_from_db()
    assert dossier.state == State.COMPLETED
    assert not Deadline.objects.open().filter(kind=DeadlineKind.RECOVERY).exists()
    _read_the_answer(clerk, dossier, device)
    _set_the_new_pin(people, device)
    head = Visitor(people.head).open(f"/ho-so/{waiting.uuid}/ky/")
    head.press("Ký", pin=story.PIN)
    assert "PIN không đúng" in head.html
    head.press("Ký", pin=NEW_PIN)
    waiting.refresh_from_db()
    assert waiting.state == State.AWAITING_SEAL
    device.refresh_from_db()
    assert devices.ledger_agrees(device)


def _read_the_answer(clerk: Visitor, dossier: Dossier, device: Device) -> None:
    paper = dossier.delivered_papers.get(kind=DeliveredPaper.Kind.RECOVERY_ANSWER)
    assert "Thông báo kết quả khôi phục" in clerk.open(f"/ho-so/{dossier.uuid}/").words()
    answer = clerk.client.get(f"/ho-so/{dossier.uuid}/van-ban-giao/{paper.uuid}/")
    said = PdfReader(BytesIO(answer.getvalue())).pages[0].extract_text()
    assert device.serial in said
    assert "mã PIN" in said


def _set_the_new_pin(people: story.Cast, device: Device) -> None:
    """The head at their own account; who is told leads there, the old PIN is gone."""
    head = Visitor(people.head).open(f"/thiet-bi/{device.uuid}/")
    assert "Thiết bị chưa có mã PIN" in head.words()
    head.follow("Đặt mã PIN mới")
    head.press("Đặt mã PIN mới", serial_seen=device.serial, pin=NEW_PIN, pin_again=NEW_PIN)
    assert "Đã đặt mã PIN mới" in head.html


@pytest.mark.usefixtures("few_tries", "ca")
def test_the_keys_failing_in_the_middle_leave_the_device_and_a_retry_completes() -> None:
    people, device = standing()
    locked_at_the_desk(people, device)
    clerk = Visitor(people.clerk)
    dossier = asked(clerk, device)
    send(clerk, people, dossier)
    decide(people, dossier)

    keystore.close()
    tasks.execute_accepted()

    officer = Visitor(people.officer).open(f"/ho-so/{dossier.uuid}/")
    assert "Thực hiện bị lỗi" in officer.words()
    assert "chưa mở được khóa khôi phục" in officer.words()
    device.refresh_from_db()
    assert device.condition == Condition.LOCKED
    authority.open_for_signing()
    officer.press("Thực hiện lại")
    tasks.execute_accepted()
    dossier.refresh_from_db()
    device.refresh_from_db()
    assert (dossier.state, device.condition) == (State.COMPLETED, Condition.OK)


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_unlock_each_device_once() -> None:
    authority.open_for_signing()
    ceremony.set_up(now=builders.NOW)
    people = recovery.cast()
    found = [recovery.locked(people, f"Lò Văn {letter}") for letter in "ABC"]
    dossier = recovery.confirmed(people, *found)
    late = builders.NOW + portal.EXECUTION_LEASE + timedelta(minutes=1)

    _at_once(
        lambda: execution.execute(dossier.pk, now=builders.NOW),
        lambda: execution.execute(dossier.pk, now=late),
    )

    keystore.close()
    dossier.refresh_from_db()
    assert dossier.state == State.COMPLETED
    assert CustodyMove.objects.filter(move=Move.UNLOCK).count() == len(found)
    assert dossier.delivered_papers.count() == 1
    for device in Device.objects.all():
        assert device.condition == Condition.OK
        assert devices.ledger_agrees(device)


def _at_once(*acts: Callable[[], object]) -> None:
    """Do all at the same moment, each on a connection of its own."""
    ready = Barrier(len(acts))

    def do(act: Callable[[], object]) -> None:
        ready.wait()
        try:
            act()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        list(pool.map(do, acts))
