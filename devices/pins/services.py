"""The PIN of a device after its hand-over: locked, recovered, set anew, changed.

A real device keeps its own and the portal never sees it. No PIN is kept, logged or passed on.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from devices.ledger import Paper, audit, lock, write
from devices.lifecycle import Condition, Custody, Move
from devices.models import CustodyMove, Device
from devices.notices import clerks_of, tell_of_moves
from devices.serials import normalise, wrong_serial
from portal.accounts.models import User
from portal.ca.models import VirtualToken
from portal.ca.tokens import services as tokens
from portal.core.roles import Capability
from portal.core.rules import Refused, Violation
from portal.notices.services import tell

RECOVERY = "Điều 22 Nghị định 68/2024/NĐ-CP"


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


def tell_of_lock(entry: CustodyMove, *, now: datetime) -> None:
    """Tell the agency's clerks which form unlocks the device."""
    title = _("Thiết bị %(serial)s đã bị khóa") % {"serial": entry.device.serial}
    text = _("Lập hồ sơ đề nghị khôi phục thiết bị (Mẫu 06) để mở khóa.")
    tell_of_moves(clerks_of([entry.agency_id]), [entry], title=title, text=text, now=now)


@transaction.atomic
def unlock(
    devices: Sequence[Device], *, paper: tuple[str, UUID | None, str], now: datetime
) -> list[CustodyMove]:
    """Enter in the ledger that the portal unlocked these; their subscribers are told.

    Raises Refused, and unlocks none, when one of them is not locked.
    """
    locked = lock(devices, actor=None)
    entries = write(locked, Move.UNLOCK, actor=None, now=now, paper=paper)
    # Those who have an account are told: it is theirs to set the new PIN.
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
    audit(locked, Move.UNLOCK, actor=None, now=now, paper=paper)
    return entries


def may_set_pin(device: Device, user: User) -> bool:
    """Say whether a PIN of ``device`` is typed at this account: its subscriber's, or the clerk's
    desk of a body that sees the device."""
    is_subscriber = user.person_id is not None and user.person_id == device.subscriber_id
    return is_subscriber or user.can(Capability.KEEP_DEVICES)


def may_try_pin(device: Device, user: User) -> bool:
    """Say whether the PIN in use is tried at this account: each wrong try costs its holder one.

    The holder of a person's device is that person, and at the clerk's desk, with the device at
    hand, who has no account to do it at; a body's device is its clerk's.
    """
    if user.person_id is not None and user.person_id == device.subscriber_id:
        return True
    if not user.can(Capability.KEEP_DEVICES):
        return False
    if device.subscriber_id is None:
        return True
    return not User.objects.filter(is_active=True, person=device.subscriber_id).exists()


def is_at_desk(device: Device, user: User) -> bool:
    """Say whether ``user`` types for a person: the device must be at hand, to read its serial."""
    return device.is_for_person and user.person_id != device.subscriber_id


def needs_new_pin(device: Device) -> bool:
    """Say whether the subscriber holds ``device`` and has yet to set its PIN (after recovery)."""
    token = _token_in_hand(device)
    return token is not None and not token.has_first_pin


def pin_can_be_changed(device: Device) -> bool:
    """Say whether ``device`` has a PIN of its subscriber's that can be replaced."""
    token = _token_in_hand(device)
    return token is not None and token.has_first_pin and token.locked_at is None


def _token_in_hand(device: Device) -> VirtualToken | None:
    """Return the virtual token of a sound device its subscriber holds."""
    if device.custody != Custody.WITH_SUBSCRIBER or device.condition != Condition.OK:
        return None
    return getattr(device.key, "token", None)


@transaction.atomic
def set_new_pin(
    device: Device, *, pin: str, serial_seen: str, actor: User, now: datetime
) -> Device:
    """Set the PIN of a recovered device; typed by its subscriber, who is told of it.

    ``serial_seen`` is read off the thing itself. Raises Device.DoesNotExist when the device is not
    ``actor``'s to see, PermissionDenied when no PIN of it is typed at this account, Refused when
    the serial differs, the device waits for no PIN, or the PIN is unfit.
    """
    (device,) = lock([device], actor=actor)
    if not may_set_pin(device, actor):
        raise PermissionDenied
    violations = []
    if normalise(serial_seen) != device.serial:
        way_out = _("Tìm đúng thiết bị của thuê bao này; không đặt mã PIN cho thiết bị khác.")
        violations.append(wrong_serial([serial_seen], device.serial, way_out=way_out))
    if not needs_new_pin(device):
        violations.append(_no_pin_to_set(device))
    if violations:
        raise Refused(*violations)
    assert device.key is not None
    tokens.set_first_pin(device.key, pin, now=now)
    # The person is told when somebody else was at the keyboard: a false setting must be noticed.
    theirs = User.objects.filter(is_active=True, person=device.subscriber_id, person__isnull=False)
    title = _("Mã PIN mới của thiết bị %(serial)s đã được đặt")
    tell(
        theirs.exclude(pk=actor.pk),
        cause=f"device_pin_set:{device.pk}:{now.isoformat()}",
        title=title % {"serial": device.serial},
        text=_("Nếu không phải anh/chị tự đặt, báo ngay văn thư và Cục."),
        path=reverse("devices:detail", args=[device.uuid]),
        target_type="device",
        target_uuid=device.uuid,
        now=now,
    )
    audit([device], "set_pin", actor=actor, now=now, paper=Paper("", None, ""))
    return device


def change_pin(
    device: Device, *, old: str, new: str, serial_seen: str = "", actor: User, now: datetime
) -> None:
    """Replace the PIN of a device by one that who knows the old one chose.

    At a clerk's desk ``serial_seen`` is read off the thing, and half of the tries stay the
    holder's. Raises Device.DoesNotExist, PermissionDenied and Refused as ``set_new_pin`` does, and
    tokens.WrongPin, Locked or NoPinYet. Not inside a transaction: a wrong try counts.
    """
    visible = Device.objects.visible_to(actor).select_related("key", "subscriber")
    seen = visible.get(pk=device.pk)
    if not may_try_pin(seen, actor):
        raise PermissionDenied
    if not pin_can_be_changed(seen) or seen.key is None:
        raise Refused(_no_pin_to_set(seen))
    at_desk = is_at_desk(seen, actor)
    if at_desk and normalise(serial_seen) != seen.serial:
        way_out = _("Tìm đúng thiết bị của thuê bao này; không thử mã PIN của thiết bị khác.")
        raise Refused(wrong_serial([serial_seen], seen.serial, way_out=way_out))
    kept = settings.PIN_TRIES // 2 if at_desk else 0
    tokens.change_pin(seen.key, old=old, new=new, now=now, actor=actor, tries_kept=kept)


def _no_pin_to_set(device: Device) -> Violation:
    return Violation(
        "no_pin_to_set",
        _("Thiết bị %(serial)s không chờ đặt hay đổi mã PIN lúc này.") % {"serial": device.serial},
        article=RECOVERY,
        way_out=_("Mở lại trang thiết bị để xem việc có thể làm lúc này."),
    )
