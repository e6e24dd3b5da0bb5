"""A device gets another managing agency: its person moved, or the body has a successor (R41)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from devices.ledger import audit, lock, write
from devices.lifecycle import Move
from devices.models import CustodyMove, Device, Shipment, ShipmentItem
from devices.notices import clerks_of
from portal.agencies.models import Agency
from portal.core.database.bulk import update_rows
from portal.deadlines.services import pass_on
from portal.notices.services import tell


@transaction.atomic
def transfer(
    devices: Sequence[Device],
    *,
    to: Agency,
    paper: tuple[str, UUID | None, str],
    now: datetime,
) -> list[CustodyMove]:
    """Let ``to`` manage the devices from now on; whoever holds one keeps it.

    The clocks that run about them are owed by ``to`` now, and its people see them; the former body
    sees them no longer. A device that is ``to``'s already is left alone. Raises Refused for one
    that is not in an agency's hands.
    """
    return _pass(devices, Move.TRANSFER, to=to, paper=paper, now=now)


@transaction.atomic
def readdress(
    devices: Sequence[Device],
    *,
    to: Agency,
    paper: tuple[str, UUID | None, str],
    now: datetime,
) -> list[CustodyMove]:
    """Let devices that are set aside for a body or on their way to it go to its successor.

    A shipment none of whose open devices is another body's becomes ``to``'s, so that its clerks
    confirm it. Raises Refused for a device that is elsewhere.
    """
    entries = _pass(devices, Move.READDRESS, to=to, paper=paper, now=now)
    open_items = ShipmentItem.objects.filter(received_at__isnull=True)
    touched = open_items.filter(device__in=[entry.device_id for entry in entries])
    of_others = open_items.exclude(device__agency=to)
    Shipment.objects.under_way().filter(pk__in=touched.order_by().values("shipment")).exclude(
        pk__in=of_others.order_by().values("shipment")
    ).update(agency=to, office=to.office)
    return entries


@transaction.atomic
def go_to_offices(devices: Sequence[Device], offices: Mapping[int, Agency]) -> list[Device]:
    """Let the offices of ``offices`` (by device) follow locked devices from now on; return those
    that changed. Where a device is and whose it is stays, so the ledger has no entry; the caller
    audits.
    """
    moved = []
    for device in devices:
        office = offices.get(device.pk)
        if office is not None and office.pk != device.office_id:
            device.office = office
            moved.append(device)
    update_rows(moved, ["office"])
    return moved


def _pass(
    devices: Sequence[Device],
    move: Move,
    *,
    to: Agency,
    paper: tuple[str, UUID | None, str],
    now: datetime,
) -> list[CustodyMove]:
    locked = [device for device in lock(devices, actor=None) if device.agency_id != to.pk]
    if not locked:
        return []
    came_from: dict[int, list[Device]] = defaultdict(list)
    for device in locked:
        if device.agency_id is not None:
            came_from[device.agency_id].append(device)
        device.agency, device.office = to, to.office
    entries = write(locked, move, actor=None, now=now, paper=paper)
    found = Device.objects.filter(pk__in=[device.pk for device in locked])
    found.update(agency=to, office=to.office)
    pass_on([device.uuid for device in locked], agency=to, office=to.office, now=now)
    of_device = {entry.device_id: entry for entry in entries}
    for from_id, group in came_from.items():
        moved = [of_device[device.pk] for device in group]
        title = _("%(count)d thiết bị chuyển sang %(agency)s quản lý")
        serials = ", ".join(entry.device.serial for entry in moved)
        tell(
            clerks_of([from_id, to.pk]),
            cause=f"device_transfer:{moved[0].pk}",
            title=(title % {"count": len(moved), "agency": to.name})[:250],
            text=_("Số hiệu: %(serials)s.") % {"serials": serials},
            path=reverse("devices:list"),
            now=now,
        )
    audit(locked, move, actor=None, now=now, paper=paper)
    return entries
