"""Everything that can be done to devices; here also who manages and follows them from now on."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from devices.handover.services import (
    attach_notice,
    detach_notice,
    hand_over,
    hand_over_many,
    handed_over_without_notice,
    with_hand_over,
)
from devices.holders.services import change_holder, give_again, take_back
from devices.ledger import Paper, audit, ledger_agrees, lock, write
from devices.lifecycle import Move
from devices.losses import loss_told
from devices.models import CustodyMove, Device, Shipment, ShipmentItem
from devices.notices import clerks_of
from devices.pins.services import lock_exhausted, unlock
from devices.register.services import make_move
from devices.returns.expiry import recall_expired
from devices.returns.services import open_return, take_returned
from devices.scans import Reading, read_serials
from devices.shipping.services import Receipt, receive, send
from devices.stock.services import (
    Allocation,
    InHand,
    allocate_many,
    bring_in,
    has_keys_to_make,
    make_next_keys,
    take_from_stock,
    take_in,
    take_out,
)
from devices.summary.services import Sums, sums, sums_by_body, sums_in_ledger
from portal.agencies.models import Agency
from portal.core.database.bulk import update_rows
from portal.deadlines.services import pass_on
from portal.notices.services import tell

__all__ = [
    "Allocation",
    "InHand",
    "Paper",
    "Reading",
    "Receipt",
    "Sums",
    "allocate_many",
    "attach_notice",
    "bring_in",
    "change_holder",
    "detach_notice",
    "give_again",
    "go_to_offices",
    "hand_over",
    "hand_over_many",
    "handed_over_without_notice",
    "has_keys_to_make",
    "ledger_agrees",
    "lock_exhausted",
    "loss_told",
    "make_move",
    "make_next_keys",
    "open_return",
    "read_serials",
    "readdress",
    "recall_expired",
    "receive",
    "send",
    "sums",
    "sums_by_body",
    "sums_in_ledger",
    "take_back",
    "take_from_stock",
    "take_in",
    "take_out",
    "take_returned",
    "transfer",
    "unlock",
    "with_hand_over",
]


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
