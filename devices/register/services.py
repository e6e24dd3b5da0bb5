"""Moves that need no more than a reason: trouble, recall, the way back."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from devices.ledger import Paper, audit, illegal, lock, write
from devices.lifecycle import Condition, Custody, Move, has_a_page
from devices.losses import owe_minutes, owe_no_minutes
from devices.models import CustodyMove, Device
from devices.notices import tell_of_lock, tell_of_loss, tell_of_return
from devices.returns.services import recall_spent, start_clocks
from portal.accounts.models import User
from portal.core.rules import Refused

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
    spent = _follow(entry, now=now)
    audit([device], move, actor=actor, now=now, paper=under)
    if spent:
        audit(spent, Move.RECALL, actor=None, now=now, paper=under)
    return entry


@transaction.atomic
def lock_exhausted(*, now: datetime) -> int:
    """Enter in the ledger the devices whose PIN tries ran out; return how many. Safe to repeat."""
    found = Device.objects.filter(
        key__token__locked_at__isnull=False,
        condition=Condition.OK,
        custody__in=[Custody.WITH_SUBSCRIBER, Custody.TO_BE_RETURNED],
    )
    devices = lock(found, actor=None)
    sound = [device for device in devices if device.condition == Condition.OK]
    paper = Paper("", None, _("Điều 22 Nghị định 68/2024/NĐ-CP"))
    reason = _("Nhập sai mật khẩu quá số lần cho phép.")
    for device in sound:
        (entry,) = write([device], Move.LOCK, actor=None, now=now, paper=paper, note=reason)
        tell_of_lock(entry, now=now)
        audit([device], Move.LOCK, actor=None, now=now, paper=paper)
    return len(sound)


def _follow(entry: CustodyMove, *, now: datetime) -> list[Device]:
    """Do what a move causes; return the devices it recalls (a found one that is spent)."""
    device = entry.device
    if entry.move == Move.REPORT_LOST:
        owe_minutes(device, now=now)
        tell_of_loss([entry], text=entry.note, now=now)
    elif entry.move == Move.LOCK:
        tell_of_lock(entry, now=now)
    elif entry.move == Move.RECALL and device.custody in _TO_COME_BACK:
        clocks = start_clocks([device], now=now)
        tell_of_return([device], clocks, reason=entry.note, now=now)
    elif entry.move == Move.FIND:
        owe_no_minutes(device, now=now)
        return recall_spent([device], now=now)
    return []
