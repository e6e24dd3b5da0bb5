"""Supervision through HTTP: systems report, the office asks, the body answers."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from portal.agencies.models import Agency
from portal.ca.models import Certificate, RevocationReason
from portal.ca.register import services as ca
from portal.documents import services as documents
from portal.notices.models import Notice
from portal.usage.models import (
    IdleInquiry,
    SigningSystem,
    StrayEvent,
    UsageAlarm,
    UsageEvent,
    UsageMonth,
)
from portal.usage.tasks import count_strays, forget_events, judge_again
from requests_app.models import Dossier, Procedure
from requests_app.workflow import Route
from tests import builders, story
from tests.flows.visitor import Visitor
from tests.usage.builders import event, send

pytestmark = pytest.mark.usefixtures("ca", "rows_are_locked_in_order")


def test_a_system_reports_and_what_lies_idle_comes_to_a_mau_05() -> None:
    now = timezone.now()
    people = story.cast(Route.DIRECT, procedure=Procedure.REVOKE)
    used, idle, gone = (_held(people.agency, name, now) for name in ("Ký", "Nghỉ", "Thôi"))
    officer, clerk = Visitor(people.officer), Visitor(people.clerk)
    officer.open("/giam-sat/he-thong/dang-ky/").press(
        "Đăng ký", name="Hệ thống văn bản Tân Uyên", agency=people.agency.name
    )
    token = _token(officer.press("Cấp mã truy cập"))

    first = [event(used.serial, now - timedelta(days=days)) for days in (120, 40, 2)]
    stray = event("00000000000ABCDE", now - timedelta(days=1))
    assert send(token, {"events": [*first, stray], "sent_at": now.isoformat()}).json() | {
        "batch": "", "received_at": "", "events": [], "clock_skew_seconds": None,
    } == {
        "batch": "", "received_at": "", "events": [], "clock_skew_seconds": None,
        "accepted": 3, "known": 0, "refused": 1,
    }  # fmt: skip
    with transaction.atomic():
        ca.revoke(gone, RevocationReason.CESSATION, actor=None, now=now - timedelta(days=1))
    send(token, {"events": [event(gone.serial, now - timedelta(hours=2))]})

    alarm = UsageAlarm.objects.get()
    told = Notice.objects.get(recipient=people.clerk, target_uuid=alarm.uuid)
    clerk.open(told.path).press("Gửi giải trình", words="Máy của văn thư còn chứng thư cũ")
    officer.open(told.path).press("Kết luận", words="Đã cài lại")
    alarm.refresh_from_db()
    assert alarm.closed_by == people.officer

    officer.open("/giam-sat/").follow("chứng thư không dùng từ 90 ngày")
    officer.open("/giam-sat/chung-thu/?use=askable").press("Hỏi về mọi chứng thư")
    asked = IdleInquiry.objects.get()
    assert asked.certificate == idle
    clerk.open("/").follow("chứng thư không dùng chờ trả lời").press(
        "Lập Mẫu 05", code=str(asked.uuid), reason="Đã chuyển công tác"
    )
    dossier = Dossier.objects.get(kind="mau_05_revoke")
    assert clerk.path == reverse("requests_app:editor", args=[dossier.uuid])
    assert dossier.items.get().certificate == idle
    officer.open("/giam-sat/khong-dung/?state=revoke")
    assert "Đã chuyển công tác" in officer.words()

    _steal(officer, token, used, now)
    Certificate.objects.filter(pk=used.pk).update(serial="00000000000ABCDE")
    count_strays()
    judge_again()
    forget_events()
    assert not StrayEvent.objects.exists()
    assert UsageMonth.objects.filter(certificate=used).exists()


def test_a_signed_pdf_is_counted_and_not_kept() -> None:
    now = timezone.now()
    people = story.able_to_sign(story.cast(procedure=Procedure.ISSUE), now=now)
    dossier = story.sign_digitally(story.drafted(people, now=now), people, now=now)
    assert dossier.signed_letter is not None
    letter = documents.read(dossier.signed_letter)
    clerk = Visitor(people.clerk).open("/giam-sat/van-ban-da-ky/")

    def hand_in(content: bytes) -> list[str]:
        clerk.press("Đọc chữ ký", files={"file": SimpleUploadedFile("cong-van.pdf", content)})
        return re.findall(r'data-status="(\w+)"', clerk.html)

    assert hand_in(letter) == ["accepted", "accepted"]
    assert hand_in(letter) == ["known", "known"]
    assert UsageEvent.objects.count() == 2
    assert hand_in(story.blank_pdf()) == []
    assert hand_in(b"%PDF-1.7 broken") == []
    assert hand_in(letter[: len(letter) // 2]) == []
    damaged = letter.replace(b"/ByteRange", b"/ByteRangf", 1)
    assert "accepted" not in hand_in(damaged)
    assert UsageEvent.objects.count() == 2


def _held(agency: Agency, name: str, now: datetime) -> Certificate:
    holder = builders.person(f"Lò Văn {name}", at=agency)
    certificate = story.give_certificate(holder, now=now)
    Certificate.objects.filter(pk=certificate.pk).update(not_before=now - timedelta(days=300))
    certificate.refresh_from_db()
    return certificate


def _token(page: Visitor) -> str:
    found = re.search(r'data-token="([^"]+)"', page.html)
    assert found, page.words()
    return found[1]


def _steal(officer: Visitor, token: str, used: Certificate, now: datetime) -> None:
    """The token is stolen for a day: what came since is withdrawn, and the next token is good."""
    system = SigningSystem.objects.get(kind="documents")
    before = sum(UsageMonth.objects.values_list("count", flat=True))
    false = [event(used.serial, now - timedelta(minutes=minutes)) for minutes in range(1, 30)]
    send(token, {"events": false})
    since = timezone.localtime(now - timedelta(minutes=1))
    officer.open(f"/giam-sat/he-thong/{system.uuid}/").press(
        "Hủy mã bị lộ", day=f"{since:%d/%m/%Y}", hour=f"{since:%H:%M}"
    )
    assert send(token, {"events": []}).status_code == 401
    assert sum(UsageMonth.objects.values_list("count", flat=True)) < before
    renewed = _token(officer.press("Đổi mã"))
    true = event(used.serial, now - timedelta(days=5))
    lines = BytesIO("\n".join(json.dumps(one) for one in [true, *false]).encode())
    officer.press("Nạp tệp", files={"file": SimpleUploadedFile("lai.jsonl", lines.read())})
    assert send(renewed, {"events": [true]}).json()["known"] == 1
