"""A letter goes by mail once, where a rule says so; its receipt is confirmed or written down."""

from __future__ import annotations

import re
from datetime import timedelta
from email import message_from_bytes
from io import BytesIO

import pytest
from django.test import Client
from django.urls import reverse
from openpyxl import load_workbook
from pytest_django import Settings

from portal.core.rules import Refused
from portal.notices import delivery
from portal.notices.models import MOST_TRIES, Mail, Notice
from requests_app.models import Dossier, LetterMail, RoutingRule
from requests_app.submission import letter_mail
from tests import builders, story
from tests.notices.smtp_server import mail_server

pytestmark = pytest.mark.django_db
TO, COPY = "cts@bcy.gov.vn", "vanthu-skhcn@laichau.gov.vn"
IDENTITY = re.compile(r"\d{12}")


def sent(people: story.Cast, **setting: object) -> Dossier:
    RoutingRule.objects.update(**({"mail_to": TO, "mail_copy_to": COPY} | setting))
    return story.sent(people)


def test_a_letter_goes_once_to_each_address_by_real_smtp(settings: Settings) -> None:
    dossier = sent(story.cast(), mails_sheet=True)
    with mail_server() as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port

        assert dossier.mail_rule is not None
        letter_mail.write(dossier, dossier.mail_rule, now=builders.NOW)  # the same once more
        for minute in range(3):
            delivery.send_waiting(now=builders.NOW + timedelta(minutes=minute))

        assert [one for one in server.addresses if one in (TO, COPY)] == [TO, COPY]
        mails = [one for one in server.taken if "Danh-sach" in str(one.as_string())]

    assert len(mails) == 2
    files = {part.get_filename(): part for part in mails[0].iter_attachments()}
    assert files["ban-quet.pdf"].get_content() == story.blank_pdf()
    sheet = load_workbook(BytesIO(files["Danh-sach-mau-01.xlsx"].get_content())).worksheets[0]
    assert sheet.max_row >= 2
    body = mails[0].get_body(("plain",))
    assert body is not None
    said = f"{mails[0]['Subject']} {body.get_content()}"
    assert "12/UBND-VHXH" in said
    assert not IDENTITY.search(said)
    assert message_from_bytes(mails[0].as_bytes())["Message-ID"] in set(
        Mail.objects.values_list("message_id", flat=True)
    )


def test_without_the_setting_nothing_is_mailed() -> None:
    dossier = story.sent(story.cast())

    assert dossier.mail_rule is None
    assert not LetterMail.objects.exists()


def test_the_sheet_goes_only_where_the_rule_allows() -> None:
    sent(story.cast(), mail_copy_to="")

    [mail] = Mail.objects.filter(address=TO)
    assert [one.name for one in mail.enclosures.all()] == ["ban-quet.pdf"]


def test_the_sender_is_told_once_what_could_not_be_sent() -> None:
    people = story.cast()
    sent(people, mail_copy_to="")
    Mail.objects.filter(address=TO).update(attempts=MOST_TRIES, last_error="refused")

    assert letter_mail.tell_of_unsent(now=builders.NOW) == 1
    assert letter_mail.tell_of_unsent(now=builders.NOW) == 0
    told = Notice.objects.filter(cause__startswith="letter-mail:")
    assert [one.recipient for one in told] == [people.clerk]


def test_whoever_has_the_mail_confirms_it_by_post_and_sees_nobody(client: Client) -> None:
    dossier = sent(story.cast())
    one = LetterMail.objects.first()
    assert one is not None
    path = reverse("requests_app:confirm_mail", args=[one.token])
    assert path in one.mail.text

    seen = client.get(path)
    one.refresh_from_db()
    assert (seen.status_code, one.confirmed_at) == (200, None)
    assert dossier.items.get().title not in seen.content.decode()
    assert not IDENTITY.search(seen.content.decode())

    client.post(path)
    one.refresh_from_db()
    assert one.confirmed_at is not None
    assert client.get(reverse("requests_app:confirm_mail", args=["a" * 32])).status_code == 404


def test_confirming_is_throttled(client: Client, settings: Settings) -> None:
    settings.PUBLIC_CHECKS_ALLOWED = 2
    path = reverse("requests_app:confirm_mail", args=["a" * 32])

    assert [client.get(path).status_code for _time in range(4)][-1] == 429


def test_the_clerk_writes_down_who_received_it(client: Client) -> None:
    people = story.cast()
    dossier = sent(people, mail_copy_to="")
    one = dossier.letter_mails.get()
    client.force_login(people.clerk)
    path = reverse("requests_app:letter_mails", args=[dossier.uuid])
    assert path in client.get(reverse("requests_app:detail", args=[dossier.uuid])).content.decode()
    assert client.get(path).status_code == 200

    day = f"{builders.NOW:%d/%m/%Y}"
    client.post(path, {"mail": one.uuid, "received_on": day, "received_by": "Nguyễn Văn Thư"})

    one.refresh_from_db()
    assert (one.received_by, one.noted_by) == ("Nguyễn Văn Thư", people.clerk)
    with pytest.raises(Refused):
        letter_mail.note_receipt(
            one,
            received_on=builders.TODAY,
            received_by="x",
            actor=people.officer,
            now=builders.NOW,
        )
