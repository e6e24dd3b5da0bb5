"""Trouble, and what the ledger says of it."""

from __future__ import annotations

import pytest

from devices import services
from devices.lifecycle import Condition, Custody, Move, has_a_page
from devices.models import CustodyMove, Device
from portal.accounts.models import User
from portal.audit.models import AuditEntry
from portal.ca.models import Certificate, VirtualToken
from portal.core.roles import Role
from portal.core.rules import Refused
from portal.notices.models import Notice
from tests import builders
from tests.builders import NOW
from tests.devices.builders import device_at, stock

pytestmark = pytest.mark.django_db


def codes(refusal: pytest.ExceptionInfo[Refused]) -> set[str]:
    return {violation.code for violation in refusal.value.violations}


def clerk_of(device: Device) -> User:
    return builders.user(Role.CLERK, agency=device.agency)


def report_lost(device: Device) -> User:
    clerk = clerk_of(device)
    services.make_move(device, Move.REPORT_LOST, reason="Mất trên xe", actor=clerk, now=NOW)
    device.refresh_from_db()
    return clerk


def test_who_records_a_lock_is_not_told_of_it() -> None:
    device = device_at(Custody.WITH_SUBSCRIBER)
    clerk, colleague = clerk_of(device), clerk_of(device)
    services.make_move(device, Move.LOCK, reason="Nhập sai", actor=clerk, now=NOW)
    told = {one.recipient for one in Notice.objects.all()}
    assert colleague in told
    assert clerk not in told


def test_a_loss_needs_a_reason_and_the_ca_and_the_office_are_told() -> None:
    device = device_at(Custody.WITH_SUBSCRIBER)
    operator = builders.user(Role.CA_OPERATOR)
    officer = builders.user(Role.OFFICE_OFFICER, agency=device.office)

    with pytest.raises(Refused) as refusal:
        services.make_move(device, Move.REPORT_LOST, reason=" ", actor=clerk_of(device), now=NOW)
    assert codes(refusal) == {"no_reason"}
    report_lost(device)

    assert (device.custody, device.condition) == (Custody.WITH_SUBSCRIBER, Condition.LOST)
    told = Notice.objects.filter(cause__startswith="device_report_lost")
    assert {notice.recipient for notice in told} >= {operator, officer}
    assert AuditEntry.objects.filter(action="device.report_lost").count() == 1


@pytest.mark.parametrize("before", [Condition.OK, Condition.LOCKED, Condition.DAMAGED])
def test_a_found_device_returns_to_the_condition_it_had(before: Condition) -> None:
    device = device_at(Custody.WITH_SUBSCRIBER)
    move = {Condition.LOCKED: Move.LOCK, Condition.DAMAGED: Move.REPORT_DAMAGED}.get(before)
    if move:
        services.make_move(device, move, reason="x", actor=clerk_of(device), now=NOW)
    clerk = report_lost(device)

    services.make_move(device, Move.FIND, reason="Trong ngăn bàn", actor=clerk, now=NOW)

    device.refresh_from_db()
    assert (device.custody, device.condition) == (Custody.WITH_SUBSCRIBER, before)
    assert services.ledger_agrees(device)


def test_a_found_device_whose_certificate_ended_meanwhile_is_to_be_returned() -> None:
    device = device_at(Custody.WITH_SUBSCRIBER)
    clerk = report_lost(device)
    Certificate.objects.filter(key=device.key).update(
        revoked_at=NOW, revocation_reason="key_compromise", crl_entry=b"x"
    )

    services.make_move(device, Move.FIND, reason="Trong ngăn bàn", actor=clerk, now=NOW)

    device.refresh_from_db()
    assert (device.custody, device.condition) == (Custody.TO_BE_RETURNED, Condition.OK)
    assert services.ledger_agrees(device)
    assert Notice.objects.filter(recipient=clerk, cause__startswith="device_recall").exists()


def test_the_way_back_goes_hand_to_hand_to_the_end() -> None:
    device = device_at(Custody.WITH_SUBSCRIBER)
    clerk = clerk_of(device)
    officer = builders.user(Role.OFFICE_OFFICER, agency=device.office)
    operator = builders.user(Role.CA_OPERATOR)
    paper = ("dossier", None, "Biên bản Mẫu 08")

    services.make_move(device, Move.RECALL, reason="Thu hồi chứng thư", actor=None, now=NOW)
    services.take_back([device], serials_seen=[device.serial], actor=clerk, now=NOW)
    services.take_returned([device], Move.PASS_TO_OFFICE, actor=officer, now=NOW, paper=paper)
    services.take_returned([device], Move.RETURN_TO_CA, actor=operator, now=NOW, paper=paper)
    services.make_move(device, Move.RETIRE, reason="Hết hạn", actor=operator, now=NOW)

    device.refresh_from_db()
    assert device.custody == Custody.RETIRED
    assert services.ledger_agrees(device)
    assert device.moves.get(move=Move.RETURN_TO_CA).document_label == "Biên bản Mẫu 08"


def test_nobody_recalls_by_hand() -> None:
    device = device_at(Custody.WITH_SUBSCRIBER)

    for actor in (clerk_of(device), builders.user(Role.CA_OPERATOR)):
        with pytest.raises(Refused) as refusal:
            services.make_move(device, Move.RECALL, reason="x", actor=actor, now=NOW)
        assert codes(refusal) == {"illegal_move"}


@pytest.mark.parametrize("move", [move for move in Move if has_a_page(move)] + [Move.ALLOCATE])
def test_moves_that_ask_for_more_have_no_short_cut(move: Move) -> None:
    device = device_at(Custody.AT_AGENCY)

    with pytest.raises(Refused):
        services.make_move(device, move, reason="x", actor=clerk_of(device), now=NOW)
    with pytest.raises(Refused):
        services.make_move(device, move, reason="x", actor=None, now=NOW)


def test_another_agencys_clerk_moves_nothing_even_through_the_service() -> None:
    device = device_at(Custody.WITH_SUBSCRIBER)
    stranger = builders.user(Role.CLERK)

    with pytest.raises(Device.DoesNotExist):
        services.make_move(device, Move.REPORT_DAMAGED, reason="x", actor=stranger, now=NOW)
    with pytest.raises(Device.DoesNotExist):
        services.take_back([device], serials_seen=[device.serial], actor=stranger, now=NOW)


def test_a_refused_move_leaves_no_trace() -> None:
    device = device_at(Custody.WITH_SUBSCRIBER)
    clerk = report_lost(device)
    moves, entries = CustodyMove.objects.count(), AuditEntry.objects.count()

    with pytest.raises(Refused):
        services.take_back([device], serials_seen=[device.serial], actor=clerk, now=NOW)

    assert (CustodyMove.objects.count(), AuditEntry.objects.count()) == (moves, entries)
    device.refresh_from_db()
    assert device.condition == Condition.LOST


def test_tokens_out_of_tries_are_noted_once() -> None:
    device = device_at(Custody.WITH_SUBSCRIBER)
    clerk = clerk_of(device)
    assert device.key is not None
    VirtualToken.objects.create(
        key=device.key, sealed_key=b"", salt=b"", recovery_key=b"", tries_left=0, locked_at=NOW
    )

    assert services.lock_exhausted(now=NOW) == 1
    assert services.lock_exhausted(now=NOW) == 0

    device.refresh_from_db()
    assert device.condition == Condition.LOCKED
    assert services.ledger_agrees(device)
    assert Notice.objects.filter(cause__startswith="device_lock", recipient=clerk).exists()


def test_a_device_changed_behind_the_ledgers_back_does_not_agree() -> None:
    device = stock().devices.get()
    assert services.ledger_agrees(device)

    device.condition = Condition.DAMAGED
    assert not services.ledger_agrees(device)

    device.condition = Condition.OK
    CustodyMove.objects.filter(device=device).update(to_custody=Custody.AT_CA)
    assert not services.ledger_agrees(device)
