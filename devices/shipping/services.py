"""From the CA to the agency: a shipment is sent, and confirmed device by device."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from devices.ledger import Paper, audit, lock, write
from devices.lifecycle import Move
from devices.models import Channel, Device, Shipment, ShipmentItem
from devices.returns.services import recall_spent
from devices.serials import alike, normalise, unknown_serial
from portal.accounts.models import User
from portal.core.roles import Capability
from portal.core.rules import Refused, Violation
from portal.notices.services import settle, tell


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the agency confirmed of a shipment, what it missed, what is still open."""

    received: list[Device]
    missing: list[Device]
    open: list[Device]


def paper_of(shipment: Shipment) -> Paper:
    """Return the shipment as the document its moves happen under."""
    return Paper(
        "shipment", shipment.uuid, _("Đợt bàn giao: %(shipment)s") % {"shipment": shipment}
    )


@transaction.atomic
def send(
    devices: Sequence[Device], *, channel: str, actor: User, now: datetime, note: str = ""
) -> Shipment:
    """Send allocated devices of one agency to it and tell its clerks; return the shipment.

    Raises Refused when a device can't be sent or they belong to several agencies.
    """
    if not devices:
        raise Refused(Violation("no_device", _("Chưa chọn thiết bị nào để gửi.")))
    locked = lock(devices, actor=actor)
    if len({device.agency_id for device in locked}) > 1:
        raise Refused(
            Violation(
                "several_agencies",
                _("Một đợt chỉ gồm thiết bị của một đơn vị."),
                way_out=_("Chọn thiết bị của từng đơn vị và gửi riêng."),
            )
        )
    if locked[0].agency is None:
        raise Refused(Violation("no_agency", _("Thiết bị chưa được cấp cho đơn vị nào.")))
    # A device set aside for a row that the CA has not issued yet, or refused, stays here.
    sent = Device.objects.filter(pk__in=[device.pk for device in locked])
    ready = set(sent.with_valid_certificate(now).values_list("pk", flat=True))
    text = _("Thiết bị %(serial)s chưa có chứng thư còn hiệu lực nên chưa gửi được.")
    if violations := [
        Violation("no_valid_certificate", text % {"serial": device.serial})
        for device in locked
        if device.pk not in ready
    ]:
        raise Refused(*violations)
    shipment = Shipment.objects.create(
        agency=locked[0].agency,
        office=locked[0].office,
        channel=Channel(channel),
        note=note.strip(),
        sent_by=actor,
        sent_at=now,
    )
    ShipmentItem.objects.bulk_create(
        [ShipmentItem(shipment=shipment, device=device) for device in locked], batch_size=500
    )
    paper = paper_of(shipment)
    write(locked, Move.SEND, actor=actor, now=now, paper=paper, channel=channel, note=note)
    title = _("Cục đã gửi %(count)d thiết bị về %(agency)s")
    text = _("Cách giao: %(channel)s. Khi nhận, đối chiếu số hiệu từng thiết bị rồi xác nhận.")
    tell(
        User.objects.who_can(Capability.KEEP_DEVICES, agency_id=shipment.agency_id),
        cause=f"shipment_sent:{shipment.uuid}",
        title=title % {"count": len(locked), "agency": shipment.agency.name},
        text=text % {"channel": shipment.get_channel_display()},
        path=reverse("devices:shipment", args=[shipment.uuid]),
        target_type="shipment",
        target_uuid=shipment.uuid,
        asks=True,
        now=now,
    )
    audit(locked, Move.SEND, actor=actor, now=now, paper=paper)
    return shipment


@transaction.atomic
def receive(
    shipment: Shipment,
    *,
    serials: Collection[str],
    missing: Collection[str] = (),
    actor: User,
    now: datetime,
    note: str = "",
    on: date | None = None,
) -> Receipt:
    """Confirm the devices of ``shipment`` whose serials were seen; report the missing ones.

    A device neither seen nor missed stays open; a missing one stays on its way and the CA is told.
    Raises Refused, and receives nothing, when a serial is not in the list or is both seen and
    missed.
    """
    mine = Shipment.objects.visible_to(actor)
    shipment = (
        mine.select_for_update(of=("self",), no_key=True)
        .select_related("agency")
        .get(pk=shipment.pk)
    )
    items = {item.device.serial: item for item in shipment.items.select_related("device")}
    seen, missed = _read(serials), _read(missing)
    _refuse_odd_serials(items, seen, missed)

    arrived = [items[serial] for serial in seen if items[serial].received_at is None]
    absent = [items[serial] for serial in missed if items[serial].received_at is None]
    received = lock([item.device for item in arrived], actor=actor)
    paper = paper_of(shipment)
    if received:
        write(received, Move.RECEIVE, actor=actor, now=now, paper=paper, note=note, on=on)
    for item in arrived:
        item.received_at = now
    for item in absent:
        item.missing_at = now
    ShipmentItem.objects.bulk_update([*arrived, *absent], ["received_at", "missing_at"])
    still = [item.device for item in items.values() if item.received_at is None]
    if not still:
        settle("shipment", shipment.uuid, now=now)
        Shipment.objects.filter(pk=shipment.pk).update(ended_at=now)
    if absent:
        title = _("%(agency)s báo thiếu %(count)d thiết bị trong đợt bàn giao")
        lacking = ", ".join(item.device.serial for item in absent)
        tell(
            User.objects.who_can(Capability.SUPPLY_DEVICES, agency_id=None),
            cause=f"shipment_missing:{shipment.uuid}:{now.isoformat()}",
            title=title % {"agency": shipment.agency.name, "count": len(absent)},
            text=_("Số hiệu: %(serials)s.") % {"serials": lacking},
            path=reverse("devices:shipment", args=[shipment.uuid]),
            target_type="shipment",
            target_uuid=shipment.uuid,
            asks=True,
            now=now,
        )
    spent = recall_spent(received, now=now)
    touched = received + [item.device for item in absent]
    audit(touched, Move.RECEIVE, actor=actor, now=now, paper=paper)
    if spent:
        audit(spent, Move.RECALL, actor=None, now=now, paper=paper)
    missing_devices = [item.device for item in absent]
    return Receipt(
        received=received,
        missing=missing_devices,
        open=[device for device in still if device not in missing_devices],
    )


def _read(serials: Collection[str]) -> list[str]:
    """Return each serial once, as it is kept."""
    return list(dict.fromkeys(read for one in serials if (read := normalise(one))))


def _refuse_odd_serials(
    items: dict[str, ShipmentItem], seen: Sequence[str], missed: Sequence[str]
) -> None:
    violations = [
        unknown_serial(
            serial,
            alike(serial, items),
            where=_("trong danh sách của đợt bàn giao này"),
            code="not_in_list",
            way_out=_("Kiểm tra lại số in trên thiết bị; nếu đúng là thừa, báo Cục để đối chiếu."),
        )
        for serial in (*seen, *missed)
        if serial not in items
    ]
    violations += [
        Violation(
            "seen_and_missing",
            _("Số hiệu %(serial)s vừa được xác nhận vừa bị báo thiếu.") % {"serial": serial},
        )
        for serial in seen
        if serial in missed
    ]
    if not seen and not missed:
        violations.append(Violation("no_device", _("Chưa đánh dấu hoặc nhập số hiệu nào.")))
    if violations:
        raise Refused(*violations)
