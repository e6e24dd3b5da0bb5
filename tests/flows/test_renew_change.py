"""Mẫu 04 through HTTP: from the sheet to the new certificate on the old device."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import ocsp
from django.core import mail as django_mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from devices.models import Device
from portal.ca.authority import services as authority
from portal.ca.models import Certificate
from portal.notices.tasks import send_pending_mail
from requests_app import kinds, spreadsheets, tasks
from requests_app.catalogue.mau_04_renew_change.prefill import row_of
from requests_app.models import Dossier, Procedure
from requests_app.workflow import State
from tests import builders, story
from tests.flows.visitor import Visitor

pytestmark = pytest.mark.usefixtures("ca")

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
KIND = kinds.get("mau_04_renew_change")
NEW_HOME = {
    "new_org1": "ỦY BAN NHÂN DÂN TỈNH LAI CHÂU",
    "new_org2": "ỦY BAN NHÂN DÂN XÃ TÂN UYÊN",
    "new_email": "binh.tanuyen@laichau.gov.vn",
}


def test_one_letter_renews_one_certificate_and_takes_over_another() -> None:
    now = timezone.now()
    people = story.able_to_sign(story.cast(procedure=Procedure.RENEW_CHANGE), now=now)
    before = story.cast_beside(people)
    stays = builders.person("Lò Văn Ánh", at=people.agency)
    moves = builders.person("Lò Thị Bình", at=before.agency)
    renewed = story.give_certificate(stays, now=now, days_left=200)
    taken_over = story.give_certificate(moves, now=now, days_left=200)
    clerk = Visitor(people.clerk)

    dossier = _draft_from_a_sheet(clerk, renewed, taken_over)
    _sign_and_send(clerk, people, dossier)
    asked = Visitor(before.clerk).open("/ho-so/nguoi-chuyen-cong-tac/")
    assert "Lò Thị Bình" in asked.html
    asked.press("Trả lời", answer="moved")
    _decide(people, dossier)
    tasks.execute_accepted()

    dossier.refresh_from_db()
    assert dossier.state == State.COMPLETED, [item.outcome_reason for item in dossier.items.all()]
    _check_the_new_ones(clerk, renewed, taken_over)
    _read_the_paper_and_the_mail(clerk, dossier, renewed)
    _install(clerk, renewed)
    _install(clerk, taken_over)
    assert Device.objects.get(key=taken_over.key).agency == people.agency


def _draft_from_a_sheet(clerk: Visitor, renewed: Certificate, taken_over: Certificate) -> Dossier:
    clerk.open("/ho-so/lap-moi/").press("Tiếp tục", need=KIND.code)
    dossier = Dossier.objects.latest("created_at")
    rows = [
        row_of(renewed, renews=True, changes=False),
        row_of(taken_over, renews=False, changes=True) | NEW_HOME,
    ]
    sheet = SimpleUploadedFile("danh-sach.xlsx", spreadsheets.export(KIND, rows), content_type=XLSX)
    clerk.open(f"/ho-so/{dossier.uuid}/bang-tinh/").press("Tải lên", files={"file": sheet})
    clerk.press("Nhập 2 dòng")
    clerk.open(f"/ho-so/{dossier.uuid}/soan/van-ban/")
    contact: dict[str, Any] = {f"contact_{name}": text for name, text in story.CONTACT.items()}
    clerk.press(
        "Lưu",
        letter_number="21/UBND-VHXH",
        letter_date=f"{timezone.localdate():%d/%m/%Y}",
        **contact,
    )
    return dossier


def _sign_and_send(clerk: Visitor, people: story.Cast, dossier: Dossier) -> None:
    clerk.open(f"/ho-so/{dossier.uuid}/kiem-tra/").press("Trình lãnh đạo ký")
    dossier.refresh_from_db()
    assert dossier.state == State.AWAITING_SIGNATURE, clerk.words()
    Visitor(people.head).open(f"/ho-so/{dossier.uuid}/ky/").press("Ký", pin=story.PIN)
    clerk.open(f"/ho-so/{dossier.uuid}/ky/").press("gửi", pin=story.PIN)


def _decide(people: story.Cast, dossier: Dossier) -> None:
    Visitor(people.officer).open(f"/ho-so/{dossier.uuid}/xem-xet/").press("Chuyển Cục")
    operator = Visitor(people.operator).open(f"/ho-so/{dossier.uuid}/xem-xet/")
    operator.press("Chấp nhận mọi dòng")
    operator.press("Trình phê duyệt")
    supervisor = Visitor(people.supervisor).open(f"/ho-so/{dossier.uuid}/phe-duyet/")
    supervisor.press("Phê duyệt")
    dossier.refresh_from_db()
    assert dossier.state == State.ACCEPTED


def _successor(old: Certificate) -> Certificate:
    return Certificate.objects.get(predecessor=old)


def _spki(certificate: x509.Certificate) -> bytes:
    return certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _check_the_new_ones(clerk: Visitor, renewed: Certificate, taken_over: Certificate) -> None:
    for old in (renewed, taken_over):
        new = _successor(old)
        answer = clerk.client.get(f"/chung-thu/{new.uuid}/chung-thu.cer")
        downloaded = x509.load_der_x509_certificate(answer.getvalue())
        signed_before = x509.load_der_x509_certificate(bytes(old.der))
        assert f"{downloaded.serial_number:016X}" == new.serial
        assert _spki(downloaded) == _spki(signed_before)
        keeps_its_end = downloaded.not_valid_after_utc == signed_before.not_valid_after_utc
        assert keeps_its_end == (old == taken_over)
        assert _ocsp(old) is ocsp.OCSPCertStatus.GOOD
        assert _ocsp(new) is ocsp.OCSPCertStatus.GOOD
    assert clerk.client.get(f"/chung-thu/{taken_over.uuid}/").status_code == 404


def _read_the_paper_and_the_mail(clerk: Visitor, dossier: Dossier, renewed: Certificate) -> None:
    clerk.open(f"/ho-so/{dossier.uuid}/")
    assert "Chứng thư mới và hướng dẫn cài đặt" in clerk.html
    clerk.follow("Xem và xác nhận cài đặt")  # of what waits in this dossier, not of the whole body
    assert clerk.has_button("Xác nhận đã cài đặt")
    send_pending_mail()
    (sent,) = [one for one in django_mail.outbox if one.to == [story.CONTACT["email"]]]
    names = [str(attached[0]) for attached in sent.attachments]
    assert f"{_successor(renewed).serial}.cer" in names
    assert story.CONTACT["identity_number"] not in str(sent.body)


def _install(clerk: Visitor, old: Certificate) -> None:
    new = _successor(old)
    clerk.open("/chung-thu/?state=to_install").follow(new.common_name)
    clerk.press("Xác nhận đã cài đặt")
    assert "Đã xác nhận cài đặt" in clerk.html
    assert not clerk.has_button("Xác nhận đã cài đặt")
    assert _ocsp(old) is ocsp.OCSPCertStatus.REVOKED
    assert _ocsp(new) is ocsp.OCSPCertStatus.GOOD


def _ocsp(certificate: Certificate) -> ocsp.OCSPCertStatus:
    """Ask the portal's responder, as a verifier does."""
    subject = x509.load_der_x509_certificate(bytes(certificate.der))
    issuer = authority.current_issuer().certificate
    builder = ocsp.OCSPRequestBuilder().add_certificate(subject, issuer, hashes.SHA256())
    answer = Client().post(
        "/pki/ocsp",
        builder.build().public_bytes(Encoding.DER),
        content_type="application/ocsp-request",
    )
    said = ocsp.load_der_ocsp_response(answer.content)
    if said.certificate_status is ocsp.OCSPCertStatus.REVOKED:
        assert said.revocation_reason is x509.ReasonFlags.superseded
    return said.certificate_status
