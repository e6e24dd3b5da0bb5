"""Unlocking devices whose recovery was carried out (R33, Điều 22)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from devices.ledger import audit, lock, write
from devices.lifecycle import Move
from devices.models import CustodyMove, Device
from portal.accounts.models import User
from portal.notices.services import tell


@transaction.atomic
def unlock(
    devices: Sequence[Device], *, paper: tuple[str, UUID | None, str], now: datetime
) -> list[CustodyMove]:
    """Enter in the ledger that the portal unlocked these; their subscribers are told.

    Raises Refused, and unlocks none, when one of them is not locked.
    """
    locked = lock(devices, actor=None)
    entries = write(locked, Move.UNLOCK, actor=None, now=now, paper=paper)
    _tell_subscribers(entries, now=now)
    audit(locked, Move.UNLOCK, actor=None, now=now, paper=paper)
    return entries


def _tell_subscribers(entries: Sequence[CustodyMove], *, now: datetime) -> None:
    """Tell those who have an account: it is theirs to set the new PIN."""
    people = {entry.subscriber_id for entry in entries} - {None}
    accounts = list(User.objects.filter(is_active=True, person__in=people))
    title = _("Thiết bị %(serial)s đã được khôi phục; hãy đặt mã PIN mới")
    for entry in entries:
        if recipients := [user for user in accounts if user.person_id == entry.subscriber_id]:
            tell(
                recipients,
                cause=f"device_{entry.move}:{entry.pk}",
                title=title % {"serial": entry.device.serial},
                path=reverse("devices:detail", args=[entry.device.uuid]),
                target_type="device",
                target_uuid=entry.device.uuid,
                now=now,
            )
