"""Mails to people who need have no account: files go along, sent and repeated like the others."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail as django_mail
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from portal.core.roles import Role
from portal.notices import delivery, services
from portal.notices.channels import mail as mailing
from portal.notices.models import MOST_TRIES, Enclosure, Mail
from portal.notices.services import Attached
from tests import builders
from tests.builders import NOW

pytestmark = pytest.mark.django_db
FAILING = "tests.notices.backends."


def _write(
    *,
    address: str = "nhan@laichau.gov.vn",
    cause: str = "certificates:1",
    subject: str = "Chứng thư mới",
    text: str = "Chứng thư 2A05F812673607B0 đã được gia hạn.",
) -> Mail:
    return services.write_to(
        address,
        name="Lò Thị Nhận",
        cause=cause,
        subject=subject,
        text=text,
        attached=[Attached("2A05.cer", "application/pkix-cert", b"\x30\x82made up")],
        now=NOW,
    )


def _sweep(after: timedelta = timedelta()) -> int:
    return delivery.send_waiting(now=NOW + after)


def test_a_mail_goes_to_its_address_with_its_files() -> None:
    written = _write()

    assert _sweep() == 1

    sent = django_mail.outbox[0]
    assert sent.to == ["nhan@laichau.gov.vn"]
    assert sent.extra_headers["Message-ID"] == written.message_id
    assert "Kính gửi Lò Thị Nhận" in str(sent.body)
    assert "Xem mọi thông báo" not in str(sent.body)  # there is no account to see them with
    assert sent.attachments == [("2A05.cer", b"\x30\x82made up", "application/pkix-cert")]


def test_the_same_cause_writes_one_mail() -> None:
    assert _write().pk == _write().pk
    assert Enclosure.objects.count() == 1


def test_identity_numbers_are_hidden_and_numbers_of_certificates_are_not() -> None:
    _write(
        subject="Chứng thư của 012090000123",
        text="Số 012090000123, CCCD012090000124, chứng thư 123456789012ABCD và A012090000125BCD.",
    )

    _sweep()

    sent = django_mail.outbox[0]
    said = f"{sent.subject} {sent.body}"
    assert "012090000123" not in said
    assert "012090000124" not in said
    assert "123456789012ABCD" in said
    assert "A012090000125BCD" in said


def test_a_worker_killed_after_sending_repeats_the_same_mail(settings: Settings) -> None:
    _write()
    works = settings.EMAIL_BACKEND
    settings.EMAIL_BACKEND = f"{FAILING}DiesAfterDelivery"
    with pytest.raises(SystemExit):
        _sweep()
    settings.EMAIL_BACKEND = works

    assert _sweep(mailing.LEASE + timedelta(seconds=1)) == 1

    first, again = django_mail.outbox
    assert first.extra_headers["Message-ID"] == again.extra_headers["Message-ID"]
    assert first.attachments == again.attachments


def test_what_is_refused_too_often_waits_for_a_person(settings: Settings, client: Client) -> None:
    works = settings.EMAIL_BACKEND
    settings.EMAIL_BACKEND = f"{FAILING}RefusesOne"
    mail = _write(address="khong.co@laichau.gov.vn")
    for day in range(MOST_TRIES + 1):
        _sweep(timedelta(days=day))
    assert Mail.objects.dead().count() == 1
    settings.EMAIL_BACKEND = works
    client.force_login(builders.user(Role.ADMINISTRATOR))

    page = client.get(reverse("notices:dead_mails")).content.decode()
    client.post(reverse("notices:send_again", args=[mail.uuid]))

    assert "Lò Thị Nhận" in page
    assert _sweep(timedelta(days=30)) == 1
    assert django_mail.outbox[0].to == ["khong.co@laichau.gov.vn"]
