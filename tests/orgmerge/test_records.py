"""The list for the CA goes first; dossiers, people and devices pass with a record of two sides."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from orgmerge.models import Merger, RecordsHandover
from orgmerge.succession import agency_list, records
from orgmerge.succession.effective_day import take_effect
from orgmerge.succession.handover import hand_over
from orgmerge.vocabulary import MergerState
from portal.audit.models import AuditEntry
from portal.core.roles import Role
from portal.core.rules import Refused
from requests_app.models import Dossier
from requests_app.workflow import State
from tests import builders, story
from tests.builders import NOW, TODAY
from tests.orgmerge import approved
from tests.orgmerge.approved import ON_THE_DAY, Scene

pytestmark = pytest.mark.django_db


def handed_over(at: Scene) -> RecordsHandover:
    take_effect(now=ON_THE_DAY)
    hand_over(now=ON_THE_DAY)
    records.make_records(now=ON_THE_DAY)
    return RecordsHandover.objects.select_related("body__agency").get()


def signed_scan() -> SimpleUploadedFile:
    return SimpleUploadedFile("bien-ban.pdf", story.blank_pdf(), content_type="application/pdf")


def test_the_list_has_every_body_before_and_after() -> None:
    at = approved.scene("XÃ MỘT", "XÃ HAI")
    at.olds[0].versions.update(agency_code="H12.1")
    at.merger.bodies.update(agency_code="H12.9")
    Merger.objects.update(contact_name="Lò Thị Đầu Mối")

    at.office.signers.create(name="Lò A", form="deputy", title="PHÓ GIÁM ĐỐC", valid_from=TODAY)

    letter = agency_list.letter_of(Merger.objects.get(), on=TODAY)

    assert [row[1:] for row in letter.rows] == [
        ["XÃ MỘT", "H12.1", "UBND XÃ MỚI", "H12.9", "Chuyển toàn bộ"],
        ["XÃ HAI", "", "UBND XÃ MỚI", "H12.9", "Chuyển toàn bộ"],
    ]
    assert letter.contact == [[("Đầu mối", "Lò Thị Đầu Mối")]]
    assert letter.number == ""
    assert letter.signer_name == "Lò A"  # recorded: the head's lines are not what is signed under
    assert letter.signer_lines[-1] == "PHÓ GIÁM ĐỐC"
    assert letter.layout_note


def test_a_moment_before_the_approval_has_no_list_to_print() -> None:
    at = approved.scene("XÃ MỘT")
    assert at.merger.approved_at is not None

    assert agency_list.make_lists(now=at.merger.approved_at - timedelta(minutes=1)) == 0
    assert agency_list.make_lists(now=at.merger.approved_at) == 1


def test_the_list_is_printed_once_for_each_approval() -> None:
    at = approved.scene("XÃ MỘT")

    assert agency_list.make_lists(now=NOW) == 1
    assert agency_list.make_lists(now=NOW) == 0
    Merger.objects.update(approved_at=NOW + timedelta(days=1))
    assert agency_list.make_lists(now=NOW + timedelta(days=2)) == 1

    at.merger.refresh_from_db()
    assert at.merger.list_document is not None


def test_what_was_said_to_be_sent_before_it_was_printed_is_printed_still_and_stays() -> None:
    at = approved.scene("XÃ MỘT")
    agency_list.record_sent(at.merger, number="15", sent_on=TODAY, actor=at.officer, now=NOW)

    assert agency_list.make_lists(now=NOW) == 1
    Merger.objects.update(approved_at=NOW + timedelta(days=1))
    assert agency_list.make_lists(now=NOW + timedelta(days=2)) == 0


def test_an_officer_notes_with_which_letter_the_list_went() -> None:
    at = approved.scene("XÃ MỘT")

    agency_list.record_sent(
        at.merger, number="15/SKHCN-CNTT", sent_on=TODAY, actor=at.officer, now=NOW
    )

    at.merger.refresh_from_db()
    assert (at.merger.list_number, at.merger.list_sent_on) == ("15/SKHCN-CNTT", TODAY)
    assert AuditEntry.objects.get(action="merger.send_list").actor_uuid == at.officer.uuid


@pytest.mark.parametrize(
    ("number", "days", "state", "code"),
    [
        ("", 0, MergerState.APPROVED, "no_number"),
        ("15", 1, MergerState.APPROVED, "odd_day"),
        ("15", -300, MergerState.APPROVED, "odd_day"),
        ("15", 0, MergerState.DRAFT, "not_approved"),
    ],
)
def test_what_cannot_be_is_not_noted(number: str, days: int, state: MergerState, code: str) -> None:
    at = approved.scene("XÃ MỘT")
    Merger.objects.update(state=state)

    with pytest.raises(Refused) as refusal:
        agency_list.record_sent(
            at.merger, number=number, sent_on=TODAY + timedelta(days=days), actor=at.officer,
            now=NOW,
        )  # fmt: skip

    assert [one.code for one in refusal.value.violations] == [code]
    at.merger.refresh_from_db()
    assert at.merger.list_sent_on is None


def test_the_record_lists_dossiers_people_and_devices() -> None:
    at = approved.scene("XÃ MỘT")
    person = builders.person(at=at.olds[0])
    certificate = builders.certificate(subscriber=person)
    builders.in_hands_of(person, certificate.key)
    for kind in ("mau_01_person", "mau_05_revoke"):
        builders.dossier(agency=at.olds[0], kind=kind, state=State.COMPLETED)
    Dossier.objects.update(sent_at=NOW)
    builders.dossier(agency=at.olds[0])  # a draft is no record

    handover = handed_over(at)

    assert handover.counts == {"dossiers": {"01": 1, "05": 1}, "subscribers": 1, "devices": 1}
    assert handover.record is not None
    share = at.merger.shares.select_related("merger", "old", "new__agency").get()
    letter = records.letter_of(share, records.lists_of(share))
    assert (letter.agency, letter.kind_of_document) == ("UBND XÃ MỚI", "BIÊN BẢN")
    assert [party.label for party in letter.parties] == ["BÊN GIAO", "BÊN NHẬN"]
    assert "Xã Một (bên giao)" in letter.opening[0]


def test_a_record_is_made_once() -> None:
    at = approved.scene("XÃ MỘT")
    handed_over(at)

    assert records.make_records(now=ON_THE_DAY) == 0

    assert RecordsHandover.objects.count() == 1


def test_the_receiving_clerk_hands_the_signed_record_in() -> None:
    handover = handed_over(approved.scene("XÃ MỘT"))
    clerk = builders.user(Role.CLERK, agency=handover.body.agency)

    records.keep_signed(handover, signed_scan(), actor=clerk, now=ON_THE_DAY)

    handover.refresh_from_db()
    assert (handover.signed_by, handover.signed_at) == (clerk, ON_THE_DAY)
    with pytest.raises(Refused) as refusal:
        records.keep_signed(handover, signed_scan(), actor=clerk, now=ON_THE_DAY)
    assert refusal.value.violations[0].code == "signed_already"


def test_nobody_else_hands_it_in() -> None:
    at = approved.scene("XÃ MỘT")
    handover = handed_over(at)

    with pytest.raises(PermissionDenied):
        records.keep_signed(handover, signed_scan(), actor=at.officer, now=ON_THE_DAY)
    stranger = builders.user(Role.CLERK)
    with pytest.raises(RecordsHandover.DoesNotExist):
        records.keep_signed(handover, signed_scan(), actor=stranger, now=ON_THE_DAY)


def test_the_pages_say_what_to_do_next() -> None:
    at = approved.scene("XÃ MỘT")
    agency_list.make_lists(now=NOW)
    officer = Client()
    officer.force_login(at.officer)
    page = reverse("orgmerge:records", args=[at.merger.uuid])

    assert (
        reverse("orgmerge:list_letter", args=[at.merger.uuid]) in officer.get(page).content.decode()
    )
    sent = officer.post(
        reverse("orgmerge:send_list", args=[at.merger.uuid]),
        {"number": "15/SKHCN", "sent_on": f"{at.merger.decided_on:%d/%m/%Y}"},
    )
    assert sent.status_code == 302
    handover = handed_over(at)
    clerk = Client()
    clerk.force_login(builders.user(Role.CLERK, agency=handover.body.agency))
    record = reverse("orgmerge:record", args=[at.merger.uuid, handover.uuid])
    assert record in clerk.get(page).content.decode()
    assert "multipart/form-data" in clerk.get(record).content.decode()
    kept = clerk.post(
        reverse("orgmerge:keep_signed", args=[at.merger.uuid, handover.uuid]),
        {"file": signed_scan()},
    )
    assert kept.status_code == 302
    signed = clerk.get(
        reverse("orgmerge:record_file", args=[at.merger.uuid, handover.uuid]) + "?signed"
    )
    assert signed["Content-Type"] == "application/pdf"


def test_a_problem_is_shown_with_a_button() -> None:
    at = approved.scene("XÃ MỘT")
    builders.agency(office=at.office).versions.update(agency_code="H12.3.4")
    at.merger.bodies.update(agency_code="H12.3.4")
    take_effect(now=ON_THE_DAY)
    officer = Client()
    officer.force_login(at.officer)

    page = officer.get(reverse("orgmerge:records", args=[at.merger.uuid])).content.decode()

    assert "H12.3.4" in page
    at.merger.refresh_from_db()
    tried = officer.post(
        reverse("orgmerge:try_again", args=[at.merger.uuid]), {"version": at.merger.version}
    )
    assert tried.status_code == 302
    assert not at.merger.bodies.exclude(problem="").exists()
