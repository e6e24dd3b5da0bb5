"""The outbox: bundled, claimed, sent once; after a crash repeated as the same mail."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Barrier

import pytest
from django.core import mail as django_mail
from django.db import connection
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from portal.accounts.models import User
from portal.audit.models import AuditEntry
from portal.core.roles import Role
from portal.notices import delivery, services
from portal.notices.channels import mail as mailing
from portal.notices.models import MOST_TRIES, Mail, Notice
from tests import builders
from tests.builders import NOW
from tests.notices import backends

pytestmark = pytest.mark.django_db
FAILING = "tests.notices.backends."
TOLD = NOW - timedelta(minutes=2)  # settled by NOW


def _told(*causes: str, to: User | None = None, text: str = "", path: str = "") -> User:
    user = to or builders.user(Role.CLERK)
    for cause in causes or ("returned",):
        title = f"Hồ sơ bị trả lại ({cause})"
        services.tell([user], cause=cause, title=title, text=text, path=path, now=TOLD)
    return user


def _html(sent: django_mail.EmailMessage) -> str:
    assert isinstance(sent, django_mail.EmailMultiAlternatives)
    content, _media_type = sent.alternatives[0]
    return str(content)


def _sweep(after: timedelta = timedelta()) -> int:
    return delivery.send_waiting(now=NOW + after)


def test_notices_of_one_person_go_in_one_mail() -> None:
    user = _told("one", "two")
    _told("three")

    assert _sweep() == 2

    first = django_mail.outbox[0]
    assert first.to == [user.email]
    assert first.subject == "2 thông báo mới: Hồ sơ bị trả lại (one)"
    assert "(two)" in str(first.body)
    assert Notice.objects.filter(mail__isnull=True).count() == 0


def test_a_second_sweep_sends_nothing() -> None:
    _told()
    _sweep()

    assert _sweep() == 0
    assert len(django_mail.outbox) == 1


def test_a_mail_links_to_the_portal_and_hides_identity_numbers(settings: Settings) -> None:
    settings.PUBLIC_URL = "https://chukyso.laichau.gov.vn"
    _told(text="Dòng 3: số 012090000123 bị trùng, gọi 0912345678.", path="/ho-so/abc")

    _sweep()

    sent = django_mail.outbox[0]
    for body in (sent.body, _html(sent)):
        assert "https://chukyso.laichau.gov.vn/ho-so/abc" in str(body)
        assert "012090000123" not in str(body)
        assert "0912345678" in str(body)
    assert sent.extra_headers["Message-ID"].endswith("@chukyso.laichau.gov.vn>")


def test_markup_in_a_notice_is_text_in_the_mail() -> None:
    _told(text="<script>alert(1)</script>")

    _sweep()

    sent = django_mail.outbox[0]
    assert "<script>" not in _html(sent)
    assert "<script>" in str(sent.body)


def test_a_line_break_in_a_title_makes_no_header() -> None:
    user = builders.user(Role.CLERK)
    services.tell([user], cause="x", title="Một\nBcc: la@example.com", now=TOLD)

    assert _sweep() == 1
    assert django_mail.outbox[0].subject == "Một Bcc: la@example.com"


def test_who_has_no_address_or_no_account_any_more_gets_no_mail() -> None:
    nameless, gone = _told(), _told()
    User.objects.filter(pk=nameless.pk).update(email="")
    User.objects.filter(pk=gone.pk).update(is_active=False)

    assert _sweep() == 0
    assert not Mail.objects.exists()


def test_a_worker_killed_between_sending_and_marking_repeats_the_same_mail(
    settings: Settings,
) -> None:
    _told()
    works = settings.EMAIL_BACKEND
    settings.EMAIL_BACKEND = f"{FAILING}DiesAfterDelivery"
    with pytest.raises(SystemExit):
        _sweep()
    settings.EMAIL_BACKEND = works

    within_the_lease = _sweep(mailing.LEASE)
    after_the_lease = _sweep(mailing.LEASE + timedelta(seconds=1))

    assert (within_the_lease, after_the_lease) == (0, 1)
    first, again = django_mail.outbox
    assert first.extra_headers["Message-ID"] == again.extra_headers["Message-ID"]
    assert str(first.body) == str(again.body)
    assert Mail.objects.get().sent_at is not None


def test_a_refused_mail_is_put_off_and_the_others_go(settings: Settings) -> None:
    settings.EMAIL_BACKEND = f"{FAILING}RefusesOne"
    refused = _told()
    User.objects.filter(pk=refused.pk).update(email="khong.co@laichau.gov.vn")
    _told()

    assert _sweep() == 1

    mail = Mail.objects.get(sent_at__isnull=True)
    assert (mail.attempts, mail.last_error) == (1, "SMTPRecipientsRefused 550")
    assert _sweep(timedelta(seconds=60)) == 0
    mail.refresh_from_db()
    assert mail.attempts == 1
    _sweep(timedelta(seconds=61))
    mail.refresh_from_db()
    assert mail.attempts == 2


def test_a_mail_refused_too_often_waits_for_a_person(settings: Settings, client: Client) -> None:
    works = settings.EMAIL_BACKEND
    settings.EMAIL_BACKEND = f"{FAILING}RefusesOne"
    user = _told()
    User.objects.filter(pk=user.pk).update(email="khong.co@laichau.gov.vn")
    for day in range(MOST_TRIES + 3):
        _sweep(timedelta(days=day))
    mail = Mail.objects.get()
    assert mail.attempts == MOST_TRIES
    User.objects.filter(pk=user.pk).update(email="dung@laichau.gov.vn")
    settings.EMAIL_BACKEND = works
    client.force_login(builders.user(Role.ADMINISTRATOR))

    page = client.get(reverse("notices:dead_mails")).content.decode()
    client.post(reverse("notices:send_again", args=[mail.uuid]))

    assert mail.subject in page
    assert _sweep(timedelta(days=30)) == 1
    assert django_mail.outbox[0].to == ["dung@laichau.gov.vn"]
    assert AuditEntry.objects.get().action == "mail.send_again"


def test_a_silent_server_ends_the_sweep_and_is_no_fault_of_the_mails(settings: Settings) -> None:
    works = settings.EMAIL_BACKEND
    settings.EMAIL_BACKEND = f"{FAILING}Silent"
    backends.Silent.tries = 0
    for _number in range(3):
        _told()

    for day in range(MOST_TRIES * 3):
        _sweep(timedelta(days=day))

    assert backends.Silent.tries == MOST_TRIES * 3
    assert Mail.objects.dead().count() == 0
    settings.EMAIL_BACKEND = works
    assert _sweep(timedelta(days=100)) == 3


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_send_one_mail_each_notice_once() -> None:
    user = _told("one", "two", "three")
    ready = Barrier(4)

    def work(_number: int) -> int:
        ready.wait()
        try:
            return _sweep()
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        sent = list(pool.map(work, range(4)))

    mails = Mail.objects.filter(recipient=user)
    assert Notice.objects.filter(mail__isnull=True).count() == 0
    assert all(one.notices.exists() for one in mails)
    _sweep()
    assert len(django_mail.outbox) == mails.count()
    assert sum(sent) <= mails.count()


@pytest.mark.django_db(transaction=True)
def test_one_mail_claimed_by_many_is_sent_by_one() -> None:
    _told()
    mailing.bundle(now=NOW)
    ready = Barrier(4)

    def work(_number: int) -> int:
        ready.wait()
        try:
            return mailing.send_pending(now=NOW)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        sent = sorted(pool.map(work, range(4)))

    assert sent == [0, 0, 0, 1]
    assert len(django_mail.outbox) == 1


def test_a_demonstration_shows_what_it_wrote_to_files(
    settings: Settings, client: Client, tmp_path: Path
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = str(tmp_path)
    _told("one")
    _told("two")
    _sweep()
    client.force_login(builders.user(Role.ADMINISTRATOR))

    answer = client.get(reverse("notices:outbox"))

    assert {mail.subject for mail in answer.context["mails"]} == {
        "Hồ sơ bị trả lại (one)",
        "Hồ sơ bị trả lại (two)",
    }
    assert "Kính gửi" in answer.content.decode()


def test_without_files_there_is_no_page_of_them(client: Client) -> None:
    client.force_login(builders.user(Role.ADMINISTRATOR))

    assert client.get(reverse("notices:outbox")).status_code == 404


@pytest.mark.parametrize("name", ["outbox", "dead_mails"])
def test_mails_are_the_administrators_to_look_after(client: Client, name: str) -> None:
    client.force_login(builders.user(Role.CLERK))

    assert client.get(reverse(f"notices:{name}")).status_code == 403
