"""Revocation through HTTP: from the sheet to OCSP, the list, the notice and the way back."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from pypdf import PdfReader

from devices.lifecycle import Custody
from devices.models import Device
from portal.ca import tasks as ca_tasks
from portal.ca.models import Certificate
from portal.core.calendar.workdays import work_calendar
from portal.deadlines.models import Deadline, DeadlineKind
from requests_app import kinds, spreadsheets, tasks
from requests_app.catalogue.mau_05_revoke.prefill import row_of
from requests_app.models import Dossier, Procedure
from requests_app.workflow import State
from tests import builders, story
from tests.flows.visitor import Visitor

pytestmark = [
    pytest.mark.usefixtures("ca"),
    pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is missing"),
]

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CARD = {"issued_on": "25/08/2024", "issue_place": "CCSQLHCVTTXH"}
NAMES = ("Lò Văn Lộ", "Lò Thị Hưu", "Lò Văn Ở")


@dataclass(frozen=True, slots=True)
class Standing:
    """Who is in the story and what each holds before it: exposed, retired, staying."""

    people: story.Cast
    exposed: Certificate
    retired: Certificate
    staying: Certificate


def standing() -> Standing:
    now = timezone.now()
    people = story.able_to_sign(story.cast(procedure=Procedure.REVOKE), now=now)
    held = [
        story.give_certificate(builders.person(name, at=people.agency), now=now) for name in NAMES
    ]
    return Standing(people, *held)


@pytest.mark.paper
def test_a_letter_of_three_revokes_two_and_calls_their_devices_back(tmp_path: Path) -> None:
    cast = standing()
    clerk = Visitor(cast.people.clerk)

    dossier = _draft_from_a_sheet(clerk, cast)
    _attach_what_is_missing(clerk, dossier)
    _sign_and_send(clerk, cast.people, dossier)
    _decide(cast.people, dossier)
    tasks.execute_accepted()

    dossier.refresh_from_db()
    assert dossier.state == State.PARTLY_COMPLETED
    _check_what_verifiers_are_told(cast, tmp_path)
    _read_the_notice(clerk, cast, dossier)
    _check_the_clocks(clerk, cast)


def _draft_from_a_sheet(clerk: Visitor, cast: Standing) -> Dossier:
    clerk.open("/ho-so/lap-moi/?need=mau_05_revoke").press("Tiếp tục", need="mau_05_revoke")
    dossier = Dossier.objects.latest("created_at")
    rows = [
        {**row_of(cast.exposed, cause="key_exposed"), **CARD},
        {**row_of(cast.retired, cause="retired", reason="Từ 01/12/2026"), **CARD},
        {**row_of(cast.staying, cause="left"), **CARD},
    ]
    content = spreadsheets.export(kinds.get("mau_05_revoke"), rows)
    sheet = SimpleUploadedFile("thu-hoi.xlsx", content, content_type=XLSX)
    clerk.open(f"/ho-so/{dossier.uuid}/bang-tinh/").press("Tải lên", files={"file": sheet})
    clerk.press("Nhập 3 dòng")
    clerk.open(f"/ho-so/{dossier.uuid}/soan/van-ban/")
    contact: dict[str, Any] = {f"contact_{name}": value for name, value in story.CONTACT.items()}
    today = f"{timezone.localdate():%d/%m/%Y}"
    clerk.press("Lưu", **contact, letter_number="15/UBND-VHXH", letter_date=today)
    dossier.refresh_from_db()
    assert dossier.row_count == 3, clerk.words()
    return dossier


def _attach_what_is_missing(clerk: Visitor, dossier: Dossier) -> None:
    """The exposed key is told of by the person; without the person's paper nothing goes on."""
    clerk.open(f"/ho-so/{dossier.uuid}/kiem-tra/")
    assert "cần đề nghị bằng văn bản của thuê bao" in clerk.html
    request = SimpleUploadedFile("don.pdf", story.blank_pdf(), content_type="application/pdf")
    clerk.open(f"/ho-so/{dossier.uuid}/")
    clerk.press("Đính kèm", files={"file": request}, kind="own_request", row="1")
    clerk.open(f"/ho-so/{dossier.uuid}/kiem-tra/")
    assert "cần đề nghị bằng văn bản của thuê bao" not in clerk.html


def _sign_and_send(clerk: Visitor, people: story.Cast, dossier: Dossier) -> None:
    clerk.press("Trình lãnh đạo ký")
    Visitor(people.head).open(f"/ho-so/{dossier.uuid}/ky/").press("Ký", pin=story.PIN)
    clerk.open(f"/ho-so/{dossier.uuid}/ky/").press("gửi", pin=story.PIN)
    dossier.refresh_from_db()
    assert dossier.state == State.SUBMITTED, clerk.words()
    Visitor(people.officer).open(f"/ho-so/{dossier.uuid}/xem-xet/").press("Chuyển Cục")


def _decide(people: story.Cast, dossier: Dossier) -> None:
    operator = Visitor(people.operator).open(f"/ho-so/{dossier.uuid}/xem-xet/")
    staying = dossier.items.get(position=3)
    decided: dict[str, Any] = {
        f"{item.uuid}-decision": "accepted" for item in dossier.items.filter(position__lt=3)
    }
    decided[f"{staying.uuid}-decision"] = "refused"
    decided[f"{staying.uuid}-reason"] = "Chưa thôi việc"
    operator.press("Lưu kết quả", **decided)
    operator.open(f"/ho-so/{dossier.uuid}/xem-xet/").press("Trình phê duyệt")
    supervisor = Visitor(people.supervisor).open(f"/ho-so/{dossier.uuid}/phe-duyet/")
    supervisor.press("Phê duyệt")
    dossier.refresh_from_db()
    assert dossier.state == State.ACCEPTED, supervisor.words()


def _check_what_verifiers_are_told(cast: Standing, folder: Path) -> None:
    """OCSP knows at once, the list after the next sweep; the refused row's stays good."""
    assert "Cert Status: revoked" in ask_ocsp(cast.exposed, folder)
    assert "keyCompromise" in ask_ocsp(cast.exposed, folder)
    assert "cessationOfOperation" in ask_ocsp(cast.retired, folder)
    assert "Cert Status: good" in ask_ocsp(cast.staying, folder)
    assert not listed() & {cast.exposed.serial, cast.retired.serial}
    ca_tasks.publish_crl()
    assert listed() == {cast.exposed.serial, cast.retired.serial}


def listed() -> set[str]:
    """Return the serial numbers on the list the portal serves."""
    published = x509.load_der_x509_crl(Client().get("/pki/crl").content)
    return {f"{entry.serial_number:016X}" for entry in published}


def ask_ocsp(certificate: Certificate, folder: Path) -> str:
    """Ask the portal with openssl's own request and return what openssl makes of the answer."""
    client = Client()
    pem = {
        name: x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM)
        for name, der in (
            ("root", client.get("/pki/root.crt").content),
            ("issuing", client.get("/pki/issuing.crt").content),
            ("own", bytes(certificate.der)),
        )
    }
    for name, content in (*pem.items(), ("chain", pem["root"] + pem["issuing"])):
        (folder / f"{name}.pem").write_bytes(content)
    about = ("-issuer", folder / "issuing.pem", "-cert", folder / "own.pem")
    openssl("ocsp", *about, "-reqout", folder / "request.der")
    answer = client.post(
        "/pki/ocsp",
        (folder / "request.der").read_bytes(),
        content_type="application/ocsp-request",
    )
    (folder / "answer.der").write_bytes(answer.content)
    files = ("-reqin", folder / "request.der", "-respin", folder / "answer.der")
    said = openssl("ocsp", "-CAfile", folder / "chain.pem", "-text", *files)
    assert "Response verify OK" in said, said
    return said


def openssl(*arguments: str | Path) -> str:
    done = subprocess.run(
        ["openssl", *map(str, arguments)], capture_output=True, text=True, timeout=120, check=False
    )
    return done.stdout + done.stderr


def _read_the_notice(clerk: Visitor, cast: Standing, dossier: Dossier) -> None:
    clerk.open(f"/ho-so/{dossier.uuid}/")
    assert "Văn bản đã giao" in clerk.html
    paper = dossier.delivered_papers.get()
    answer = clerk.client.get(f"/ho-so/{dossier.uuid}/van-ban-giao/{paper.uuid}/")
    words = PdfReader(BytesIO(answer.content)).pages[0].extract_text()
    assert cast.exposed.serial in words
    assert cast.retired.serial in words
    assert cast.staying.serial not in words


def _check_the_clocks(clerk: Visitor, cast: Standing) -> None:
    today = timezone.localdate()
    clocks = Deadline.objects.open().filter(kind=DeadlineKind.DEVICE_RETURN)
    assert {clock.due_on for clock in clocks} == {work_calendar().add(today, 5)}
    called_back = Device.objects.filter(uuid__in=clocks.values("target_uuid"))
    assert {device.key_id for device in called_back} == {cast.exposed.key_id, cast.retired.key_id}
    assert {device.custody for device in called_back} == {Custody.TO_BE_RETURNED}
    clerk.open("/")
    assert called_back[0].serial in clerk.html
