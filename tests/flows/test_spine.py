"""The spine, through HTTP: from the CA's own sheet to certificates in people's hands."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from devices.lifecycle import Custody
from devices.models import Device
from portal.ca.models import Certificate
from portal.ca.register import services as ca
from portal.deadlines.models import Deadline
from portal.documents import services as documents
from requests_app.drafts.cells import file_input, page_of
from requests_app.execution import services as execution
from requests_app.models import Dossier, Procedure
from requests_app.submission.checks import questions_of, row_findings
from requests_app.workflow import Route, State
from tests import builders, story
from tests.ca import requests
from tests.flows.visitor import Visitor

SHEET = Path(__file__).parents[1] / "data" / "import_19_columns_clean.xlsx"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
IN_THE_SHEET = {"token": 18, "sim": 3}  # and two RSSP, one HSM, one soft key


@pytest.mark.usefixtures("ca")
def test_a_sheet_becomes_certificates_in_peoples_hands() -> None:
    now = timezone.now()
    people = story.able_to_sign(story.cast(), now=now)
    builders.routing(Procedure.HANDOVER_NOTICE, Route.NOTICE)
    _fill_the_stock()
    clerk = Visitor(people.clerk, builders.PASSWORD)

    dossier = _draft_from_the_sheet(clerk)
    _sign_and_send(people, clerk, dossier)
    _forward_decide_confirm(people, dossier)
    assert execution.execute_accepted(now=timezone.now()) == dossier.row_count

    dossier.refresh_from_db()
    assert dossier.state == State.COMPLETED
    _check_certificates(clerk, dossier)
    _send_devices(people, dossier)
    device = _receive_and_hand_over(clerk, dossier)
    _tell_of_the_hand_over(people, clerk, device)
    assert not Deadline.objects.open().exclude(target_type="certificate").exists()


def _fill_the_stock() -> None:
    now = timezone.now()
    carriers = {"sim": ["Viettel", "Vinaphone", "Mobifone"]}
    for kind, count in IN_THE_SHEET.items():
        for key, number in zip(ca.make_keys(kind, count, now=now), range(count), strict=True):
            device = builders.device(kind=kind, key_pair=key)
            device.carrier = carriers.get(kind, [""] * count)[number]
            device.save()


def _draft_from_the_sheet(clerk: Visitor) -> Dossier:
    clerk.open("/").follow("Lập hồ sơ mới").press("Tiếp tục", need="mau_01_person")
    dossier = Dossier.objects.latest("created_at")
    sheet = SimpleUploadedFile("danh-sach.xlsx", SHEET.read_bytes(), content_type=XLSX)
    clerk.open(f"/ho-so/{dossier.uuid}/bang-tinh/").press("Tải lên", files={"file": sheet})
    assert "25" in clerk.html
    clerk.press("Nhập 25 dòng")
    _bring_own_keys(clerk, dossier)
    clerk.open(f"/ho-so/{dossier.uuid}/soan/van-ban/")
    clerk.press("Lưu", **_letter_data("12/UBND-VHXH"))
    dossier.refresh_from_db()
    assert dossier.row_count == 25
    assert dossier.letter_number == "12/UBND-VHXH"
    return dossier


def _bring_own_keys(clerk: Visitor, dossier: Dossier) -> None:
    """The sheet has no column for the requests of HSM and soft keys: they are uploaded."""
    for item in dossier.items.filter(storage__in=["hsm", "soft"]):
        request = requests.der(name=item.title)
        file = SimpleUploadedFile("khoa.csr", request, content_type="application/pkcs10")
        clerk.open(f"/ho-so/{dossier.uuid}/soan/?page={page_of(item.position)}")
        clerk.press("Đọc tệp", files={file_input(item.uuid): file})
        assert "EC-P256, SHA-256" in clerk.html


def _letter_data(number: str) -> dict[str, Any]:
    contact = {f"contact_{name}": value for name, value in story.CONTACT.items()}
    return {
        **contact,
        "letter_number": number,
        "letter_date": f"{timezone.localdate():%d/%m/%Y}",
    }


def _sign_and_send(people: story.Cast, clerk: Visitor, dossier: Dossier) -> None:
    clerk.open(f"/ho-so/{dossier.uuid}/kiem-tra/")
    asked = questions_of(dossier, row_findings(dossier, now=timezone.now()))
    assert {one.code for one in asked} == {"old_serial_unknown", "body_not_registered"}
    kept: dict[str, Any] = {f"{one.key}-choice": "keep" for one in asked}
    said: dict[str, Any] = {f"{one.key}-words": "Đã đối chiếu" for one in asked}
    clerk.press("Ghi nhận trả lời", **kept, **said)
    clerk.press("Trình lãnh đạo ký")
    dossier.refresh_from_db()
    assert dossier.state == State.AWAITING_SIGNATURE, clerk.words()
    head = Visitor(people.head).open("/").follow("Xem và ký")
    head.press("Ký", pin="sai-ma-pin-1")
    assert "PIN không đúng" in head.html
    head.press("Ký", pin=story.PIN)
    clerk.open("/").follow("Ký số và gửi")
    clerk.press("gửi", pin=story.PIN)
    dossier.refresh_from_db()
    assert dossier.state == State.SUBMITTED
    assert dossier.received_on == timezone.localdate()


def _forward_decide_confirm(people: story.Cast, dossier: Dossier) -> None:
    officer = Visitor(people.officer).open(f"/ho-so/{dossier.uuid}/xem-xet/")
    officer.press("Chuyển Cục")
    operator = Visitor(people.operator).open(f"/ho-so/{dossier.uuid}/xem-xet/")
    operator.press("Chấp nhận mọi dòng")
    operator.press("Trình phê duyệt")
    supervisor = Visitor(people.supervisor).open(f"/ho-so/{dossier.uuid}/phe-duyet/")
    supervisor.press("Phê duyệt")
    dossier.refresh_from_db()
    assert dossier.state == State.ACCEPTED


def _check_certificates(clerk: Visitor, dossier: Dossier) -> None:
    made = Certificate.objects.filter(result_of__dossier=dossier)
    assert made.count() == 25
    one = made.get(common_name="Lê Thu Bình")
    clerk.open("/chung-thu/").open(f"/chung-thu/{one.uuid}/")
    answer = clerk.client.get(f"/chung-thu/{one.uuid}/chung-thu.cer")
    parsed = x509.load_der_x509_certificate(answer.getvalue())
    assert f"{parsed.serial_number:016X}" == one.serial


def _send_devices(people: story.Cast, dossier: Dossier) -> None:
    operator = Visitor(people.operator).open("/thiet-bi/gui/").follow(dossier.agency.name)
    waiting = _uuids_at(Custody.ALLOCATED)
    operator.press("Ghi nhận đã gửi", devices=waiting, channel="post")
    assert not _uuids_at(Custody.ALLOCATED), operator.words()


def _uuids_at(custody: str) -> list[str]:
    return [str(device.uuid) for device in Device.objects.filter(custody=custody)]


def _receive_and_hand_over(clerk: Visitor, dossier: Dossier) -> Device:
    sent = Device.objects.filter(custody=Custody.ON_ITS_WAY).values_list("serial", flat=True)
    clerk.open("/thiet-bi/nhan/").follow("Đối chiếu, nhận")
    clerk.press("Xác nhận", seen=list(sent))
    assert not _uuids_at(Custody.ON_ITS_WAY), clerk.words()
    device = Device.objects.get(subscriber__name="Lê Thu Bình")
    clerk.open(f"/thiet-bi/{device.uuid}/ban-giao/")
    clerk.press(
        "Xác nhận đã bàn giao", serial_seen=device.serial, pin=story.PIN, pin_again=story.PIN
    )
    device.refresh_from_db()
    assert device.custody == Custody.WITH_SUBSCRIBER
    return device


def _tell_of_the_hand_over(people: story.Cast, clerk: Visitor, device: Device) -> None:
    clerk.open("/ho-so/lap-moi/").press("Tiếp tục", need="mau_07_handover")
    notice = Dossier.objects.get(kind="mau_07_handover")
    assert notice.items.filter(device=device).exists()  # beside the two that sign from the start
    clerk.open(f"/ho-so/{notice.uuid}/soan/van-ban/")
    clerk.press("Lưu", **_letter_data("13/UBND-VHXH"))
    clerk.open(f"/ho-so/{notice.uuid}/kiem-tra/").press("Trình lãnh đạo ký")
    Visitor(people.head).open(f"/ho-so/{notice.uuid}/ky/").press("Ký", pin=story.PIN)
    clerk.open(f"/ho-so/{notice.uuid}/ky/").press("gửi", pin=story.PIN)
    operator = Visitor(people.operator).open(f"/ho-so/{notice.uuid}/")
    operator.press("Xác nhận đã nhận")
    notice.refresh_from_db()
    assert notice.state == State.COMPLETED


@pytest.mark.usefixtures("ca")
def test_pdfsig_says_the_sent_letter_is_signed_by_both_and_whole(tmp_path: Path) -> None:
    now = timezone.now()
    people = story.able_to_sign(story.cast(), now=now)
    dossier = story.drafted(people, now=now)
    story.sign_digitally(dossier, people, now=now)
    assert dossier.signed_letter is not None
    path = tmp_path / "letter.pdf"
    path.write_bytes(documents.read(dossier.signed_letter))

    said = subprocess.run(
        ["pdfsig", "-nocert", str(path)], capture_output=True, text=True, check=False
    ).stdout

    assert said.count("Signature is Valid") == 2
    assert "Total document signed" in said
