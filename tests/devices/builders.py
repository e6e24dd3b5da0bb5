"""Devices that went their legal way, for tests that begin somewhere along it."""

from __future__ import annotations

import itertools

from devices.lifecycle import Custody
from devices.models import Device, DeviceKind, Intake, Shipment
from devices.services import Allocation, allocate_many, hand_over, receive, send, take_in
from portal.accounts.models import User
from portal.agencies.models import Agency, Subscriber
from portal.core.roles import Role
from tests import builders
from tests.builders import NOW

LETTER = ("dossier", None, "Hồ sơ 12/UBND-VX")
_numbers = itertools.count(1)


def stock(count: int = 1, *, kind: str = DeviceKind.TOKEN, operator: User | None = None) -> Intake:
    """Take devices in and give each a made-up key, as the background work gives real ones."""
    intake = take_in(
        kind,
        [f"VG{next(_numbers):06d}" for _one in range(count)],
        batch="Lô thử",
        carrier="Viettel" if kind == DeviceKind.SIM else "",
        actor=operator or builders.user(Role.CA_OPERATOR),
        now=NOW,
    )
    for device in intake.devices.all():
        device.key = builders.key(kind)
        device.save(update_fields=["key"])
    return intake


def allocated(
    count: int = 1, *, agency: Agency | None = None, subscriber: Subscriber | None = None
) -> list[Device]:
    """Devices allocated to subscribers of one agency, each with its certificate."""
    agency = agency or builders.agency(office=builders.office())
    devices = list(stock(count).devices.select_related("key").order_by("pk"))
    allocate_many(
        [Allocation(one, subscriber or builders.person(at=agency)) for one in devices],
        agency=agency,
        office=agency.office,
        document=LETTER,
        actor=None,
        now=NOW,
    )
    for device in devices:
        builders.certificate(subscriber=device.subscriber, key_pair=device.key)
    return devices


def sent(count: int = 1, *, agency: Agency | None = None) -> Shipment:
    """A shipment on its way."""
    operator = builders.user(Role.CA_OPERATOR)
    return send(allocated(count, agency=agency), channel="post", actor=operator, now=NOW)


def device_at(
    custody: Custody, *, agency: Agency | None = None, subscriber: Subscriber | None = None
) -> Device:
    """A device that went its way up to ``custody`` (at most to its subscriber)."""
    if custody == Custody.STOCK:
        return stock().devices.get()
    (device,) = allocated(agency=agency, subscriber=subscriber)
    agency = device.agency
    if custody != Custody.ALLOCATED:
        operator = builders.user(Role.CA_OPERATOR)
        shipment = send([device], channel="post", actor=operator, now=NOW)
        clerk = builders.user(Role.CLERK, agency=agency)
        if custody != Custody.ON_ITS_WAY:
            receive(shipment, serials=[device.serial], actor=clerk, now=NOW)
        if custody == Custody.WITH_SUBSCRIBER:
            hand_over(device, pin="", serial_seen=device.serial, actor=clerk, now=NOW)
    device = Device.objects.get(pk=device.pk)
    assert device.custody == custody
    return device
