"""Between the subscriber and the agency after the hand-over: taken back, given again, passed on."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext as _

from devices.ledger import Paper, audit, lock, write
from devices.lifecycle import Move
from devices.models import CustodyMove, Device
from devices.serials import normalise, wrong_serial
from portal.accounts.models import User
from portal.core import law
from portal.core.rules import Refused, Violation, refuse


@transaction.atomic
def take_back(
    devices: Sequence[Device],
    *,
    serials_seen: Collection[str],
    actor: User,
    now: datetime,
    on: date | None = None,
    note: str = "",
) -> list[CustodyMove]:
    """Enter that subscribers gave these devices back to their agency (Điều 20).

    ``serials_seen`` are read off the things themselves, one for each device. Before any revocation
    the device may come back too; its chain is closed when it opens. Raises Refused, and takes none
    back, when a serial was not seen, one can't come back or ``on`` does not fit the ledger.
    """
    locked = lock(devices, actor=actor)
    if violations := _unseen(locked, serials_seen):
        raise Refused(*violations)
    paper = Paper("", None, _("Thuê bao nộp lại thiết bị tại đơn vị"))
    holder = actor.full_name
    entries = write(
        locked, Move.TAKE_BACK, actor=actor, now=now, paper=paper, holder=holder, note=note, on=on
    )
    audit(locked, Move.TAKE_BACK, actor=actor, now=now, paper=paper)
    return entries


@transaction.atomic
def give_again(
    device: Device,
    *,
    serials_seen: Collection[str],
    reason: str,
    actor: User,
    now: datetime,
    on: date | None = None,
) -> CustodyMove:
    """Give a device that came back early to its subscriber again; its certificate goes on.

    Raises Refused when the serial differs or no certificate on it is valid.
    """
    (device,) = lock([device], actor=actor)
    violations = _unseen([device], serials_seen)
    if not Device.objects.with_valid_certificate(now).filter(pk=device.pk).exists():
        violations.append(
            Violation(
                "no_valid_certificate",
                _("Trên thiết bị không có chứng thư còn hiệu lực nên không giao lại."),
                article=f"Điều 20 {law.DECREE}",
                way_out=_("Nộp lại thiết bị theo Mẫu 08."),
            )
        )
    if violations:
        raise Refused(*violations)
    paper = Paper("", None, _("Đơn vị giao lại thiết bị cho thuê bao"))
    handed_over = device.moves.filter(move__in=_GIVES_A_HOLDER).order_by("-pk")
    holder = handed_over.values_list("holder", flat=True).first() or ""
    (entry,) = write(
        [device],
        Move.GIVE_AGAIN,
        actor=actor,
        now=now,
        paper=paper,
        holder=holder,
        note=reason,
        on=on,
    )
    audit([device], Move.GIVE_AGAIN, actor=actor, now=now, paper=paper)
    return entry


@transaction.atomic
def change_holder(
    device: Device,
    *,
    holder: str,
    reason: str,
    actor: User,
    now: datetime,
    on: date | None = None,
) -> CustodyMove:
    """Enter that another văn thư keeps an organisation's device from now on.

    ``reason`` names the written permission and the minutes (Điều 32 Nghị định 30/2020/NĐ-CP).
    Raises Refused for a person's device, which nobody else may hold, or without a holder.
    """
    (device,) = lock([device], actor=actor)
    if device.is_for_person:
        raise refuse(
            "personal_device",
            _("Thiết bị của cá nhân do chính người đó giữ, không giao người khác."),
            article="Điều 32 Nghị định 30/2020/NĐ-CP",
            way_out=_(
                "Người giữ thôi dùng thì nộp lại đơn vị; người khác được cấp thiết bị riêng."
            ),
        )
    if not holder.strip():
        raise refuse("no_holder", _("Chưa ghi người giữ mới."))
    paper = Paper("", None, _("Văn bản cho phép, biên bản giao nhận tại đơn vị"))
    (entry,) = write(
        [device],
        Move.CHANGE_HOLDER,
        actor=actor,
        now=now,
        paper=paper,
        holder=holder.strip(),
        note=reason,
        on=on,
    )
    audit([device], Move.CHANGE_HOLDER, actor=actor, now=now, paper=paper)
    return entry


_GIVES_A_HOLDER = (Move.HAND_OVER, Move.CHANGE_HOLDER, Move.GIVE_AGAIN)


def _unseen(devices: Sequence[Device], serials_seen: Collection[str]) -> list[Violation]:
    seen = {normalise(serial) for serial in serials_seen}
    way_out = _("Tìm đúng thiết bị của thuê bao này; không ghi nhận thay bằng thiết bị khác.")
    return [
        wrong_serial(serials_seen, device.serial, way_out=way_out)
        for device in devices
        if device.serial not in seen
    ]
