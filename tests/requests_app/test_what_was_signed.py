"""What the head saw is what leaves: scans, signers, who had a hand in it."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from devices.models import Device
from portal.audit.models import AuditEntry
from portal.ca.tokens import services as tokens
from portal.core.roles import Role
from portal.core.rules import Refused
from portal.notices.models import Notice
from requests_app import kinds, spreadsheets
from requests_app.drafts import attachments
from requests_app.errors import Barred, NotEditable
from requests_app.models import SigningMode
from requests_app.workflow import Action, State
from tests import builders, story

pytestmark = pytest.mark.django_db


@pytest.fixture
def virtual_ca(transactional_db: None, ca: None) -> None:
    """The simulated CA where a step that signs may open a token: outside any transaction."""


def test_the_scan_is_not_changed_after_the_head_confirmed_it() -> None:
    people = story.cast()
    dossier = story.drafted(people)
    story.step(dossier, Action.REQUEST_SIGNATURE, people.clerk)
    story.scan(dossier, people.clerk)
    (scan,) = dossier.attachments.all()
    story.step(dossier, Action.SIGN, people.head)

    with pytest.raises(NotEditable):
        story.scan(dossier, people.clerk)
    with pytest.raises(NotEditable):
        attachments.detach(
            dossier, scan.uuid, actor=people.clerk, now=builders.NOW, version=dossier.version
        )

    story.step(dossier, Action.SEAL, people.clerk)
    assert [one.uuid for one in dossier.attachments.filter(is_current=True)] == [scan.uuid]


def test_who_attached_the_scan_does_not_confirm_it_with_another_account() -> None:
    people = story.cast()
    person = builders.person("Lò Văn Hai", at=people.agency)
    people.head.person = person
    people.head.save()
    other_account = builders.user(Role.CLERK, agency=people.agency, person=person)
    dossier = story.drafted(people)
    story.step(dossier, Action.REQUEST_SIGNATURE, people.clerk)
    story.scan(dossier, other_account)

    with pytest.raises(Barred):
        story.step(dossier, Action.SIGN, people.head)


def test_a_workbook_is_no_scan() -> None:
    people = story.cast()
    dossier = story.drafted(people)
    story.step(dossier, Action.REQUEST_SIGNATURE, people.clerk)
    sheet = spreadsheets.template(kinds.get("mau_01_person"))

    with pytest.raises(Refused) as refusal:
        attachments.attach(
            dossier,
            SimpleUploadedFile("ban-quet.xlsx", sheet),
            kind="signed_scan",
            actor=people.clerk,
            now=builders.NOW,
            version=dossier.version,
        )

    assert [one.code for one in refusal.value.violations] == ["scan_is_no_picture"]


def test_a_head_whose_device_is_not_in_hand_signs_in_ink(virtual_ca: None) -> None:
    people = story.able_to_sign(story.cast())
    Device.objects.filter(subscriber=people.head.person).update(custody="at_agency")
    dossier = story.drafted(people)

    story.step(dossier, Action.REQUEST_SIGNATURE, people.clerk)

    assert dossier.signing_mode == SigningMode.INK
    assert "thiết bị đang giữ" in dossier.signing_reason
    story.scan(dossier, people.clerk)
    assert story.step(dossier, Action.SIGN, people.head).state == State.AWAITING_SEAL


def test_a_wrong_pin_is_recorded_with_who_typed_it_and_whose_key_it_is(virtual_ca: None) -> None:
    people = story.able_to_sign(story.cast())
    dossier = story.drafted(people)
    story.step(dossier, Action.REQUEST_SIGNATURE, people.clerk)

    with pytest.raises(tokens.WrongPin):
        story.step(dossier, Action.SIGN, people.head, pin="khong-phai-68")

    entry = AuditEntry.objects.get(action="key.wrong_pin")
    assert entry.actor_uuid == people.head.uuid
    assert entry.agency_uuid == people.agency.uuid


def test_what_an_agency_corrects_is_not_shown_to_others_before_it_is_sent_again() -> None:
    people = story.cast()
    dossier = story.sent(people)
    story.step(dossier, Action.RETURN, people.officer, reason="Sai chức vụ")
    client = Client()
    client.force_login(people.officer)

    preview = client.get(reverse("requests_app:preview", args=[dossier.uuid]))
    letter = client.get(reverse("requests_app:letter", args=[dossier.uuid]))

    assert preview.status_code == 404
    assert letter.status_code == 200  # the letter that was sent


def test_that_an_auditor_opened_a_letter_is_written_down() -> None:
    people = story.cast()
    dossier = story.sent(people)
    auditor = builders.user(Role.AUDITOR, agency=people.agency)
    client = Client()
    client.force_login(auditor)

    assert client.get(reverse("requests_app:letter", args=[dossier.uuid])).status_code == 200

    entry = AuditEntry.objects.get(action="dossier.read_numbers")
    assert entry.actor_uuid == auditor.uuid


def test_whose_desk_a_withdrawn_dossier_leaves_is_told() -> None:
    people = story.cast()
    dossier = story.sent(people)

    story.step(dossier, Action.WITHDRAW, people.clerk, reason="Gửi nhầm")

    event = dossier.events.get(action=Action.WITHDRAW)
    told = Notice.objects.filter(cause=f"dossier-event:{event.pk}")
    assert told.filter(recipient=people.officer).exists()
