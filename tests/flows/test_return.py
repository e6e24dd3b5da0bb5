"""Devices given back, through HTTP: from the agency's minutes to the hands of office and CA."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from devices.lifecycle import Custody
from devices.models import Device
from portal.deadlines.models import Deadline, DeadlineKind
from requests_app.models import DeliveredPaper, Dossier, Procedure
from requests_app.workflow import Route, State
from tests import builders, story
from tests.builders import NOW
from tests.flows.visitor import Visitor
from tests.requests_app import returns

pytestmark = pytest.mark.django_db

CONTACT: dict[str, Any] = {
    "contact_full_name": "Lò Thị Nhận",
    "contact_position": "Văn thư",
    "contact_phone": "0912345678",
    "contact_receiver_name": "",
    "contact_receiver_position": "",
}


def started(clerk: Visitor, people: story.Cast, given_back: list[Device]) -> Dossier:
    """Minutes the clerk opened on the start page: the devices stand in it already."""
    clerk.open("/ho-so/lap-moi/").press("Tiếp tục", need="mau_08_return")
    dossier = Dossier.objects.get(kind="mau_08_return")
    assert {item.device for item in dossier.items.select_related("device")} == set(given_back)
    clerk.open(f"/ho-so/{dossier.uuid}/soan/van-ban/")
    assert "V/v" not in clerk.html
    clerk.press(
        "Lưu",
        letter_number="05/BB-UBND",
        letter_date=f"{timezone.localdate():%d/%m/%Y}",
        **CONTACT,
    )
    return dossier


def send(clerk: Visitor, people: story.Cast, dossier: Dossier) -> None:
    clerk.open(f"/ho-so/{dossier.uuid}/kiem-tra/").press("Trình lãnh đạo ký")
    dossier.refresh_from_db()
    assert dossier.state == State.AWAITING_SIGNATURE, clerk.words()
    story.scan(dossier, people.clerk, now=timezone.now())
    Visitor(people.head).open(f"/ho-so/{dossier.uuid}/ky/").press("Xác nhận đã ký tay")
    clerk.open(f"/ho-so/{dossier.uuid}/ky/").press("Gửi hồ sơ")
    dossier.refresh_from_db()
    assert dossier.state == State.SUBMITTED, clerk.words()


def test_the_office_receives_what_there_is_notes_a_difference_and_the_ca_comes_later() -> None:
    people = returns.cast(Route.OFFICE_MINUTES)
    given_back = returns.at_agency(people, 3)
    clerk, officer = Visitor(people.clerk), Visitor(people.officer)
    dossier = started(clerk, people, given_back)
    send(clerk, people, dossier)
    first, second, missing = dossier.items.select_related("device")
    assert first.device is not None
    assert second.device is not None
    assert missing.device is not None

    officer.open("/").follow("Nhận thiết bị")
    officer.press("Ghi đã nhận", serials=f"{first.device.serial}\r\n{second.device.serial}\r\nLA-1")
    assert "không có trong biên bản này" in officer.html
    assert "LA-1" in officer.html
    said: dict[str, Any] = {
        f"{first.uuid}-reason": "Nắp nứt",
        f"{missing.uuid}-decision": "refused",
        f"{missing.uuid}-reason": "Không có trong túi",
    }
    officer.press("Lưu kết quả", **said)
    assert not officer.has_button("Xác nhận đã nhận đủ")
    officer.press("Xác nhận chỉ nhận một phần")

    dossier.refresh_from_db()
    assert dossier.state == State.PARTLY_COMPLETED, officer.words()
    places = {one.serial: one.custody for one in Device.objects.filter(agency=people.agency)}
    assert places == {
        first.device.serial: Custody.AT_OFFICE,
        second.device.serial: Custody.AT_OFFICE,
        missing.device.serial: Custody.BACK_AT_AGENCY,
    }
    owed = Deadline.objects.open().get(kind=DeadlineKind.DEVICE_RETURN)
    assert owed.target_uuid == missing.device.uuid
    clerk.open(f"/ho-so/{dossier.uuid}/")
    assert "Nắp nứt" in clerk.html
    assert "Không nhận" in clerk.html
    assert "Xác nhận của bên nhận thiết bị" in clerk.html


def test_the_ca_receives_all_and_says_so_in_a_receipt() -> None:
    people = returns.cast(Route.MINUTES)
    given_back = returns.at_agency(people, 2)
    clerk, operator = Visitor(people.clerk), Visitor(people.operator)
    dossier = started(clerk, people, given_back)
    send(clerk, people, dossier)

    operator.open(f"/ho-so/{dossier.uuid}/").follow("Nhận và xác nhận từng thiết bị")
    operator.press("Lưu kết quả", **_all_received(dossier, seen="LA-0001"))
    assert "khác số hiệu trong biên bản" in operator.html
    operator.press("Lưu kết quả", **_all_received(dossier))
    operator.press("Xác nhận đã nhận đủ")

    dossier.refresh_from_db()
    assert dossier.state == State.COMPLETED, operator.words()
    assert set(Device.objects.values_list("custody", flat=True)) == {Custody.AT_CA}
    assert not Deadline.objects.open().exists()
    paper = dossier.delivered_papers.get(kind=DeliveredPaper.Kind.RECEIPT)
    answer = clerk.client.get(f"/ho-so/{dossier.uuid}/van-ban-giao/{paper.uuid}/")
    assert answer.getvalue().startswith(b"%PDF")


def _all_received(dossier: Dossier, *, seen: str = "") -> dict[str, Any]:
    said: dict[str, Any] = {}
    for item in dossier.items.select_related("device"):
        assert item.device is not None
        said[f"{item.uuid}-decision"] = "accepted"
        said[f"{item.uuid}-serial_seen"] = seen or item.device.serial
    return said


def test_minutes_that_do_not_fit_go_back_and_come_again() -> None:
    people = returns.cast(Route.MINUTES)
    builders.routing(Procedure.ISSUE, Route.DIRECT)
    dossier = returns.sent(people, returns.at_agency(people))
    operator = Visitor(people.operator).open(f"/ho-so/{dossier.uuid}/xem-xet/")
    assert operator.path == f"/ho-so/{dossier.uuid}/giao-nhan/"

    operator.press("Trả lại để hoàn thiện", reason="Thiếu chữ ký bên giao")

    dossier.refresh_from_db()
    assert dossier.state == State.RETURNED, operator.words()
    story.send_in_ink(dossier, people, now=NOW)
    assert dossier.state == State.SUBMITTED
