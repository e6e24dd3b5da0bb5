"""Whom a move concerns is told of it, in the transaction of the move."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from devices.lifecycle import Custody
from devices.models import CustodyMove, Device
from portal.accounts.models import User
from portal.agencies.models import Agency
from portal.core.roles import Capability, roles_that_can
from portal.deadlines.models import Deadline
from portal.notices.services import tell


def tell_of_loss(entries: Sequence[CustodyMove], *, text: str, now: datetime) -> None:
    """Tell the CA's operators, and the office that answers for the agency."""
    operators = User.objects.who_can(Capability.SUPPLY_DEVICES, agency_id=None)
    officers = User.objects.of_office(entries[0].device.office_id)
    if len(entries) == 1:
        title = _("Thiết bị %(serial)s được báo thất lạc") % {"serial": entries[0].device.serial}
    else:
        title = _("%(count)d thiết bị được báo thất lạc") % {"count": len(entries)}
    _tell([*operators, *officers], entries, title=title, text=text, now=now)


def tell_of_lock(entry: CustodyMove, *, now: datetime) -> None:
    """Tell the agency's clerks which form unlocks the device."""
    title = _("Thiết bị %(serial)s đã bị khóa") % {"serial": entry.device.serial}
    text = _("Lập hồ sơ đề nghị khôi phục thiết bị (Mẫu 06) để mở khóa.")
    _tell(clerks_of([entry.agency_id]), [entry], title=title, text=text, now=now)


def tell_of_transfer(
    entries: Sequence[CustodyMove], *, from_id: int, to: Agency, now: datetime
) -> None:
    """Tell the clerks of both bodies who answers for the devices from now on."""
    title = _("%(count)d thiết bị chuyển sang %(agency)s quản lý") % {
        "count": len(entries),
        "agency": to.name,
    }
    text = _("Số hiệu: %(serials)s.") % {"serials": _serials(entry.device for entry in entries)}
    tell(
        clerks_of([from_id, to.pk]),
        cause=f"device_transfer:{entries[0].pk}",
        title=title[:250],
        text=text,
        path=reverse("devices:list"),
        now=now,
    )


def tell_of_return(
    devices: Sequence[Device], clocks: Sequence[Deadline], *, reason: str, now: datetime
) -> None:
    """Send the dated recall notice: one to the clerks of each agency, one to who has a device.

    ``clocks`` are those that begin with it; a device without one has nobody to be fetched from.
    """
    by_device = {device.uuid: device for device in devices}
    of_agency: dict[int, list[Deadline]] = defaultdict(list)
    for clock in clocks:
        of_agency[clock.agency_id].append(clock)
    clerks: dict[int, list[User]] = defaultdict(list)
    for clerk in clerks_of(of_agency):
        clerks[clerk.agency_id].append(clerk)
    for agency_id, begun in of_agency.items():
        owed = [by_device[clock.target_uuid] for clock in begun]
        _tell_agency(clerks[agency_id], owed, begun[0], reason=reason, now=now)
    if clocks:
        _tell_holders([by_device[clock.target_uuid] for clock in clocks], clocks[0], now=now)


def _tell_agency(
    clerks: Sequence[User],
    devices: Sequence[Device],
    clock: Deadline,
    *,
    reason: str,
    now: datetime,
) -> None:
    is_one = len(devices) == 1
    if is_one:
        title = _("Thiết bị %(serial)s phải thu hồi và nộp lại") % {"serial": devices[0].serial}
        path = reverse("devices:detail", args=[devices[0].uuid])
    else:
        title = _("%(count)d thiết bị phải thu hồi và nộp lại") % {"count": len(devices)}
        path = f"{reverse('devices:list')}?custody={Custody.TO_BE_RETURNED}"
    text = _(
        "%(reason)s Thông báo ngày %(today)s; hạn nộp lại kèm biên bản Mẫu 08: %(due)s "
        "(%(days)d ngày làm việc, %(article)s). Số hiệu: %(serials)s."
    )
    tell(
        clerks,
        cause=f"device_recall:{clock.uuid}",
        title=title,
        text=text
        % {
            "reason": reason,
            "today": f"{clock.received_on:%d/%m/%Y}",
            "due": f"{clock.due_on:%d/%m/%Y}",
            "days": clock.working_days,
            "article": clock.article,
            "serials": _serials(devices),
        },
        path=path,
        target_type="device" if is_one else "",
        target_uuid=devices[0].uuid if is_one else None,
        now=now,
    )


def _tell_holders(devices: Sequence[Device], clock: Deadline, *, now: datetime) -> None:
    """Tell the persons who have an account and a device to give back (Điều 20)."""
    people = [
        device.subscriber_id for device in devices if device.custody == Custody.TO_BE_RETURNED
    ]
    tell(
        User.objects.filter(is_active=True, person__in=people),
        cause=f"device_give_back:{clock.uuid}",
        title=_("Thiết bị lưu khóa bí mật anh/chị đang giữ phải nộp lại đơn vị"),
        text=_("Chứng thư trên thiết bị đã hết hạn hoặc bị thu hồi. Nộp thiết bị cho văn thư."),
        path=f"{reverse('devices:list')}?custody={Custody.TO_BE_RETURNED}",
        now=now,
    )


def clerks_of(agency_ids: Iterable[int | None]) -> list[User]:
    """Return the clerks of these bodies."""
    wanted = [key for key in agency_ids if key is not None]
    keepers = roles_that_can(Capability.KEEP_DEVICES)
    return list(User.objects.filter(is_active=True, role__in=keepers, agency__in=wanted))


def _serials(devices: Iterable[Device]) -> str:
    return ", ".join(device.serial for device in devices)


def _tell(
    recipients: Iterable[User],
    entries: Sequence[CustodyMove],
    *,
    title: str,
    text: str,
    now: datetime,
) -> None:
    """Tell of moves made together; the page is the device's, or the list when they are many."""
    first, is_one = entries[0], len(entries) == 1
    list_path = f"{reverse('devices:list')}?condition={first.to_condition}"
    tell(
        recipients,
        cause=f"device_{first.move}:{first.pk}",
        title=title,
        text=text,
        path=reverse("devices:detail", args=[first.device.uuid]) if is_one else list_path,
        target_type="device" if is_one else "",
        target_uuid=first.device.uuid if is_one else None,
        now=now,
    )
