"""The chain of the way back: it opens, runs five working days, and closes (Điều 20)."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from devices import services
from devices.lifecycle import Condition, Custody, IllegalMove, Move
from devices.models import Device
from portal.accounts.models import User
from portal.audit.models import AuditEntry
from portal.ca.models import Certificate
from portal.core.roles import Role
from portal.core.rules import Refused
from portal.deadlines.models import Deadline, DeadlineKind
from portal.notices.models import Notice
from tests import builders
from tests.builders import NOW
from tests.devices.builders import device_at

pytestmark = pytest.mark.django_db

REVOCATION = ("dossier", None, "Mẫu 05 số 12/UBND-VX")
MINUTES = ("dossier", None, "Biên bản Mẫu 08")
LOSS = ("dossier", None, "Biên bản Mẫu 09")
LATER = NOW + timedelta(days=4)


def revoked(device: Device, reason: str = "cessation") -> Device:
    Certificate.objects.filter(key=device.key).update(
        revoked_at=NOW, revocation_reason=reason, crl_entry=b"x"
    )
    return device


def opened(*devices: Device) -> list[Device]:
    keys = [device.key_id for device in devices if device.key_id is not None]
    return services.open_return(keys, paper=REVOCATION, reason="Chứng thư đã bị thu hồi.", now=NOW)


def clock(device: Device, kind: DeadlineKind = DeadlineKind.DEVICE_RETURN) -> Deadline:
    return Deadline.objects.get(kind=kind, target_uuid=device.uuid)


def clerk_of(device: Device) -> User:
    return builders.user(Role.CLERK, agency=device.agency)


def taken_back(device: Device) -> Device:
    clerk = clerk_of(device)
    services.take_back([device], serials_seen=[device.serial], actor=clerk, now=NOW)
    device.refresh_from_db()
    return device


def test_a_revocation_recalls_the_device_and_starts_five_working_days() -> None:
    device = revoked(device_at(Custody.WITH_SUBSCRIBER))
    clerk = clerk_of(device)

    assert opened(device) == [device]

    device.refresh_from_db()
    assert device.custody == Custody.TO_BE_RETURNED
    assert services.ledger_agrees(device)
    assert device.moves.latest("pk").document_label == REVOCATION[2]
    owed = clock(device)
    assert (owed.agency, owed.office) == (device.agency, device.office)
    assert owed.due_on == date(2026, 11, 30)  # 24/11/2026 is a day off
    notice = Notice.objects.get(recipient=clerk)
    assert "30/11/2026" in notice.text
    assert device.serial in notice.text
    assert AuditEntry.objects.filter(action="device.recall").count() == 1


def test_opening_twice_opens_once() -> None:
    device = revoked(device_at(Custody.WITH_SUBSCRIBER))
    opened(device)
    moves, notices = device.moves.count(), Notice.objects.count()

    assert opened(device) == []

    assert device.moves.count() == moves
    assert Notice.objects.count() == notices
    assert Deadline.objects.filter(kind=DeadlineKind.DEVICE_RETURN).count() == 1


@pytest.mark.parametrize("condition", [Condition.LOCKED, Condition.DAMAGED])
def test_a_locked_or_damaged_device_comes_back_too(condition: Condition) -> None:
    device = device_at(Custody.WITH_SUBSCRIBER)
    move = {Condition.LOCKED: Move.LOCK, Condition.DAMAGED: Move.REPORT_DAMAGED}[condition]
    services.make_move(device, move, reason="x", actor=clerk_of(device), now=NOW)
    opened(revoked(device))

    taken_back(device)
    operator = builders.user(Role.CA_OPERATOR)
    services.take_returned([device], Move.RETURN_TO_CA, paper=MINUTES, actor=operator, now=LATER)

    device.refresh_from_db()
    assert (device.custody, device.condition) == (Custody.AT_CA, condition)
    assert clock(device).done_at == LATER
    assert services.ledger_agrees(device)


def test_a_valid_successor_keeps_the_device_where_it_is() -> None:
    device = revoked(device_at(Custody.WITH_SUBSCRIBER))
    builders.certificate(subscriber=device.subscriber, key_pair=device.key)

    assert opened(device) == []

    device.refresh_from_db()
    assert device.custody == Custody.WITH_SUBSCRIBER
    assert not Deadline.objects.filter(kind=DeadlineKind.DEVICE_RETURN).exists()


def test_a_superseded_certificate_opens_nothing() -> None:
    device = revoked(device_at(Custody.WITH_SUBSCRIBER), "superseded")

    assert opened(device) == []


def test_a_key_without_a_device_opens_nothing() -> None:
    certificate = builders.certificate(key_pair=builders.key("rssp"))
    Certificate.objects.filter(pk=certificate.pk).update(
        revoked_at=NOW, revocation_reason="cessation", crl_entry=b"x"
    )

    assert services.open_return([certificate.key_id], paper=REVOCATION, reason="x", now=NOW) == []


def test_a_lost_device_has_no_clock_of_return() -> None:
    device = device_at(Custody.WITH_SUBSCRIBER)
    services.make_move(device, Move.REPORT_LOST, reason="x", actor=clerk_of(device), now=NOW)

    assert opened(revoked(device)) == []

    assert not Deadline.objects.filter(kind=DeadlineKind.DEVICE_RETURN).exists()
    assert clock(device, DeadlineKind.LOSS_MINUTES).is_open


def test_one_at_the_agency_needs_no_fetching_but_is_owed() -> None:
    device = revoked(device_at(Custody.AT_AGENCY))

    opened(device)

    device.refresh_from_db()
    assert device.custody == Custody.BACK_AT_AGENCY
    assert clock(device).is_open


def test_one_that_never_left_the_ca_is_owed_by_nobody() -> None:
    device = revoked(device_at(Custody.ALLOCATED))

    assert opened(device) == [device]

    device.refresh_from_db()
    assert device.custody == Custody.AT_CA
    assert not Deadline.objects.filter(kind=DeadlineKind.DEVICE_RETURN).exists()


def test_one_on_its_way_is_recalled_and_owed_when_it_arrives() -> None:
    device = revoked(device_at(Custody.ON_ITS_WAY))
    assert opened(device) == []

    shipment = device.shipment_items.get().shipment
    services.receive(shipment, serials=[device.serial], actor=clerk_of(device), now=LATER)

    device.refresh_from_db()
    assert device.custody == Custody.BACK_AT_AGENCY
    assert clock(device).received_on == date(2026, 11, 24)


def test_one_given_back_early_is_owed_to_the_ca_when_the_chain_opens() -> None:
    device = taken_back(device_at(Custody.WITH_SUBSCRIBER))
    assert not Deadline.objects.filter(kind=DeadlineKind.DEVICE_RETURN).exists()
    moves = device.moves.count()

    assert opened(revoked(device)) == [device]

    assert device.moves.count() == moves
    assert clock(device).is_open


@pytest.mark.parametrize("move", [Move.PASS_TO_OFFICE, Move.RETURN_TO_CA])
def test_one_given_back_before_closes_its_chain_at_once(move: Move) -> None:
    device = taken_back(device_at(Custody.WITH_SUBSCRIBER))
    actor = (
        builders.user(Role.CA_OPERATOR)
        if move == Move.RETURN_TO_CA
        else builders.user(Role.OFFICE_OFFICER, agency=device.office)
    )
    services.take_returned([device], move, paper=MINUTES, actor=actor, now=NOW)

    assert opened(revoked(device)) == [device]
    assert opened(device) == []

    assert clock(device).done_at == NOW
    assert not Notice.objects.filter(cause__startswith="device_recall").exists()


def test_the_first_receiver_on_the_way_closes_the_clock() -> None:
    device = revoked(device_at(Custody.WITH_SUBSCRIBER))
    opened(device)
    taken_back(device)
    officer = builders.user(Role.OFFICE_OFFICER, agency=device.office)

    (entry,) = services.take_returned(
        [device],
        Move.PASS_TO_OFFICE,
        paper=MINUTES,
        actor=officer,
        now=LATER,
        notes={device.pk: "Vỏ nứt"},
        channel="post",
    )

    assert (entry.note, entry.channel, entry.document_label) == ("Vỏ nứt", "post", MINUTES[2])
    assert clock(device).done_at == LATER
    assert AuditEntry.objects.filter(action="device.pass_to_office").count() == 1


def test_taking_a_device_in_tells_of_no_hand_over_any_more() -> None:
    device = taken_back(device_at(Custody.WITH_SUBSCRIBER))
    assert clock(device, DeadlineKind.HANDOVER_NOTICE).is_open
    operator = builders.user(Role.CA_OPERATOR)

    services.take_returned([device], Move.RETURN_TO_CA, paper=MINUTES, actor=operator, now=LATER)

    assert clock(device, DeadlineKind.HANDOVER_NOTICE).cancelled_at == LATER
    assert device.agency is not None
    assert not services.handed_over_without_notice(device.agency).exists()


def test_what_the_subscriber_still_has_cannot_be_taken_in() -> None:
    device = device_at(Custody.WITH_SUBSCRIBER)
    operator = builders.user(Role.CA_OPERATOR)

    with pytest.raises(Refused) as refusal:
        services.take_returned([device], Move.RETURN_TO_CA, paper=MINUTES, actor=operator, now=NOW)
    with pytest.raises(IllegalMove):
        services.take_returned([device], Move.TAKE_BACK, paper=MINUTES, actor=operator, now=NOW)

    assert refusal.value.violations[0].code == "illegal_move"
    assert device.serial in refusal.value.violations[0].message


def test_another_office_takes_nothing_in() -> None:
    device = taken_back(device_at(Custody.WITH_SUBSCRIBER))
    stranger = builders.user(Role.OFFICE_OFFICER)

    with pytest.raises(Device.DoesNotExist):
        services.take_returned(
            [device], Move.PASS_TO_OFFICE, paper=MINUTES, actor=stranger, now=NOW
        )


def test_a_thousand_rows_cost_what_one_costs(django_assert_max_num_queries: object) -> None:
    agency = builders.agency(office=builders.office())
    devices = [revoked(device_at(Custody.WITH_SUBSCRIBER, agency=agency)) for _one in range(4)]

    with django_assert_max_num_queries(24):  # type: ignore[operator]
        assert len(opened(*devices)) == 4

    notices = Notice.objects.filter(cause__startswith="device_recall")
    assert notices.count() == User.objects.filter(role=Role.CLERK, agency=agency).count()
    assert AuditEntry.objects.filter(action="device.recall").count() == 1


def test_a_loss_owes_its_minutes_at_once() -> None:
    device = device_at(Custody.WITH_SUBSCRIBER)

    services.make_move(device, Move.REPORT_LOST, reason="x", actor=clerk_of(device), now=NOW)

    owed = clock(device, DeadlineKind.LOSS_MINUTES)
    assert owed.agency == device.agency
    assert owed.due_on == date(2026, 11, 23)  # the next working day


def test_a_loss_at_the_ca_owes_no_minutes() -> None:
    device = device_at(Custody.ALLOCATED)
    operator = builders.user(Role.CA_OPERATOR)

    services.make_move(device, Move.REPORT_LOST, reason="x", actor=operator, now=NOW)

    assert not Deadline.objects.filter(kind=DeadlineKind.LOSS_MINUTES).exists()


def test_the_minutes_of_a_loss_end_the_chain() -> None:
    device = revoked(device_at(Custody.WITH_SUBSCRIBER))
    clerk = clerk_of(device)
    opened(device)
    services.make_move(device, Move.REPORT_LOST, reason="x", actor=clerk, now=NOW)
    losses = device.moves.filter(move=Move.REPORT_LOST)

    services.loss_told([device], paper=LOSS, actor=clerk, now=LATER)

    assert losses.count() == 1
    assert clock(device).done_at == LATER
    assert clock(device, DeadlineKind.LOSS_MINUTES).done_at == LATER


def test_minutes_of_a_loss_not_reported_before_report_it() -> None:
    device = device_at(Custody.WITH_SUBSCRIBER)
    operator = builders.user(Role.CA_OPERATOR)
    clerk = clerk_of(device)

    services.loss_told([device], paper=LOSS, actor=clerk, now=NOW)
    services.loss_told([device], paper=LOSS, actor=clerk, now=NOW)

    device.refresh_from_db()
    assert device.condition == Condition.LOST
    assert device.moves.get(move=Move.REPORT_LOST).document_label == LOSS[2]
    assert services.ledger_agrees(device)
    assert not Deadline.objects.filter(kind=DeadlineKind.LOSS_MINUTES).exists()
    assert Notice.objects.filter(recipient=operator).count() == 1
    entry = AuditEntry.objects.get(action="device.report_lost")
    assert entry.actor_uuid == clerk.uuid


def test_a_found_device_owes_no_minutes_but_its_return_if_it_ended_meanwhile() -> None:
    device = revoked(device_at(Custody.WITH_SUBSCRIBER))
    clerk = clerk_of(device)
    opened(device)
    services.make_move(device, Move.REPORT_LOST, reason="x", actor=clerk, now=NOW)
    services.loss_told([device], paper=LOSS, actor=clerk, now=NOW)

    services.make_move(device, Move.FIND, reason="Trong ngăn bàn", actor=clerk, now=LATER)

    again = Deadline.objects.open().get(kind=DeadlineKind.DEVICE_RETURN)
    assert again.target_uuid == device.uuid
    assert again.received_on == date(2026, 11, 24)


def test_a_device_found_before_its_minutes_owes_none() -> None:
    device = device_at(Custody.WITH_SUBSCRIBER)
    clerk = clerk_of(device)
    services.make_move(device, Move.REPORT_LOST, reason="x", actor=clerk, now=NOW)

    services.make_move(device, Move.FIND, reason="Trong ngăn bàn", actor=clerk, now=LATER)

    assert clock(device, DeadlineKind.LOSS_MINUTES).cancelled_at == LATER


def test_a_person_who_moved_takes_the_device_along() -> None:
    device = device_at(Custody.WITH_SUBSCRIBER)
    before, former_office = clerk_of(device), device.office
    to = builders.agency(office=builders.office())
    after = builders.user(Role.CLERK, agency=to)
    letter = ("dossier", None, "Mẫu 04 số 3/UBND-VX")

    (entry,) = services.transfer([device], to=to, paper=letter, now=NOW)

    device.refresh_from_db()
    assert (device.agency, device.office) == (to, to.office)
    assert (device.custody, entry.agency_id) == (Custody.WITH_SUBSCRIBER, to.pk)
    assert services.ledger_agrees(device)
    assert Device.objects.visible_to(after).contains(device)
    assert not Device.objects.visible_to(before).contains(device)
    owed = clock(device, DeadlineKind.HANDOVER_NOTICE)
    assert (owed.agency, owed.office) == (to, to.office)
    assert former_office != to.office
    assert {notice.recipient for notice in Notice.objects.filter(cause__contains="transfer")} == {
        *User.objects.filter(role=Role.CLERK, agency__in=[before.agency_id, to.pk])
    }


def test_a_transfer_to_where_it_is_leaves_no_trace() -> None:
    device = device_at(Custody.WITH_SUBSCRIBER)
    moves = device.moves.count()
    assert device.agency is not None

    assert services.transfer([device], to=device.agency, paper=LOSS, now=NOW) == []

    assert device.moves.count() == moves


def test_a_device_on_its_way_is_not_transferred() -> None:
    device = device_at(Custody.ON_ITS_WAY)

    with pytest.raises(Refused):
        services.transfer([device], to=builders.agency(), paper=LOSS, now=NOW)

    former = device.agency
    device.refresh_from_db()
    assert device.agency == former


def test_an_agency_that_changes_behind_the_ledgers_back_does_not_agree() -> None:
    device = device_at(Custody.WITH_SUBSCRIBER)
    other = builders.agency()

    device.moves.filter(move=Move.HAND_OVER).update(agency=other)
    device.agency = other

    assert not services.ledger_agrees(device)
