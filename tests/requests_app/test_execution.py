"""Carrying out: every row once, neighbours untouched by a failure, resumable."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography import x509
from django.conf import settings
from django.test import Client
from django.urls import reverse

from devices.lifecycle import Custody
from devices.models import CustodyMove, Device
from portal.accounts.models import User
from portal.agencies.models import Subscriber
from portal.ca.authority import services as authority
from portal.ca.models import Certificate
from portal.ca.register import services as ca
from portal.core.rules import Refused
from portal.deadlines.models import Deadline
from requests_app.decision.services import decide_rows
from requests_app.execution import issuance
from requests_app.execution import services as execution
from requests_app.kinds.certificate_names import certificate_names
from requests_app.models import Dossier, DossierItem, Outcome
from requests_app.submission import checks
from requests_app.workflow import Action, State
from tests import builders, story

pytestmark = pytest.mark.usefixtures("ca")

SOON = builders.NOW + timedelta(seconds=5)


def _stock(count: int) -> None:
    for key in ca.make_keys("token", count, now=builders.NOW):
        builders.device(key_pair=key)


def test_each_accepted_row_gets_a_real_certificate_on_a_device_of_its_own() -> None:
    _stock(3)
    people = story.cast()
    dossier = story.confirmed(people, rows=3)

    assert execution.execute_accepted(now=SOON) == 3

    dossier.refresh_from_db()
    assert dossier.state == State.COMPLETED
    certificates = list(Certificate.objects.all())
    assert len({certificate.key_id for certificate in certificates}) == 3
    for item in dossier.items.select_related("result", "device"):
        assert item.outcome == Outcome.DONE
        assert item.result is not None
        parsed = x509.load_der_x509_certificate(bytes(item.result.der))
        assert f"{parsed.serial_number:016X}" == item.serial == item.result.serial
        assert item.device is not None
        assert item.device.custody == Custody.ALLOCATED
        assert item.device.agency == people.agency
    assert CustodyMove.objects.filter(document_uuid=dossier.uuid).count() == 3
    assert Subscriber.objects.filter(identity_hash__isnull=False).count() == 3


def test_a_second_sweep_does_nothing() -> None:
    _stock(2)
    story.confirmed(story.cast(), rows=2)
    execution.execute_accepted(now=SOON)

    assert execution.execute_accepted(now=SOON) == 0

    assert Certificate.objects.count() == 2


def test_a_row_without_a_device_fails_alone_and_a_retry_finishes_it() -> None:
    _stock(1)
    people = story.cast()
    dossier = story.confirmed(people, rows=2)

    execution.execute_accepted(now=SOON)

    dossier.refresh_from_db()
    assert dossier.state == State.EXECUTION_FAILED
    outcomes = list(dossier.items.values_list("outcome", flat=True))
    assert outcomes == [Outcome.DONE, Outcome.FAILED]
    _stock(1)
    story.step(dossier, Action.RETRY, people.operator)
    execution.execute_accepted(now=SOON)
    dossier.refresh_from_db()
    assert dossier.state == State.COMPLETED
    assert Certificate.objects.count() == 2
    assert Device.objects.filter(custody=Custody.ALLOCATED).count() == 2


def test_refused_rows_end_refused_beside_their_issued_neighbours_with_a_written_notice() -> None:
    _stock(3)
    dossier = story.confirmed(story.cast(), rows=3, refuse=1)

    execution.execute_accepted(now=SOON)

    dossier.refresh_from_db()
    assert dossier.state == State.PARTLY_COMPLETED
    assert list(dossier.items.values_list("outcome", flat=True)) == ["done", "done", "refused"]
    assert dossier.events.get(action=Action.COMPLETE_PARTLY).document is not None


def test_a_worker_that_died_before_recording_is_followed_by_one_that_issues_nothing_twice() -> None:
    _stock(2)
    dossier = story.confirmed(story.cast(), rows=2)
    _die_before_recording(dossier.pk)
    assert Certificate.objects.count() == 0

    after = SOON + settings.EXECUTION_LEASE + timedelta(seconds=1)
    assert execution.execute_accepted(now=SOON + timedelta(seconds=1)) == 0  # the lease stands
    assert execution.execute_accepted(now=after) == 2

    assert Certificate.objects.count() == 2
    assert Device.objects.filter(custody=Custody.ALLOCATED).count() == 2


def _die_before_recording(pk: int) -> None:
    """Do what a worker does up to the answer of the CA, and no more."""
    assert execution.begin(pk, now=SOON)
    dossier = Dossier.objects.get(pk=pk)
    items = issuance.prepare(pk, {}, set(), execution.next_chunk(pk), now=SOON)
    authority.own().issue_many(
        [
            issuance.order_of(dossier, item, certificate_names(dossier, now=SOON), now=SOON)
            for item in items
        ],
        now=SOON,
    )


def test_a_row_the_database_refuses_fails_alone() -> None:
    _stock(5)
    people = story.cast()
    dossier = story.confirmed(people, rows=5)
    third = dossier.items.get(position=3)
    other = DossierItem.objects.get(dossier=dossier, position=4)
    clashing = _certificate_with_key(other.request_key)

    execution.execute_accepted(now=SOON)

    dossier.refresh_from_db()
    assert dossier.state == State.EXECUTION_FAILED
    outcomes = dict(dossier.items.values_list("position", "outcome"))
    assert outcomes == {1: "done", 2: "done", 3: "done", 4: "failed", 5: "done"}
    third.refresh_from_db()
    assert third.result is not None
    assert clashing.request_key == other.request_key


def _certificate_with_key(request_key: str) -> Certificate:
    """A certificate that already bears the row's request key: recording another one clashes."""
    certificate = builders.certificate()
    Certificate.objects.filter(pk=certificate.pk).update(request_key=request_key)
    certificate.refresh_from_db()
    return certificate


def test_the_days_of_a_certificate_are_those_it_was_signed_with_before_a_crash() -> None:
    _stock(1)
    dossier = story.confirmed(story.cast(), rows=1)
    _die_before_recording(dossier.pk)

    execution.execute_accepted(now=SOON + timedelta(days=2))

    certificate = Certificate.objects.get()
    signed = x509.load_der_x509_certificate(bytes(certificate.der))
    assert certificate.not_before == signed.not_valid_before_utc == SOON
    assert certificate.not_after == signed.not_valid_after_utc


def test_a_row_that_can_never_be_done_is_refused_after_all_by_two_people() -> None:
    _stock(1)
    people = story.cast()
    dossier = story.confirmed(people, rows=2)
    execution.execute_accepted(now=SOON)
    failed = dossier.items.get(outcome=Outcome.FAILED)
    dossier.refresh_from_db()

    decide_rows(
        dossier,
        {failed.uuid: ("refused", "Kho không còn thiết bị loại này")},
        actor=people.operator,
        now=SOON,
        version=dossier.version,
    )
    story.step(dossier, Action.DECIDE, people.operator, now=SOON)
    story.step(dossier, Action.CONFIRM, people.supervisor, now=SOON)
    execution.execute_accepted(now=SOON)

    dossier.refresh_from_db()
    assert dossier.state == State.PARTLY_COMPLETED
    assert list(dossier.items.values_list("outcome", flat=True)) == ["done", "refused"]
    assert dossier.events.get(action=Action.COMPLETE_PARTLY).document is not None
    assert not Deadline.objects.open().filter(target_type="dossier").exists()


def test_what_was_carried_out_is_neither_decided_anew_nor_sent_back() -> None:
    _stock(1)
    people = story.cast()
    dossier = story.confirmed(people, rows=2)
    execution.execute_accepted(now=SOON)
    dossier.refresh_from_db()
    done = dossier.items.get(outcome=Outcome.DONE)

    decide_rows(
        dossier,
        {item.uuid: ("refused", "Nhầm") for item in dossier.items.all()},
        actor=people.operator,
        now=SOON,
        version=dossier.version,
    )
    story.step(dossier, Action.DECIDE, people.operator, now=SOON)
    story.step(dossier, Action.SEND_BACK, people.supervisor, reason="Xem lại", now=SOON)

    done.refresh_from_db()
    assert done.decision == "accepted"
    with pytest.raises(Refused) as refusal:
        story.step(dossier, Action.RETURN, people.operator, reason="Sai", now=SOON)
    assert [violation.code for violation in refusal.value.violations] == ["partly_done"]


def test_the_ca_alone_is_told_that_a_person_holds_a_certificate_already() -> None:
    _stock(2)
    people = story.cast()
    story.confirmed(people, rows=1)
    execution.execute_accepted(now=SOON)
    elsewhere = story.cast_beside(people)
    again = story.sent(elsewhere, rows=1)

    def looked_at(reader: User) -> list[str]:
        lines = checks.checks(again, reader=reader, now=SOON)
        return [line.message for line in lines if "Đang có chứng thư" in line.message]

    assert len(looked_at(people.operator)) == 1
    assert looked_at(elsewhere.officer) == []


def test_the_review_page_of_a_failed_dossier_offers_what_was_not_done_and_says_why() -> None:
    _stock(1)
    people = story.cast()
    dossier = story.confirmed(people, rows=2)
    execution.execute_accepted(now=SOON)
    failed = dossier.items.get(outcome=Outcome.FAILED)
    done = dossier.items.get(outcome=Outcome.DONE)
    client = Client()
    client.force_login(people.operator)

    page = client.get(reverse("requests_app:review", args=[dossier.uuid])).text

    assert f'name="{failed.uuid}-decision"' in page
    assert f'name="{done.uuid}-decision"' not in page
    assert failed.outcome_reason in page
