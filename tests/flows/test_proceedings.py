"""A court asks at the CA's desk: recorded, decided by a second person, answered, devices called."""

from __future__ import annotations

from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from pypdf import PdfReader

from devices.models import Device
from portal.ca.models import Certificate
from portal.deadlines.models import Deadline, DeadlineKind
from portal.documents import services as documents
from portal.documents.models import Document
from portal.notices.models import Notice
from requests_app import tasks
from requests_app.models import ProceedingsNotice, ProceedingsRequest
from tests import builders, story
from tests.flows.visitor import Visitor

pytestmark = pytest.mark.usefixtures("ca")
State = ProceedingsRequest.State


@pytest.mark.paper
def test_a_letter_of_a_court_revokes_and_calls_the_device_back() -> None:
    now = timezone.now()
    people = story.cast()
    certificate = story.give_certificate(builders.person("Lò Văn Án", at=people.agency), now=now)

    request = _recorded(people, certificate)
    own = Visitor(people.operator).open(f"/yeu-cau-to-tung/{request.uuid}/")
    assert "Phê duyệt thu hồi" not in own.html
    Visitor(people.supervisor).open(f"/yeu-cau-to-tung/{request.uuid}/").press("Phê duyệt thu hồi")
    tasks.answer_proceedings()

    certificate.refresh_from_db()
    request.refresh_from_db()
    assert certificate.revoked_at == request.decided_at
    assert request.state == State.ACCEPTED
    answer = Visitor(people.operator).open(f"/yeu-cau-to-tung/{request.uuid}/")
    assert "Tải văn bản trả lời" in answer.html
    answered = words_of(request.answer)
    assert certificate.serial in answered
    assert "12/2026/TA-HS" in answered
    _check_what_the_body_gets(people, certificate)


def _recorded(people: story.Cast, certificate: Certificate) -> ProceedingsRequest:
    today = f"{timezone.localdate():%d/%m/%Y}"
    scan = SimpleUploadedFile("ta.pdf", story.blank_pdf(), content_type="application/pdf")
    Visitor(people.operator).open("/yeu-cau-to-tung/ghi/").press(
        "Ghi và trình phê duyệt",
        files={"scan": scan},
        asker_kind="court",
        asker="Tòa án nhân dân khu vực 1 – Thử",
        letter_number="12/2026/TA-HS",
        letter_date=today,
        received_on=today,
        basis="Vụ án hình sự sơ thẩm",
        named="Lò Văn Án",
        serials=certificate.serial,
    )
    return ProceedingsRequest.objects.get()


def _check_what_the_body_gets(people: story.Cast, certificate: Certificate) -> None:
    """A notice that does not say who asked, and the clock of the device."""
    notice = ProceedingsNotice.objects.get()
    told = Notice.objects.filter(target_uuid=notice.uuid)
    assert {one.recipient_id for one in told} >= {people.clerk.pk, people.officer.pk}
    words = words_of(notice.document)
    assert certificate.serial in words
    assert "Tòa án" not in words
    assert Visitor(people.clerk).open(f"/yeu-cau-to-tung/thong-bao/{notice.uuid}.pdf").status == 200
    device = Device.objects.get(key=certificate.key)
    clock = Deadline.objects.get(target_uuid=device.uuid, kind=DeadlineKind.DEVICE_RETURN)
    assert clock.agency == people.agency


def words_of(document: Document | None) -> str:
    assert document is not None
    pages = PdfReader(BytesIO(documents.read(document))).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())
