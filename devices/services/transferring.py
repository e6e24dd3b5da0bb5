"""A device gets another managing agency: its person moved, or the body has a successor (R41)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from devices.lifecycle import Move
from devices.models import CustodyMove, Device
from devices.services.ledger import audit, lock, write
from devices.services.telling import tell_of_transfer
from portal.agencies.models import Agency
from portal.deadlines.services import pass_on


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
    locked = [device for device in lock(devices, actor=None) if device.agency_id != to.pk]
    if not locked:
        return []
    came_from: dict[int, list[Device]] = defaultdict(list)
    for device in locked:
        if device.agency_id is not None:
            came_from[device.agency_id].append(device)
        device.agency, device.office = to, to.office
    entries = write(locked, Move.TRANSFER, actor=None, now=now, paper=paper)
    found = Device.objects.filter(pk__in=[device.pk for device in locked])
    found.update(agency=to, office=to.office)
    pass_on([device.uuid for device in locked], agency=to, office=to.office, now=now)
    of_device = {entry.device_id: entry for entry in entries}
    for from_id, group in came_from.items():
        moved = [of_device[device.pk] for device in group]
        tell_of_transfer(moved, from_id=from_id, to=to, now=now)
    audit(locked, Move.TRANSFER, actor=None, now=now, paper=paper)
    return entries
