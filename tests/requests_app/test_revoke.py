"""Mẫu 05 from draft to effect: what stops a row, what falls, the notice, the way back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from pypdf import PdfReader
from pytest_django import Settings

from devices.lifecycle import Custody
from devices.models import CustodyMove, Device
from portal.agencies.models import Subscriber
from portal.ca import services as ca
from portal.ca import tasks
from portal.ca.models import Certificate, Crl, RevocationReason
from portal.deadlines.models import Deadline, DeadlineKind
from portal.documents import services as documents
from portal.notices.models import Notice
from requests_app import execution, services
from requests_app.carrying_out import revoking
from requests_app.models import DeliveredPaper, Dossier, Outcome, Procedure
from requests_app.services.prefilling.revoke import row_of, rows_of
from requests_app.services.row_rules import revoke as row_rules
from requests_app.workflow import Action, Route, State
from tests import builders, story

pytestmark = pytest.mark.usefixtures("ca")

NOW = builders.NOW
SOON = NOW + timedelta(seconds=5)
CARD = {"issued_on": "25/08/2024", "issue_place": "CCSQLHCVTTXH"}
# Friday 20/11/2026, day 0; Tuesday 24/11 is off.
FIVE_WORKING_DAYS_LATER = date(2026, 11, 30)


def cast() -> story.Cast:
    return story.cast(procedure=Procedure.REVOKE)


def held(people: story.Cast, name: str = "Lò Văn Thử", **about: Any) -> Certificate:
    """A person's certificate at the body, in hand."""
    return story.give_certificate(builders.person(name, at=people.agency), **about)


def row(certificate: Certificate, **changes: str) -> Mapping[str, str]:
    """A right row for a person's certificate."""
    return {**row_of(certificate, cause="retired"), **CARD, **changes}


def draft(people: story.Cast, *rows: Mapping[str, str]) -> Dossier:
    return story.draft_of(people, "mau_05_revoke", rows)


def confirmed(people: story.Cast, *certificates: Certificate, refuse: int = 0) -> Dossier:
    """At the worker's door."""
    dossier = draft(people, *(row(one) for one in certificates))
    story.decide(story.send_in_ink(dossier, people), people, refuse=refuse)
    return story.confirm(dossier, people)


def stops(dossier: Dossier) -> list[tuple[int | None, str]]:
    """Return what stops the draft, by row."""
    found = services.violations_before_signing(dossier, now=NOW)
    return [(violation.row, violation.code) for violation in found]


def attach(dossier: Dossier, people: story.Cast, kind: str, *, to_row: int | None = None) -> None:
    dossier.refresh_from_db()
    item = dossier.items.get(position=to_row) if to_row else None
    services.attach(
        dossier,
        SimpleUploadedFile("don.pdf", story.blank_pdf(), content_type="application/pdf"),
        kind=kind,
        item_uuid=item.uuid if item else None,
        actor=people.clerk,
        now=NOW,
        version=dossier.version,
    )
    dossier.refresh_from_db()


def paper_of(dossier: Dossier) -> str:
    """Return the words of the notice."""
    notice = DeliveredPaper.objects.get(dossier=dossier)
    pages = PdfReader(BytesIO(documents.read(notice.document))).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


# What stops a row


def test_a_right_row_is_stopped_by_nothing() -> None:
    people = cast()

    assert stops(draft(people, row(held(people)))) == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"email": "khac@laichau.gov.vn"}, "email_differs"),
        ({"certificate_name": "Lò Văn Khác"}, "name_differs"),
        ({"identity_number": "012090099999"}, "identity_differs"),
        ({"device_serial": "BIT4ID-999999"}, "device_differs"),
        ({"device_serial": ""}, "device_differs"),
        ({"cause": "dissolved"}, "cause_of_another_subject"),
        ({"cause": "key_exposed"}, "no_own_request"),
        ({"cause": "proceedings", "reason": "Văn bản số 1"}, "no_authority_request"),
        ({"certificate_serial": "FFFFFFFFFFFFFFFF"}, "not_the_managing_agency"),
    ],
)
def test_a_row_that_is_not_as_the_register_has_it_is_stopped(
    changes: Mapping[str, str], code: str
) -> None:
    people = cast()

    assert stops(draft(people, row(held(people), **changes))) == [(1, code)]


def test_the_numbers_are_read_however_they_are_spaced_or_shortened() -> None:
    people = cast()
    certificate = held(people)
    Certificate.objects.filter(pk=certificate.pk).update(serial="00000000000A0B1C")
    certificate.refresh_from_db()
    device = Device.objects.get(key=certificate.key)

    spaced = row(certificate, device_serial=f" {device.serial.lower()} ")

    assert stops(draft(people, spaced)) == []


def test_the_persons_own_request_opens_the_way_for_its_row_alone() -> None:
    people = cast()
    exposed = [
        row(held(people, name), cause="key_exposed") for name in ("Lò Văn Một", "Lò Văn Hai")
    ]
    dossier = draft(people, *exposed)
    assert stops(dossier) == [(1, "no_own_request"), (2, "no_own_request")]

    attach(dossier, people, "own_request", to_row=2)

    assert stops(dossier) == [(1, "no_own_request")]


@pytest.mark.parametrize("to_row", [None, 1])
def test_a_proceedings_bodys_letter_may_lie_with_the_dossier_or_the_row(to_row: int | None) -> None:
    people = cast()
    asked = row(held(people), cause="proceedings", reason="Văn bản số 15/CSĐT")
    dossier = draft(people, asked)

    attach(dossier, people, "other", to_row=to_row)

    assert stops(dossier) == []


def test_anothers_certificate_is_not_known_from_one_that_does_not_exist() -> None:
    people, others = cast(), story.cast_beside(cast())
    dossier = draft(people, row(held(others)), row(held(people), certificate_serial="F" * 16))

    first, second = services.violations_before_signing(dossier, now=NOW)

    assert first.code == second.code == "not_the_managing_agency"
    assert first.message.replace(first.message.split("“")[1][:16], "F" * 16) == second.message


def test_of_a_certificate_revoked_already_nothing_more_is_said() -> None:
    people = cast()
    certificate = held(people)
    ca.revoke(certificate, RevocationReason.CESSATION, actor=None, now=NOW)

    assert stops(draft(people, row(certificate, email="khac@laichau.gov.vn"))) == [
        (1, "revoked_already")
    ]


def test_of_a_replaced_certificate_the_one_in_use_is_named() -> None:
    people = cast()
    old = held(people)
    new = successor_of(old)
    ca.revoke(old, RevocationReason.SUPERSEDED, actor=None, now=NOW)

    (found,) = services.violations_before_signing(draft(people, row(old)), now=NOW)

    assert found.code == "revoked_already"
    assert new.serial in found.way_out


@pytest.mark.parametrize(("days_left", "expected"), [(1, []), (-1, [(1, "expired_already")])])
def test_an_expired_certificate_needs_no_letter(
    days_left: int, expected: list[tuple[int, str]]
) -> None:
    people = cast()
    certificate = held(people)
    Certificate.objects.filter(pk=certificate.pk).update(
        not_before=NOW - timedelta(days=9), not_after=NOW + timedelta(days=days_left)
    )

    assert stops(draft(people, row(certificate))) == expected


def test_a_bodys_codes_are_those_on_record() -> None:
    people = cast()
    people.agency.versions.update(tax_code="0100233488", budget_code="")
    certificate = story.give_certificate(builders.organisation(people.agency))
    body = {**row_of(certificate, cause="agency", reason="Đổi tên"), "budget_code": "1234567"}

    assert stops(draft(people, body)) == []
    assert stops(draft(people, {**body, "tax_code": "0314409058"})) == [(1, "code_differs")]
    assert stops(draft(people, {**body, "tax_code": "", "budget_code": ""})) == [
        (1, "subscriber_not_named")
    ]


def test_one_open_letter_for_a_certificate_is_enough() -> None:
    people = cast()
    certificate = held(people)
    story.send_in_ink(draft(people, row(certificate)), people)

    assert stops(draft(people, row(certificate))) == [(1, "duplicate_open")]


def test_the_rows_are_judged_in_as_many_statements_however_many_there_are() -> None:
    people = cast()
    counts = []
    for many in (1, 20):
        dossier = draft(
            people, *(row(held(people, f"Lò Văn {n * 'A'}")) for n in range(1, many + 1))
        )
        with CaptureQueriesContext(connection) as queries:
            assert stops(dossier) == []
        counts.append(len(queries))

    assert counts[0] == counts[1]


def test_a_certificate_alone_is_judged_for_the_body_that_asks() -> None:
    people, others = cast(), story.cast_beside(cast())
    certificate = held(people)

    def codes(agency: Any) -> list[str]:
        found = row_rules.of_certificate(certificate, agency=agency, now=NOW)
        assert all(violation.row is None for violation in found)
        return [violation.code for violation in found]

    assert codes(people.agency) == []
    assert codes(others.agency) == ["not_the_managing_agency"]
    story.send_in_ink(draft(people, row(certificate)), people)
    assert codes(people.agency) == ["duplicate_open"]


def test_a_superior_asks_for_its_unit_without_a_seal() -> None:
    people = cast()
    unit = builders.agency(parent=people.agency, office=people.agency.office, has_seal=False)
    certificate = story.give_certificate(builders.person(at=unit))

    assert stops(draft(people, row(certificate))) == []


# Prefilling


def test_a_row_is_filled_from_the_register_and_the_row_it_was_issued_by() -> None:
    for key in ca.make_keys("token", 1, now=NOW):
        builders.device(key_pair=key)
    people = story.cast()
    issued = story.carried_out(story.drafted(people), people).items.get()
    assert issued.result is not None
    assert issued.device is not None

    assert row_of(issued.result, cause="retired", reason="Từ 01/12/2026") == {
        "certificate_name": issued.answers["full_name"],
        "identity_number": issued.answers["identity_number"],
        "issued_on": issued.answers["issued_on"],
        "issue_place": issued.answers["issue_place"],
        "tax_code": "",
        "budget_code": "",
        "email": issued.answers["email"],
        "certificate_serial": issued.result.serial,
        "device_serial": issued.device.serial,
        "cause": "retired",
        "reason": "Từ 01/12/2026",
    }


def test_many_rows_are_filled_in_as_many_statements_as_one() -> None:
    people = cast()
    made = [held(people, f"Lò Văn {number * 'B'}") for number in range(1, 11)]
    counts = []
    for some in (made[:1], made):
        with CaptureQueriesContext(connection) as queries:
            rows = rows_of(some)
        assert [one["certificate_serial"] for one in rows] == [one.serial for one in some]
        counts.append(len(queries))

    assert counts[0] == counts[1]


# What falls


def successor_of(certificate: Certificate) -> Certificate:
    """A certificate on the same key, as renewal and change leave it."""
    made = builders.certificate(subscriber=certificate.subscriber, key_pair=certificate.key)
    made.predecessor, made.issued_at = certificate, NOW
    made.save()
    return made


def test_an_accepted_row_revokes_and_the_next_list_says_so() -> None:
    people = cast()
    certificate, neighbour = held(people), held(people, "Lò Văn Bên")
    dossier = confirmed(people, certificate)

    assert execution.execute_accepted(now=SOON) == 1

    certificate.refresh_from_db()
    neighbour.refresh_from_db()
    assert certificate.revoked_at is not None
    assert certificate.revocation_reason == RevocationReason.CESSATION
    assert neighbour.revoked_at is None
    dossier.refresh_from_db()
    assert dossier.state == State.COMPLETED
    lists = Crl.objects.count()
    tasks.publish_crl()
    assert Crl.objects.count() == lists + 1
    certificate.refresh_from_db()
    assert certificate.crl_number is not None


@pytest.mark.parametrize(
    ("cause", "reason"),
    [
        ("key_exposed", RevocationReason.KEY_COMPROMISE),
        ("device_lost", RevocationReason.KEY_COMPROMISE),
        ("device_damaged", RevocationReason.UNSPECIFIED),
        ("position_changed", RevocationReason.AFFILIATION_CHANGED),
        ("left", RevocationReason.CESSATION),
        ("agency", RevocationReason.UNSPECIFIED),
    ],
)
def test_ocsp_and_list_say_why_by_the_cause(cause: str, reason: RevocationReason) -> None:
    people = cast()
    certificate = held(people)
    dossier = draft(people, row(certificate, cause=cause, reason="Như biên bản"))
    attach(dossier, people, "own_request", to_row=1)

    story.carried_out(dossier, people)

    certificate.refresh_from_db()
    assert certificate.revocation_reason == reason


def test_every_certificate_on_the_key_falls_with_the_one_that_is_named() -> None:
    people = cast()
    old = held(people)
    new = successor_of(old)
    dossier = confirmed(people, old)

    execution.execute_accepted(now=SOON)

    for certificate in (old, new):
        certificate.refresh_from_db()
        assert certificate.revoked_at == old.revoked_at is not None
    notice = paper_of(dossier)
    assert old.serial in notice
    assert new.serial in notice


def test_a_row_whose_certificate_fell_meanwhile_is_done_and_says_since_when() -> None:
    people = cast()
    certificate = held(people)
    dossier = confirmed(people, certificate)
    before = NOW - timedelta(hours=1)
    ca.revoke(certificate, RevocationReason.KEY_COMPROMISE, actor=None, now=before)

    execution.execute_accepted(now=SOON)

    item = dossier.items.get()
    assert (item.outcome, item.outcome_reason) == (
        Outcome.DONE,
        "Đã bị thu hồi từ ngày 20/11/2026.",
    )
    certificate.refresh_from_db()
    assert certificate.revoked_at == before
    assert certificate.revocation_reason == RevocationReason.KEY_COMPROMISE
    assert "Đã bị thu hồi từ ngày 20/11/2026." in paper_of(dossier)


def test_a_row_whose_certificate_expired_meanwhile_is_done_and_nothing_is_revoked() -> None:
    people = cast()
    certificate = held(people, days_left=1)
    dossier = confirmed(people, certificate)
    after = NOW + timedelta(days=2)

    execution.execute_accepted(now=after)

    item = dossier.items.get()
    assert item.outcome == Outcome.DONE
    assert "Đã hết hạn" in item.outcome_reason
    certificate.refresh_from_db()
    assert certificate.revoked_at is None


def moved_away(certificate: Certificate, elsewhere: story.Cast) -> None:
    """The person works elsewhere now, and the new body had the certificate changed (R41)."""
    new = successor_of(certificate)
    new.agency = elsewhere.agency
    new.save()
    Subscriber.objects.filter(pk=certificate.subscriber_id).update(agency=elsewhere.agency)


def test_who_moved_to_another_body_meanwhile_keeps_the_certificate() -> None:
    people = cast()
    elsewhere = story.cast_beside(people)
    moved, stayed = held(people), held(people, "Lò Văn Ở")
    dossier = confirmed(people, moved, stayed)
    moved_away(moved, elsewhere)

    execution.execute_accepted(now=SOON)

    dossier.refresh_from_db()
    assert dossier.state == State.EXECUTION_FAILED
    outcomes = dict(dossier.items.values_list("title", "outcome"))
    assert outcomes == {"Lò Văn Thử": "failed", "Lò Văn Ở": "done"}
    assert not Certificate.objects.revoked().filter(key=moved.key).exists()
    # What fell waits for its notice until the whole letter is answered.
    assert not DeliveredPaper.objects.exists()


def test_a_failed_row_that_is_refused_then_ends_the_dossier_with_both_papers() -> None:
    people = cast()
    moved, stayed = held(people), held(people, "Lò Văn Ở")
    dossier = confirmed(people, moved, stayed)
    moved_away(moved, story.cast_beside(people))
    execution.execute_accepted(now=SOON)
    dossier.refresh_from_db()
    failed = dossier.items.get(outcome=Outcome.FAILED)
    services.decide_rows(
        dossier,
        {failed.uuid: ("refused", "Đã chuyển sang cơ quan khác")},
        actor=people.operator,
        now=SOON,
        version=dossier.version,
    )
    story.step(dossier, Action.DECIDE, people.operator)
    story.confirm(dossier, people)

    execution.execute_accepted(now=SOON + timedelta(minutes=1))

    dossier.refresh_from_db()
    assert dossier.state == State.PARTLY_COMPLETED
    assert stayed.serial in paper_of(dossier)
    assert moved.serial not in paper_of(dossier)
    assert Deadline.objects.open().get(kind=DeadlineKind.DEVICE_RETURN).agency == people.agency


def test_accepted_and_refused_rows_end_side_by_side() -> None:
    people = cast()
    falls, stays = held(people), held(people, "Lò Văn Ở")
    dossier = confirmed(people, falls, stays, refuse=1)

    execution.execute_accepted(now=SOON)

    dossier.refresh_from_db()
    stays.refresh_from_db()
    assert dossier.state == State.PARTLY_COMPLETED
    assert stays.revoked_at is None
    refusal = dossier.events.get(action=Action.COMPLETE_PARTLY).document
    assert refusal is not None
    words = " ".join(PdfReader(BytesIO(documents.read(refusal))).pages[0].extract_text().split())
    assert "Lò Văn Ở" in words
    assert "Sai tên đơn vị" in words
    assert "Lò Văn Thử" not in words
    assert "1 trường hợp không được chấp nhận" in paper_of(dossier)
    assert Device.objects.get(key=stays.key).custody == Custody.WITH_SUBSCRIBER


def test_what_is_withdrawn_in_time_changes_nothing() -> None:
    people = cast()
    certificate = held(people)
    dossier = story.send_in_ink(draft(people, row(certificate)), people)

    story.step(dossier, Action.WITHDRAW, people.clerk, reason="Người này ở lại làm việc")

    certificate.refresh_from_db()
    assert dossier.state == State.WITHDRAWN
    assert certificate.revoked_at is None
    assert not Deadline.objects.open().exists()
    assert stops(draft(people, row(certificate))) == []


# The notice and the way back


def test_with_the_notice_the_five_working_days_begin() -> None:
    people = cast()
    certificate = held(people)
    dossier = confirmed(people, certificate)

    execution.execute_accepted(now=SOON)

    notice = DeliveredPaper.objects.get(dossier=dossier)
    device = Device.objects.get(key=certificate.key)
    clock = Deadline.objects.open().get(target_uuid=device.uuid)
    assert SOON <= notice.delivered_at < SOON + timedelta(minutes=1)
    assert device.custody == Custody.TO_BE_RETURNED
    assert (clock.kind, clock.agency) == (DeadlineKind.DEVICE_RETURN, people.agency)
    assert (clock.received_on, clock.due_on) == (builders.TODAY, FIVE_WORKING_DAYS_LATER)
    move = CustodyMove.objects.filter(device=device).latest("pk")
    assert move.document_uuid == dossier.uuid
    assert Notice.objects.filter(recipient=people.clerk, title__startswith="Thông báo thu").exists()


def test_the_notice_says_what_fell_and_when_and_tells_no_personal_number() -> None:
    people = cast()
    certificate = held(people)
    device = Device.objects.get(key=certificate.key)
    dossier = confirmed(people, certificate)

    execution.execute_accepted(now=SOON)

    words = paper_of(dossier)
    for expected in (
        "THÔNG BÁO",
        "ngày 20 tháng 11 năm 2026",
        "số 12/UBND-VHXH ngày 20/11/2026",
        certificate.serial,
        device.serial,
        "Nghỉ hưu",
        "09:00:05 20/11/2026",
        "05 ngày làm việc",
        "Mẫu số 08",
        "Mẫu số 09",
        "chưa đối chiếu",
    ):
        assert expected in words
    assert certificate.subscriber.identity_number not in words
    assert "/…" in words  # its number comes from the issuer's own book


def test_what_lies_in_no_device_has_nothing_to_give_back() -> None:
    people = cast()
    certificate = held(people, storage="rssp")
    dossier = confirmed(people, certificate)

    execution.execute_accepted(now=SOON)

    assert "05 ngày làm việc" not in paper_of(dossier)
    assert not Deadline.objects.open().filter(kind=DeadlineKind.DEVICE_RETURN).exists()


def test_by_delegation_the_office_decides_and_its_name_is_on_the_notice() -> None:
    people = story.cast(Route.OFFICE_ONLY, procedure=Procedure.REVOKE)
    certificate = held(people)
    dossier = confirmed(people, certificate)

    execution.execute_accepted(now=SOON)

    assert people.officer.agency.name in paper_of(dossier)
    certificate.refresh_from_db()
    assert certificate.revoked_at is not None


# Faults


def test_a_worker_killed_inside_the_transaction_leaves_everything_as_it_was() -> None:
    people = cast()
    certificate = held(people)
    dossier = confirmed(people, certificate)
    assert execution.begin(dossier.pk, now=SOON)

    with transaction.atomic():
        assert revoking.do_chunk(dossier.pk, execution.next_chunk(dossier.pk), now=SOON) == 1
        transaction.set_rollback(True)

    certificate.refresh_from_db()
    assert certificate.revoked_at is None
    assert dossier.items.get().outcome == Outcome.NONE
    after = SOON + timedelta(minutes=10)
    assert execution.execute_accepted(now=after) == 1
    certificate.refresh_from_db()
    assert certificate.revoked_at is not None


def test_a_worker_killed_between_rows_is_followed_by_one_that_does_the_rest(
    settings: Settings,
) -> None:
    settings.EXECUTION_CHUNK = 1
    people = cast()
    certificates = [held(people, f"Lò Văn {letter}") for letter in ("An", "Bình", "Chi")]
    dossier = confirmed(people, *certificates)
    assert execution.begin(dossier.pk, now=SOON)
    revoking.do_chunk(dossier.pk, execution.next_chunk(dossier.pk), now=SOON)
    assert Certificate.objects.revoked().count() == 1

    after = SOON + timedelta(minutes=10)
    assert execution.execute_accepted(now=after) == 2

    moments = dict(Certificate.objects.revoked().values_list("serial", "revoked_at"))
    assert len(moments) == 3
    assert moments[certificates[0].serial] == SOON
    dossier.refresh_from_db()
    assert dossier.state == State.COMPLETED
    assert DeliveredPaper.objects.get().delivered_at >= after
    assert Deadline.objects.open().filter(kind=DeadlineKind.DEVICE_RETURN).count() == 3


def test_a_notice_that_cannot_be_kept_holds_everything_that_begins_with_it(
    settings: Settings, tmp_path: Path
) -> None:
    people = cast()
    certificate = held(people)
    dossier = confirmed(people, certificate)
    full = tmp_path / "full"
    full.write_text("no folder")
    kept = settings.STORAGES
    settings.STORAGES = {
        **kept,
        "default": {**kept["default"], "OPTIONS": {"location": str(full), "base_url": None}},
    }

    execution.execute_accepted(now=SOON)

    device = Device.objects.get(key=certificate.key)
    dossier.refresh_from_db()
    assert dossier.state == State.EXECUTING
    assert device.custody == Custody.WITH_SUBSCRIBER
    assert not DeliveredPaper.objects.exists()
    settings.STORAGES = kept
    execution.execute_accepted(now=SOON + timedelta(minutes=10))
    dossier.refresh_from_db()
    device.refresh_from_db()
    assert dossier.state == State.COMPLETED
    assert device.custody == Custody.TO_BE_RETURNED


def test_a_chunk_takes_as_many_statements_however_many_rows_it_has() -> None:
    people = cast()
    counts = []
    for many in (2, 20):
        dossier = confirmed(
            people, *(held(people, f"Lò Văn {n * 'C'}") for n in range(1, many + 1))
        )
        assert execution.begin(dossier.pk, now=SOON)
        chunk = execution.next_chunk(dossier.pk)
        with CaptureQueriesContext(connection) as queries:
            assert revoking.do_chunk(dossier.pk, chunk, now=SOON) == many
        counts.append(len(queries))

    assert counts[0] == counts[1]
