"""Mẫu 05 carried out: what falls, the notice, the way back, faults."""

from __future__ import annotations

from datetime import date, timedelta
from io import BytesIO
from pathlib import Path

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from pypdf import PdfReader
from pytest_django import Settings

from devices.lifecycle import Custody
from devices.models import CustodyMove, Device
from portal.agencies.models import Subscriber
from portal.ca import tasks
from portal.ca.models import Certificate, Crl, RevocationReason
from portal.ca.register import services as ca
from portal.deadlines.models import Deadline, DeadlineKind
from portal.documents import services as documents
from portal.notices.models import Notice
from requests_app.catalogue.mau_05_revoke import effect as revoking
from requests_app.decision.services import decide_rows
from requests_app.execution import services as execution
from requests_app.models import DeliveredPaper, Outcome, Procedure
from requests_app.workflow import Action, Route, State
from tests import builders, story
from tests.requests_app.revocations import (
    NOW,
    SOON,
    attach,
    cast,
    confirmed,
    draft,
    held,
    paper_of,
    row,
    stops,
    successor_of,
)

pytestmark = pytest.mark.usefixtures("ca")

# Friday 20/11/2026, day 0; Tuesday 24/11 is off.
FIVE_WORKING_DAYS_LATER = date(2026, 11, 30)


# What falls


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


@pytest.mark.paper
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


@pytest.mark.paper
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


@pytest.mark.paper
def test_a_failed_row_that_is_refused_then_ends_the_dossier_with_both_papers() -> None:
    people = cast()
    moved, stayed = held(people), held(people, "Lò Văn Ở")
    dossier = confirmed(people, moved, stayed)
    moved_away(moved, story.cast_beside(people))
    execution.execute_accepted(now=SOON)
    dossier.refresh_from_db()
    failed = dossier.items.get(outcome=Outcome.FAILED)
    decide_rows(
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


def test_an_open_letter_of_a_body_that_ceased_goes_on() -> None:
    people = cast()
    certificate = held(people)
    dossier = draft(people, row(certificate))
    story.decide(story.send_in_ink(dossier, people), people)
    people.agency.dissolved_on = builders.TODAY
    people.agency.save()

    story.confirm(dossier, people)
    execution.execute_accepted(now=SOON)

    dossier.refresh_from_db()
    certificate.refresh_from_db()
    assert dossier.state == State.COMPLETED
    assert certificate.revoked_at is not None


@pytest.mark.paper
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


@pytest.mark.paper
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


@pytest.mark.paper
def test_what_lies_in_no_device_has_nothing_to_give_back() -> None:
    people = cast()
    certificate = held(people, storage="rssp")
    dossier = confirmed(people, certificate)

    execution.execute_accepted(now=SOON)

    assert "05 ngày làm việc" not in paper_of(dossier)
    assert not Deadline.objects.open().filter(kind=DeadlineKind.DEVICE_RETURN).exists()


@pytest.mark.paper
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
