"""A lost device (Điều 20, R30): its minutes are owed until they are sent or it is found."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from devices.ledger import audit, lock, write
from devices.lifecycle import Condition, Custody, Move
from devices.models import CustodyMove, Device
from devices.notices import tell_of_moves
from portal.accounts.models import User
from portal.core.roles import Capability
from portal.core.text.numbers import with_dots
from portal.deadlines.models import DeadlineKind
from portal.deadlines.services import close_all, open_deadline

# Where the agency answers for the device; the CA and the office make no Mẫu 09.
AT_THE_AGENCY = frozenset(
    {
        Custody.AT_AGENCY,
        Custody.WITH_SUBSCRIBER,
        Custody.TO_BE_RETURNED,
        Custody.BACK_AT_AGENCY,
    }
)


@transaction.atomic
def loss_told(
    devices: Sequence[Device],
    *,
    paper: tuple[str, UUID | None, str],
    actor: User | None,
    now: datetime,
) -> None:
    """Note that ``paper`` (a Mẫu 09 that was sent) tells of these losses.

    What was not reported yet is reported now, by the portal. Closes the clocks of the minutes and
    of the return: the chain ends with the loss (Điều 20). Safe to repeat.
    """
    locked = lock(devices, actor=None)
    fresh = [device for device in locked if device.condition != Condition.LOST]
    if fresh:
        note = _("Theo biên bản xác nhận thất lạc: %(label)s.") % {"label": paper[2]}
        entries = write(fresh, Move.REPORT_LOST, actor=None, now=now, paper=paper, note=note)
        tell_of_loss(entries, text=note, now=now)
    uuids = [device.uuid for device in locked]
    closed = close_all(DeadlineKind.LOSS_MINUTES, uuids, now=now)
    closed += close_all(DeadlineKind.DEVICE_RETURN, uuids, now=now)
    if fresh or closed:
        audit(locked, Move.REPORT_LOST, actor=actor, now=now, paper=paper)


@transaction.atomic
def report_many(
    devices: Sequence[Device],
    *,
    paper: tuple[str, UUID | None, str],
    reason: str,
    actor: User,
    now: datetime,
) -> list[CustodyMove]:
    """Report devices as lost together; the minutes of each are owed. Raises as ``ledger.write``."""
    locked = lock(devices, actor=actor)
    entries = write(locked, Move.REPORT_LOST, actor=actor, now=now, paper=paper, note=reason)
    for device in locked:
        owe_minutes(device, now=now)
    tell_of_loss(entries, text=reason, now=now)
    audit(locked, Move.REPORT_LOST, actor=actor, now=now, paper=paper)
    return entries


def tell_of_loss(entries: Sequence[CustodyMove], *, text: str, now: datetime) -> None:
    """Tell the CA's operators, and the office that answers for the agency."""
    operators = User.objects.who_can(Capability.SUPPLY_DEVICES, agency_id=None)
    officers = User.objects.of_office(entries[0].device.office_id)
    if len(entries) == 1:
        title = _("Thiết bị %(serial)s được báo thất lạc") % {"serial": entries[0].device.serial}
    else:
        title = _("%(count)s thiết bị được báo thất lạc") % {"count": with_dots(len(entries))}
    tell_of_moves([*operators, *officers], entries, title=title, text=text, now=now)


def owe_minutes(device: Device, *, now: datetime) -> None:
    """Start the clock of Mẫu 09 for a device lost at the agency."""
    if device.custody not in AT_THE_AGENCY or device.agency is None:
        return
    title = _("Gửi biên bản xác nhận thất lạc thiết bị %(serial)s (Mẫu 09)")
    open_deadline(
        DeadlineKind.LOSS_MINUTES,
        agency=device.agency,
        office=device.office,
        target_type="device",
        target_uuid=device.uuid,
        title=title % {"serial": device.serial},
        path=reverse("devices:detail", args=[device.uuid]),
        now=now,
    )
