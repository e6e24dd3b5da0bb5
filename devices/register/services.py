"""Moves that need no more than a reason: trouble, recall, the way back."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from devices.ledger import Paper, audit, illegal, lock, write
from devices.lifecycle import Custody, Move, has_a_page
from devices.losses import owe_minutes, tell_of_loss
from devices.models import CustodyMove, Device
from devices.pins.services import tell_of_lock
from devices.returns.services import recall_spent, start_clocks, tell_of_return
from portal.accounts.models import User
from portal.core.rules import Refused
from portal.deadlines.models import DeadlineKind
from portal.deadlines.services import cancel

_TO_COME_BACK = frozenset({Custody.TO_BE_RETURNED, Custody.BACK_AT_AGENCY})


@transaction.atomic
def make_move(
    device: Device,
    move: Move,
    *,
    actor: User | None,
    now: datetime,
    reason: str = "",
    paper: tuple[str, UUID | None, str] | None = None,
    on: date | None = None,
) -> CustodyMove:
    """Make one of the plain moves of the table; ``actor`` None is the portal (a dossier's effect).

    Raises Refused when the device can't make it now, or a reason is wanting; Device.DoesNotExist
    when it is not ``actor``'s to see. A found device whose certificate ended meanwhile is recalled
    at once (DOMAIN 14.6).
    """
    (device,) = lock([device], actor=actor)
    if has_a_page(move) or move == Move.ALLOCATE:
        raise Refused(illegal(device, move))
    under = paper or Paper("", None, _("Ghi nhận trên cổng: %(move)s") % {"move": move.label})
    (entry,) = write([device], move, actor=actor, now=now, paper=under, note=reason, on=on)
    spent: list[Device] = []
    if move == Move.REPORT_LOST:
        owe_minutes(device, now=now)
        tell_of_loss([entry], text=entry.note, now=now)
    elif move == Move.LOCK:
        tell_of_lock(entry, now=now)
    elif move == Move.RECALL and device.custody in _TO_COME_BACK:
        clocks = start_clocks([device], now=now)
        tell_of_return([device], clocks, reason=entry.note, now=now)
    elif move == Move.FIND:
        # Found before its minutes (Mẫu 09) were sent, it owes none.
        cancel(DeadlineKind.LOSS_MINUTES, [device.uuid], now=now)
        spent = recall_spent([device], now=now)
    audit([device], move, actor=actor, now=now, paper=under)
    if spent:
        audit(spent, Move.RECALL, actor=None, now=now, paper=under)
    return entry
