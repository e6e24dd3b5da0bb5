"""A lost device through HTTP: the minutes, the ledger, the clock, the request that lies ready."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from devices.lifecycle import Condition
from devices.models import Device
from portal.ca.models import Certificate
from portal.deadlines.models import Deadline, DeadlineKind
from portal.notices.models import Notice
from requests_app import kinds, spreadsheets, tasks
from requests_app.catalogue.mau_09_loss.prefill import rows_of
from requests_app.models import Dossier, Procedure
from requests_app.workflow import Route, State
from tests import builders, story
from tests.flows.visitor import Visitor

pytestmark = pytest.mark.usefixtures("ca")

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CARD = {"issued_on": "25/08/2024", "issue_place": "CCSQLHCVTTXH"}


def test_minutes_of_loss_are_told_and_the_certificate_falls_by_the_request_alone() -> None:
    people = story.able_to_sign(
        story.cast(Route.NOTICE, procedure=Procedure.REPORT_LOSS), now=timezone.now()
    )
    builders.routing(Procedure.REVOKE, Route.DIRECT)
    certificate = story.give_certificate(
        builders.person("Lò Văn Mất", at=people.agency), now=timezone.now()
    )
    device = Device.objects.get(key=certificate.key)
    clerk = Visitor(people.clerk)
    _report(clerk, device)

    minutes = _minutes(clerk, device)
    _sign_and_send(people, clerk, minutes)

    device.refresh_from_db()
    certificate.refresh_from_db()
    assert device.condition == Condition.LOST
    assert not Deadline.objects.open().filter(target_uuid=device.uuid).exists()
    assert certificate.revoked_at is None
    _acknowledge(people, minutes)
    _ask_for_the_revocation(people, clerk, certificate)


def _report(clerk: Visitor, device: Device) -> None:
    clerk.open(f"/thiet-bi/{device.uuid}/").press("Báo thất lạc", reason="Mất túi ở bến xe")
    clock = Deadline.objects.open().get(kind=DeadlineKind.LOSS_MINUTES)
    assert clock.target_uuid == device.uuid


def _minutes(clerk: Visitor, device: Device) -> Dossier:
    clerk.open("/ho-so/lap-moi/?need=mau_09_loss").press("Tiếp tục", need="mau_09_loss")
    dossier = Dossier.objects.get(kind="mau_09_loss")
    device.refresh_from_db()
    (row,) = rows_of([device])
    told = {"lost_on": f"{timezone.localdate():%d/%m/%Y}", "place": "Bến xe", "measures": "Đã tìm"}
    content = spreadsheets.export(kinds.get("mau_09_loss"), [row | told])
    sheet = SimpleUploadedFile("that-lac.xlsx", content, content_type=XLSX)
    clerk.open(f"/ho-so/{dossier.uuid}/bang-tinh/").press("Tải lên", files={"file": sheet})
    clerk.press("Nhập 1 dòng")
    clerk.open(f"/ho-so/{dossier.uuid}/soan/van-ban/").press(
        "Lưu",
        letter_number="16/BB-UBND",
        letter_date=f"{timezone.localdate():%d/%m/%Y}",
        contact_made_at="09 giờ 30 phút",
        contact_made_on=f"{timezone.localdate():%d/%m/%Y}",
        contact_made_in="Trụ sở UBND xã",
        contact_maker="Lò Thị Nhận",
        contact_maker_position="Văn thư",
        contact_participants="Ông Lò Văn Chủ, Chủ tịch",
    )
    dossier.refresh_from_db()
    assert dossier.items.get().answers["circumstances"] == "Mất túi ở bến xe"
    return dossier


def _sign_and_send(people: story.Cast, clerk: Visitor, dossier: Dossier) -> None:
    clerk.open(f"/ho-so/{dossier.uuid}/kiem-tra/").press("Trình lãnh đạo ký")
    dossier.refresh_from_db()
    assert dossier.state == State.AWAITING_SIGNATURE, clerk.words()
    Visitor(people.head).open(f"/ho-so/{dossier.uuid}/ky/").press("Ký", pin=story.PIN)
    clerk.open(f"/ho-so/{dossier.uuid}/ky/").press("gửi", pin=story.PIN)
    dossier.refresh_from_db()
    assert dossier.state == State.SUBMITTED, clerk.words()


def _acknowledge(people: story.Cast, dossier: Dossier) -> None:
    assert Notice.objects.filter(recipient=people.officer, target_uuid=dossier.uuid).exists()
    Visitor(people.operator).open(f"/ho-so/{dossier.uuid}/").press("Xác nhận đã nhận")
    dossier.refresh_from_db()
    assert dossier.state == State.COMPLETED


def _ask_for_the_revocation(people: story.Cast, clerk: Visitor, certificate: Certificate) -> None:
    """What the notice leads to: a Mẫu 05 that wants but its number and section 1."""
    told = Notice.objects.get(recipient=people.clerk, cause__startswith="loss-to-revoke:")
    draft = Dossier.objects.get(kind="mau_05_revoke")
    assert clerk.open(told.path).path == f"/ho-so/{draft.uuid}/"
    clerk.open(f"/ho-so/{draft.uuid}/soan/")
    item = draft.items.get()
    typed: dict[str, Any] = {f"{item.uuid}:{name}": value for name, value in CARD.items()}
    clerk.press("Lưu", **typed)
    contact: dict[str, Any] = {f"contact_{name}": value for name, value in story.CONTACT.items()}
    clerk.open(f"/ho-so/{draft.uuid}/soan/van-ban/").press(
        "Lưu",
        letter_number="17/UBND-VHXH",
        letter_date=f"{timezone.localdate():%d/%m/%Y}",
        **contact,
    )
    paper = SimpleUploadedFile("don.pdf", story.blank_pdf(), content_type="application/pdf")
    clerk.open(f"/ho-so/{draft.uuid}/")
    clerk.press("Đính kèm", files={"file": paper}, kind="own_request", row="1")
    _sign_and_send(people, clerk, draft)
    operator = Visitor(people.operator).open(f"/ho-so/{draft.uuid}/xem-xet/")
    operator.press("Chấp nhận mọi dòng")
    operator.press("Trình phê duyệt")
    Visitor(people.supervisor).open(f"/ho-so/{draft.uuid}/phe-duyet/").press("Phê duyệt")
    tasks.execute_accepted()
    certificate.refresh_from_db()
    assert certificate.revoked_at is not None
