"""Moves that need no more than a reason: trouble, recall, the way back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.urls import reverse
from django.utils.translation import gettext as _

from devices.lifecycle import Condition, Custody, IllegalMove, Move, find_rule, has_a_page
from devices.models import CustodyMove, Device
from devices.services.ledger import Paper, audit, illegal, lock, write
from portal.accounts.models import User
from portal.ca.models import Certificate
from portal.core.roles import Role
from portal.core.rules import Refused
from portal.notices.services import tell


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
    if move in _TELL:
        _TELL[move](entry, now=now)
    spent = recall_spent([device], now=now) if move == Move.FIND else []
    audit([device], move, actor=actor, now=now, paper=under)
    if spent:
        audit(spent, Move.RECALL, actor=None, now=now, paper=under)
    return entry


def recall_spent(devices: Sequence[Device], *, now: datetime) -> list[Device]:
    """Recall those of the locked ``devices`` whose every certificate ended; the caller audits.

    Called when a device appears again (received, found) after being out of reach.
    """
    ended = _spent(devices, now=now)
    spent = [device for device in devices if device.pk in ended and _can_be_recalled(device)]
    if spent:
        reason = _("Chứng thư đã hết hạn hoặc bị thu hồi khi thiết bị chưa về đến nơi.")
        paper = Paper("", None, _("Điều 20 Nghị định 68/2024/NĐ-CP"))
        entries = write(spent, Move.RECALL, actor=None, now=now, paper=paper, note=reason)
        for entry in entries:
            _tell_of_recall(entry, now=now)
    return spent


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
        _tell_of_lock(entry, now=now)
        audit([device], Move.LOCK, actor=None, now=now, paper=paper)
    return len(sound)


def _spent(devices: Sequence[Device], *, now: datetime) -> set[int]:
    """Return the keys of the devices that had certificates and have none that still runs."""
    of_key = Certificate.objects.filter(key=OuterRef("key"))
    running = of_key.filter(revoked_at__isnull=True, not_after__gt=now)
    found = Device.objects.filter(pk__in=[device.pk for device in devices])
    found = found.filter(Exists(of_key), ~Exists(running))
    return set(found.values_list("pk", flat=True))


def _can_be_recalled(device: Device) -> bool:
    try:
        find_rule(Move.RECALL, device.custody, device.condition, None)
    except IllegalMove:
        return False
    return True


def _tell_of_loss(entry: CustodyMove, *, now: datetime) -> None:
    """Tell the CA's operators, and the office that answers for the agency."""
    operators = User.objects.who_act_for(roles={Role.CA_OPERATOR}, agency_id=None)
    officers = User.objects.of_office(entry.device.office_id)
    title = _("Thiết bị %(serial)s được báo thất lạc")
    _tell([*operators, *officers], entry, title=title, text=entry.note, now=now)


def _tell_of_recall(entry: CustodyMove, *, now: datetime) -> None:
    title = _("Thiết bị %(serial)s phải thu hồi và nộp lại")
    clerks = User.objects.who_act_for(roles={Role.CLERK}, agency_id=entry.agency_id)
    _tell(clerks, entry, title=title, text=entry.note, now=now)


def _tell_of_lock(entry: CustodyMove, *, now: datetime) -> None:
    title = _("Thiết bị %(serial)s đã bị khóa")
    text = _("Lập hồ sơ đề nghị khôi phục thiết bị (Mẫu 06) để mở khóa.")
    clerks = User.objects.who_act_for(roles={Role.CLERK}, agency_id=entry.agency_id)
    _tell(clerks, entry, title=title, text=text, now=now)


def _tell(
    recipients: Iterable[User], entry: CustodyMove, *, title: str, text: str, now: datetime
) -> None:
    tell(
        recipients,
        cause=f"device_{entry.move}:{entry.pk}",
        title=title % {"serial": entry.device.serial},
        text=text,
        path=reverse("devices:detail", args=[entry.device.uuid]),
        target_type="device",
        target_uuid=entry.device.uuid,
        now=now,
    )


_TELL: Mapping[Move, Callable[..., None]] = {
    Move.REPORT_LOST: _tell_of_loss,
    Move.RECALL: _tell_of_recall,
    Move.LOCK: _tell_of_lock,
}
