"""The way back (Điều 20): it begins when the certificates of a device have ended.

From the delivery of the notice the agency has 5 working days to fetch the device and hand it over
with a Mẫu 08 (DOMAIN 14.4, 14.5).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from devices.ledger import Paper, audit, lock, write
from devices.lifecycle import Condition, Custody, IllegalMove, Move
from devices.models import CustodyMove, Device, RecallPutOff
from devices.notices import clerks_of
from portal.accounts.models import User
from portal.core.text.numbers import with_dots
from portal.deadlines.models import Deadline, DeadlineKind
from portal.deadlines.services import Owed, cancel, close_all, open_deadlines
from portal.notices.services import tell

# What the agency has in its hands or must fetch: it owes the return.
_OWED = frozenset({Custody.TO_BE_RETURNED, Custody.BACK_AT_AGENCY})
# Given back before any revocation (S0 mục 2.2): nothing is left to be done.
_GIVEN_BACK = frozenset({Custody.AT_OFFICE, Custody.AT_CA})


def owed_returns() -> str:
    """Return the address of the one list of what must be given back and is not: a register."""
    return reverse("registers:register", args=["thiet-bi-phai-nop-lai"])


@transaction.atomic
def open_return(
    key_ids: Iterable[int],
    *,
    paper: tuple[str, UUID | None, str],
    reason: str,
    now: datetime,
) -> list[Device]:
    """Recall the devices on these keys whose every certificate has ended; return them.

    ``paper`` is what ended them, ``reason`` is told to the agency. The clock begins today, and is
    closed at once for what was given back before. A lost device, one on its way and one that was
    only superseded are left as they are. Safe to repeat.
    """
    devices = lock(Device.objects.filter(key__in=set(key_ids)), actor=None)
    begun = begin_return(devices, paper=paper, reason=reason, now=now)
    audit(begun, Move.RECALL, actor=None, now=now, paper=paper)
    return begun


def recall_spent(devices: Sequence[Device], *, now: datetime) -> list[Device]:
    """Recall those of the locked ``devices`` whose every certificate ended; the caller audits.

    Called when a device appears again (received, found) after being out of reach.
    """
    reason = _("Chứng thư đã hết hạn hoặc bị thu hồi khi thiết bị chưa về đến nơi.")
    paper = Paper("", None, _("Điều 20 Nghị định 68/2024/NĐ-CP"))
    return begin_return(devices, paper=paper, reason=reason, now=now)


def begin_return(
    devices: Sequence[Device],
    *,
    paper: tuple[str, UUID | None, str],
    reason: str,
    now: datetime,
) -> list[Device]:
    """Recall the spent ones of the locked ``devices`` and start their clocks; the caller audits.

    Returns those whose way back begins now. One whose renewal is to be answered waits for the
    answer: the sweep looks at it again.
    """
    present = [device for device in devices if device.condition != Condition.LOST]
    those = Device.objects.filter(pk__in=[device.pk for device in present]).spent(now)
    awaiting = set(those.awaiting_renewal().values_list("pk", flat=True))
    RecallPutOff.objects.bulk_create(
        [RecallPutOff(device_id=pk, since=now) for pk in sorted(awaiting)], ignore_conflicts=True
    )
    ended = set(those.values_list("pk", flat=True)) - awaiting
    spent = [device for device in present if device.pk in ended]
    given_back = [device for device in spent if device.custody in _GIVEN_BACK]
    recalled = [device for device in spent if device.can(Move.RECALL, None)]
    if recalled:
        write(recalled, Move.RECALL, actor=None, now=now, paper=paper, note=reason)
    owed = [device for device in spent if device.custody in _OWED]
    clocks = start_clocks(owed, now=now)
    tell_of_return(owed, clocks, reason=reason, now=now)
    # What was given back before its certificates ended: its clock is opened and closed, once.
    kind = DeadlineKind.DEVICE_RETURN
    known = set(
        Deadline.objects.filter(
            kind=kind, target_uuid__in=[device.uuid for device in given_back]
        ).values_list("target_uuid", flat=True)
    )
    settled = start_clocks([one for one in given_back if one.uuid not in known], now=now)
    close_all(kind, [clock.target_uuid for clock in settled], now=now)
    begun = {clock.target_uuid for clock in [*clocks, *settled]}
    begun |= {device.uuid for device in recalled}
    return [device for device in spent if device.uuid in begun]


def start_clocks(devices: Sequence[Device], *, now: datetime) -> list[Deadline]:
    """Start the clock of the return for devices the agency owes; return those that were not on."""
    title = _("Thu hồi và nộp lại thiết bị %(serial)s (Mẫu 08)")
    owed = [
        Owed(
            agency=device.agency,
            office=device.office,
            target_uuid=device.uuid,
            title=title % {"serial": device.serial},
            path=reverse("devices:detail", args=[device.uuid]),
        )
        for device in devices
        if device.agency is not None
    ]
    kind = DeadlineKind.DEVICE_RETURN
    return open_deadlines(kind, owed, target_type="device", now=now) if owed else []


@transaction.atomic
def take_returned(
    devices: Sequence[Device],
    move: Move,
    *,
    paper: tuple[str, UUID | None, str],
    actor: User,
    now: datetime,
    notes: Mapping[int, str] | None = None,
    channel: str = "",
    on: date | None = None,
) -> list[CustodyMove]:
    """Enter that the office or the CA has the devices now (PASS_TO_OFFICE, RETURN_TO_CA).

    The first receiver on the way closes the clocks of the return. ``notes`` by device tell what was
    different from the list. Raises Refused, naming each device that can't come from where it is;
    Device.DoesNotExist when one is not ``actor``'s to see.
    """
    if move not in (Move.PASS_TO_OFFICE, Move.RETURN_TO_CA):
        raise IllegalMove(f"{move} is not the way back")
    locked = lock(devices, actor=actor)
    entries = write(
        locked, move, actor=actor, now=now, paper=paper, notes=notes, channel=channel, on=on
    )
    uuids = [device.uuid for device in locked]
    close_all(DeadlineKind.DEVICE_RETURN, uuids, now=now)
    # Nobody is told of a hand-over that has been undone.
    cancel(DeadlineKind.HANDOVER_NOTICE, uuids, now=now)
    audit(locked, move, actor=actor, now=now, paper=paper)
    return entries


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
    if not clocks:
        return
    have_one = [by_device[clock.target_uuid] for clock in clocks]
    people = [one.subscriber_id for one in have_one if one.custody == Custody.TO_BE_RETURNED]
    tell(
        User.objects.filter(is_active=True, person__in=people),
        cause=f"device_give_back:{clocks[0].uuid}",
        title=_("Thiết bị lưu khóa bí mật anh/chị đang giữ phải nộp lại đơn vị"),
        text=_("Chứng thư trên thiết bị đã hết hạn hoặc bị thu hồi. Nộp thiết bị cho văn thư."),
        path=owed_returns(),
        now=now,
    )


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
        title = _("%(count)s thiết bị phải thu hồi và nộp lại") % {"count": with_dots(len(devices))}
        path = owed_returns()
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
            "serials": ", ".join(device.serial for device in devices),
        },
        path=path,
        target_type="device" if is_one else "",
        target_uuid=devices[0].uuid if is_one else None,
        deadline_id=clock.pk if is_one else None,
        now=now,
    )
