"""Certificates that ran out recall their devices, once each, however late the sweep comes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from devices import services
from devices.lifecycle import Custody, Move
from devices.models import Device, ExpiryMark
from portal.ca.models import Certificate
from portal.core.roles import Role
from portal.deadlines.models import Deadline, DeadlineKind
from portal.notices.models import Notice
from tests import builders
from tests.builders import NOW
from tests.devices.builders import device_at

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)
ENDS = NOW + timedelta(days=30)


def ending(device: Device, at: object = ENDS) -> Device:
    Certificate.objects.filter(key=device.key).update(not_after=at)
    return device


def place_of(device: Device) -> str:
    device.refresh_from_db()
    return device.custody


def swept(now: object = ENDS) -> list[int]:
    """How many certificates each run saw, until one saw none."""
    seen = []
    while count := services.recall_expired(now=now, most=2):  # type: ignore[arg-type]
        seen.append(count)
    return seen


def test_the_second_it_ends_the_device_is_to_be_returned() -> None:
    device = ending(device_at(Custody.WITH_SUBSCRIBER))
    clerk = builders.user(Role.CLERK, agency=device.agency)

    assert services.recall_expired(now=ENDS - SECOND) == 0
    assert place_of(device) == Custody.WITH_SUBSCRIBER
    assert services.recall_expired(now=ENDS) == 1

    assert place_of(device) == Custody.TO_BE_RETURNED
    assert services.ledger_agrees(device)
    clock = Deadline.objects.get(kind=DeadlineKind.DEVICE_RETURN, target_uuid=device.uuid)
    assert clock.is_open
    assert "hết hạn" in Notice.objects.get(recipient=clerk).text


def test_looking_again_recalls_nothing_again() -> None:
    device = ending(device_at(Custody.WITH_SUBSCRIBER))
    swept()
    moves, notices = device.moves.count(), Notice.objects.count()

    assert swept(ENDS + timedelta(days=1)) == []
    ExpiryMark.objects.update(certificate=None)  # as if the sweep had never run
    assert swept(ENDS + timedelta(days=1)) == [1]

    assert (device.moves.count(), Notice.objects.count()) == (moves, notices)


def test_after_an_outage_everything_is_caught_up_some_at_a_time() -> None:
    agency = builders.agency(office=builders.office())
    devices = [ending(device_at(Custody.WITH_SUBSCRIBER, agency=agency)) for _one in range(5)]

    assert swept(ENDS + timedelta(days=60)) == [2, 2, 1]

    assert {place_of(device) for device in devices} == {Custody.TO_BE_RETURNED}
    assert Deadline.objects.open().filter(kind=DeadlineKind.DEVICE_RETURN).count() == 5


def test_devices_of_one_agency_are_told_of_in_one_notice() -> None:
    agency = builders.agency(office=builders.office())
    devices = [ending(device_at(Custody.WITH_SUBSCRIBER, agency=agency)) for _one in range(3)]
    clerk = builders.user(Role.CLERK, agency=agency)

    services.recall_expired(now=ENDS)

    notice = Notice.objects.get(recipient=clerk)
    assert notice.title.startswith("3 ")
    assert all(device.serial in notice.text for device in devices)


def test_who_holds_the_device_and_has_an_account_is_told_too() -> None:
    device = ending(device_at(Custody.WITH_SUBSCRIBER))
    person = builders.user(Role.HEAD, agency=device.agency, person=device.subscriber)

    services.recall_expired(now=ENDS)

    assert Notice.objects.get(recipient=person).cause.startswith("device_give_back")


def test_a_valid_successor_on_the_key_keeps_it_out() -> None:
    device = ending(device_at(Custody.WITH_SUBSCRIBER))
    builders.certificate(subscriber=device.subscriber, key_pair=device.key)

    assert swept() == [1]

    assert place_of(device) == Custody.WITH_SUBSCRIBER
    assert not Deadline.objects.filter(kind=DeadlineKind.DEVICE_RETURN).exists()


def test_one_given_back_early_and_at_the_ca_closes_its_chain_at_once() -> None:
    device = ending(device_at(Custody.WITH_SUBSCRIBER))
    clerk, operator = (
        builders.user(Role.CLERK, agency=device.agency),
        builders.user(Role.CA_OPERATOR),
    )
    services.take_back([device], serials_seen=[device.serial], actor=clerk, now=NOW)
    services.take_returned(
        [device], Move.RETURN_TO_CA, paper=("", None, "Mẫu 08"), actor=operator, now=NOW
    )

    services.recall_expired(now=ENDS)

    clock = Deadline.objects.get(kind=DeadlineKind.DEVICE_RETURN, target_uuid=device.uuid)
    assert clock.done_at == ENDS


def test_one_on_its_way_is_recalled_when_it_arrives() -> None:
    device = ending(device_at(Custody.ON_ITS_WAY))

    services.recall_expired(now=ENDS)
    assert place_of(device) == Custody.ON_ITS_WAY
    clerk = builders.user(Role.CLERK, agency=device.agency)
    shipment = device.shipment_items.get().shipment
    services.receive(shipment, serials=[device.serial], actor=clerk, now=ENDS)

    assert place_of(device) == Custody.BACK_AT_AGENCY
    assert Deadline.objects.open().filter(kind=DeadlineKind.DEVICE_RETURN).count() == 1
