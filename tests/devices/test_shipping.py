"""From the CA to the agency: what is sent, confirmed, missing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from devices import services
from devices.lifecycle import Custody, Move
from devices.models import Device, ShipmentItem
from portal.audit.models import AuditEntry
from portal.ca.models import Certificate
from portal.core.roles import Role
from portal.core.rules import Refused
from portal.notices.models import Notice
from tests import builders
from tests.builders import NOW, TODAY
from tests.devices.builders import allocated, device_at, sent

pytestmark = pytest.mark.django_db


def codes(refusal: pytest.ExceptionInfo[Refused]) -> set[str]:
    return {violation.code for violation in refusal.value.violations}


def test_a_shipment_is_sent_and_the_clerks_of_the_agency_are_told() -> None:
    agency = builders.agency(office=builders.office())
    clerk = builders.user(Role.CLERK, agency=agency)
    builders.user(Role.CLERK)
    devices = allocated(3, agency=agency)

    shipment = services.send(
        devices, channel="post", note="EB123", actor=builders.user(Role.CA_OPERATOR), now=NOW
    )

    assert (shipment.agency, shipment.office) == (agency, agency.office)
    for device in Device.objects.all():
        assert device.custody == Custody.ON_ITS_WAY
        assert services.ledger_agrees(device)
        move = device.moves.get(move=Move.SEND)
        assert (move.document_uuid, move.channel, move.note) == (shipment.uuid, "post", "EB123")
    assert Notice.objects.get().recipient == clerk
    entry = AuditEntry.objects.get(action="device.send")
    assert entry.agency_uuid == agency.uuid
    assert len(entry.data["devices"]) == 3


def test_a_shipment_goes_to_one_agency() -> None:
    with pytest.raises(Refused) as refusal:
        services.send(
            allocated() + allocated(),
            channel="hand",
            actor=builders.user(Role.CA_OPERATOR),
            now=NOW,
        )

    assert codes(refusal) == {"several_agencies"}


def test_a_device_without_a_valid_certificate_is_not_sent() -> None:
    good, bad = allocated(2)
    Certificate.objects.filter(key=bad.key).update(not_after=NOW)

    with pytest.raises(Refused) as refusal:
        services.send([good, bad], channel="hand", actor=builders.user(Role.CA_OPERATOR), now=NOW)

    assert codes(refusal) == {"no_valid_certificate"}
    assert set(Device.objects.values_list("custody", flat=True)) == {Custody.ALLOCATED}


def test_a_device_is_sent_once() -> None:
    devices = allocated()
    operator = builders.user(Role.CA_OPERATOR)
    services.send(devices, channel="hand", actor=operator, now=NOW)

    with pytest.raises(Refused) as refusal:
        services.send(devices, channel="hand", actor=operator, now=NOW)

    assert codes(refusal) == {"illegal_move"}
    assert ShipmentItem.objects.count() == 1


def test_a_clerk_confirms_what_was_seen_and_the_rest_stays_open() -> None:
    shipment = sent(3)
    clerk = builders.user(Role.CLERK, agency=shipment.agency)
    first, second, third = Device.objects.order_by("pk")

    receipt = services.receive(
        shipment, serials=[first.serial.lower()], actor=clerk, now=NOW, on=TODAY
    )

    assert receipt.received == [first]
    assert receipt.open == [second, third]
    first.refresh_from_db()
    assert first.custody == Custody.AT_AGENCY
    assert services.ledger_agrees(first)
    shipment.refresh_from_db()
    assert shipment.ended_at is None


def test_a_missing_device_is_reported_and_not_received_and_may_turn_up() -> None:
    shipment = sent(2)
    operator = builders.user(Role.CA_OPERATOR)
    clerk = builders.user(Role.CLERK, agency=shipment.agency)
    first, second = Device.objects.order_by("pk")

    services.receive(
        shipment, serials=[first.serial], missing=[second.serial], actor=clerk, now=NOW
    )

    second.refresh_from_db()
    assert second.custody == Custody.ON_ITS_WAY
    assert second.shipment_items.get().missing_at == NOW
    told = Notice.objects.get(recipient=operator)
    assert second.serial in told.text

    later = NOW + timedelta(days=1)
    services.receive(shipment, serials=[second.serial], actor=clerk, now=later)

    second.refresh_from_db()
    shipment.refresh_from_db()
    assert second.custody == Custody.AT_AGENCY
    assert shipment.ended_at == later
    told.refresh_from_db()
    assert told.over_at == later


@pytest.mark.parametrize(
    ("seen", "missing", "code"),
    [
        ([0, "KHAC-001"], [], "not_in_list"),
        ([0], [0], "seen_and_missing"),
        ([], [], "no_device"),
    ],
)
def test_a_list_that_does_not_fit_receives_nothing(
    seen: list[int | str], missing: list[int], code: str
) -> None:
    shipment = sent(2)
    serials = list(Device.objects.order_by("pk").values_list("serial", flat=True))
    clerk = builders.user(Role.CLERK, agency=shipment.agency)

    with pytest.raises(Refused) as refusal:
        services.receive(
            shipment,
            serials=[one if isinstance(one, str) else serials[one] for one in seen],
            missing=[serials[one] for one in missing],
            actor=clerk,
            now=NOW,
        )

    assert codes(refusal) == {code}
    assert not Device.objects.filter(custody=Custody.AT_AGENCY).exists()


def test_confirming_twice_does_no_harm() -> None:
    shipment = sent(1)
    clerk = builders.user(Role.CLERK, agency=shipment.agency)
    device = Device.objects.get()
    services.receive(shipment, serials=[device.serial], actor=clerk, now=NOW)

    receipt = services.receive(shipment, serials=[device.serial], actor=clerk, now=NOW)

    assert receipt.received == []
    assert device.moves.filter(move=Move.RECEIVE).count() == 1
    assert AuditEntry.objects.filter(action="device.receive").count() == 1


def test_another_agencys_clerk_can_receive_nothing() -> None:
    shipment = sent(1)

    with pytest.raises(type(shipment).DoesNotExist):
        services.receive(
            shipment,
            serials=[Device.objects.get().serial],
            actor=builders.user(Role.CLERK),
            now=NOW,
        )


def test_the_head_of_the_agency_sees_a_shipment_but_does_not_receive_it() -> None:
    shipment = sent(1)
    head = builders.user(Role.HEAD, agency=shipment.agency)

    with pytest.raises(Refused) as refusal:
        services.receive(shipment, serials=[Device.objects.get().serial], actor=head, now=NOW)

    assert codes(refusal) == {"illegal_move"}


def test_a_device_whose_certificate_ended_on_the_way_is_recalled_when_it_arrives() -> None:
    device = device_at(Custody.ON_ITS_WAY)
    shipment = device.shipment_items.get().shipment
    clerk = builders.user(Role.CLERK, agency=shipment.agency)
    Certificate.objects.filter(key=device.key).update(
        revoked_at=NOW, revocation_reason="cessation", crl_entry=b"x"
    )

    services.receive(shipment, serials=[device.serial], actor=clerk, now=NOW)

    device.refresh_from_db()
    assert device.custody == Custody.BACK_AT_AGENCY
    assert services.ledger_agrees(device)
    assert Notice.objects.filter(recipient=clerk, cause__startswith="device_recall").exists()
