"""From the agency to the subscriber, and the Mẫu 07 that tells the CA of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime, time
from uuid import UUID

from django.db import transaction
from django.db.models import OuterRef, Subquery
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from devices.ledger import Paper, audit, lock, write
from devices.lifecycle import Custody, Move
from devices.models import CustodyMove, Device, HandoverNotice
from devices.querysets import DeviceQuerySet
from devices.serials import normalise, wrong_serial
from portal.accounts.models import User
from portal.agencies.models import Agency
from portal.audit.services import Act, record
from portal.ca.models import VirtualToken
from portal.ca.tokens import services as tokens
from portal.core import law
from portal.core.rules import Refused, Violation
from portal.deadlines.models import DeadlineKind
from portal.deadlines.services import close_all, open_deadline
from portal.notices.services import tell


@transaction.atomic
def hand_over(
    device: Device,
    *,
    pin: str,
    serial_seen: str,
    actor: User,
    now: datetime,
    on: date | None = None,
    holder: str = "",
) -> CustodyMove:
    """Hand a device to its subscriber, who sets the first PIN; opens the clock of Mẫu 07.

    An organisation's device goes to ``holder``, its văn thư (the actor when not named), as Điều 32
    Nghị định 30/2020/NĐ-CP asks. ``serial_seen`` is read off the thing itself. ``on`` is the day it
    happened, today when not given. Raises Refused, and hands nothing over, when the serial differs,
    no certificate on the device is valid, or the PIN is not acceptable.
    """
    (device,) = lock([device], actor=actor)
    on = on or timezone.localdate(now)
    if violations := _violations(device, serial_seen=serial_seen, on=on, now=now):
        raise Refused(*violations)
    # The PIN of a virtual token; a real device keeps its own and the portal never sees it.
    if device.key is not None and VirtualToken.objects.filter(key=device.key).exists():
        tokens.set_first_pin(device.key, pin, now=now)
    return _give(device, holder=holder.strip(), on=on, actor=actor, now=now)


@transaction.atomic
def hand_over_many(
    devices: Sequence[Device],
    *,
    serials_seen: Collection[str],
    actor: User,
    now: datetime,
    on: date | None = None,
) -> list[CustodyMove]:
    """Hand devices to their subscribers in one go: all or none.

    Each goes to whom it is for, as ``hand_over`` says; ``serials_seen`` were read off the things.
    The subscribers set their first PINs themselves, on the pages of the devices. Raises Refused
    with what stops each device.
    """
    locked = lock(devices, actor=actor)
    on = on or timezone.localdate(now)
    seen = {normalise(serial) for serial in serials_seen}
    if violations := [
        violation
        for device in locked
        for violation in _violations(
            device, serial_seen=device.serial if device.serial in seen else "", on=on, now=now
        )
    ]:
        raise Refused(*violations)
    return [_give(device, holder="", on=on, actor=actor, now=now) for device in locked]


def _give(device: Device, *, holder: str, on: date, actor: User, now: datetime) -> CustodyMove:
    """Enter the hand-over of a locked device, open the clock of Mẫu 07, tell its subscriber."""
    usual = device.subscriber.name[:150] if device.is_for_person and device.subscriber else ""
    holder = holder or usual or actor.full_name
    paper = Paper("handover", device.uuid, _("Bàn giao tại đơn vị, thông báo bằng Mẫu 07"))
    (entry,) = write(
        [device], Move.HAND_OVER, actor=actor, now=now, paper=paper, holder=holder, on=on
    )
    _open_clock(device, on=on, now=now)
    # The person is told, when they have an account: a false hand-over must be noticed.
    title = _("Thiết bị %(serial)s được ghi nhận đã bàn giao cho %(holder)s")
    tell(
        User.objects.filter(
            is_active=True, person=device.subscriber_id, person__isnull=False
        ).exclude(pk=actor.pk),
        cause=f"device_handed_over:{entry.pk}",
        title=title % {"serial": device.serial, "holder": holder},
        text=_("Nếu anh/chị chưa nhận thiết bị, báo ngay văn thư và Cục."),
        path=reverse("devices:detail", args=[device.uuid]),
        target_type="device",
        target_uuid=device.uuid,
        now=now,
    )
    audit([device], Move.HAND_OVER, actor=actor, now=now, paper=paper)
    return entry


def handed_over_without_notice(agency: Agency) -> DeviceQuerySet:
    """Return ``agency``'s devices whose hand-over the CA has not been told of on a Mẫu 07 (R18).

    Each carries ``handed_over_on`` and ``holder``.
    """
    owed = Device.objects.filter(agency=agency).handed_over_without_notice()
    return with_hand_over(owed).select_related("subscriber", "key")


def with_hand_over(devices: DeviceQuerySet) -> DeviceQuerySet:
    """Add the day each device was handed over and to whom, the oldest first."""
    moves = CustodyMove.objects.filter(device=OuterRef("pk"), move=Move.HAND_OVER).order_by("-pk")
    return devices.annotate(
        handed_over_on=Subquery(moves.values("happened_on")[:1]),
        holder=Subquery(moves.values("holder")[:1]),
    ).order_by("handed_over_on", "pk")


@transaction.atomic
def attach_notice(
    devices: Sequence[Device],
    document: tuple[str, UUID, str],
    *,
    actor: User | None,
    now: datetime,
) -> int:
    """Note that ``document`` (a Mẫu 07 that was sent) tells of exactly these hand-overs.

    Closes their clocks and returns how many. Sent again after a correction, the same document may
    name other devices: those left out are owed again. Raises Refused when a device was not handed
    over, or another document told of it already.
    """
    moves = _hand_overs_to_tell_of(lock(devices, actor=None), document)
    told = HandoverNotice.objects.filter(document_uuid=document[1])
    left_out = list(told.exclude(move__in=moves).select_related("move__device"))
    _owe_again(left_out, now=now)
    already = set(told.values_list("move_id", flat=True))
    HandoverNotice.objects.bulk_create(
        [
            HandoverNotice(
                move=move,
                document_type=document[0],
                document_uuid=document[1],
                document_label=document[2],
                at=now,
            )
            for move in moves
            if move.pk not in already
        ],
        batch_size=500,
    )
    notified = [move.device.uuid for move in moves]
    close_all(DeadlineKind.HANDOVER_NOTICE, notified, now=now)
    _audit_notice("device.attach_notice", document, len(moves), actor=actor, now=now)
    return len(moves)


@transaction.atomic
def detach_notice(document: tuple[str, UUID, str], *, actor: User | None, now: datetime) -> int:
    """Undo ``attach_notice`` (the Mẫu 07 was withdrawn): its hand-overs are owed again."""
    told = HandoverNotice.objects.filter(document_uuid=document[1])
    rows = list(told.select_related("move__device__agency", "move__device__office"))
    _owe_again(rows, now=now)
    if rows:
        _audit_notice("device.detach_notice", document, len(rows), actor=actor, now=now)
    return len(rows)


def _violations(device: Device, *, serial_seen: str, on: date, now: datetime) -> list[Violation]:
    found = []
    if normalise(serial_seen) != device.serial:
        way_out = _("Tìm đúng thiết bị của thuê bao này; không bàn giao thiết bị khác.")
        found.append(wrong_serial([serial_seen], device.serial, way_out=way_out))
    received = CustodyMove.objects.filter(device=device, move=Move.RECEIVE).order_by("-pk")
    came = received.values_list("happened_on", flat=True).first()
    if on > timezone.localdate(now):
        found.append(Violation("in_the_future", _("Ngày bàn giao không thể sau ngày hôm nay.")))
    elif came and on < came:
        text = _("Ngày bàn giao trước ngày đơn vị nhận thiết bị (%(came)s).")
        found.append(Violation("before_receipt", text % {"came": f"{came:%d/%m/%Y}"}))
    is_valid = Device.objects.with_valid_certificate(now).filter(pk=device.pk).exists()
    if device.custody == Custody.AT_AGENCY and not is_valid:
        found.append(
            Violation(
                "no_valid_certificate",
                _("Trên thiết bị %(serial)s không có chứng thư còn hiệu lực nên không bàn giao.")
                % {"serial": device.serial},
                article=f"Điều 20 {law.DECREE}",
                way_out=_("Nộp lại thiết bị theo Mẫu 08."),
            )
        )
    return found


def _open_clock(device: Device, *, on: date, now: datetime) -> None:
    """Start the clock of Mẫu 07 on the day of the hand-over, even when it is typed in later."""
    assert device.agency is not None
    began = now
    if on != timezone.localdate(now):
        began = timezone.make_aware(datetime.combine(on, time(12)))
    open_deadline(
        DeadlineKind.HANDOVER_NOTICE,
        agency=device.agency,
        office=device.office,
        target_type="device",
        target_uuid=device.uuid,
        title=_("Gửi thông báo bàn giao thiết bị %(serial)s (Mẫu 07)") % {"serial": device.serial},
        path=reverse("devices:detail", args=[device.uuid]),
        now=began,
    )


def _hand_overs_to_tell_of(
    devices: Sequence[Device], document: tuple[str, UUID, str]
) -> list[CustodyMove]:
    """Return the hand-over of each device; raises Refused as ``attach_notice`` says."""
    moves = CustodyMove.objects.filter(device__in=devices, move=Move.HAND_OVER)
    latest = {
        move.device_id: move
        for move in moves.select_related("device__agency", "device__office").order_by("pk")
    }
    text = _("Thiết bị %(serial)s chưa được bàn giao cho thuê bao.")
    if violations := [
        Violation("not_handed_over", text % {"serial": device.serial})
        for device in devices
        if device.pk not in latest
    ]:
        raise Refused(*violations)
    text = _("Việc bàn giao thiết bị %(serial)s đã được thông báo tại %(label)s.")
    others = HandoverNotice.objects.filter(move__in=list(latest.values()))
    if violations := [
        Violation(
            "notice_sent_already",
            text % {"serial": one.move.device.serial, "label": one.document_label},
        )
        for one in others.exclude(document_uuid=document[1]).select_related("move__device")
    ]:
        raise Refused(*violations)
    return [latest[device.pk] for device in devices]


def _owe_again(rows: Sequence[HandoverNotice], *, now: datetime) -> None:
    for row in rows:
        _open_clock(row.move.device, on=row.move.happened_on, now=now)
    HandoverNotice.objects.filter(pk__in=[row.pk for row in rows]).delete()


def _audit_notice(
    action: str,
    document: tuple[str, UUID, str],
    count: int,
    *,
    actor: User | None,
    now: datetime,
) -> None:
    act = Act(
        action=action, target_type=document[0], target_uuid=document[1], data={"count": count}
    )
    record(act, actor=actor, now=now)
