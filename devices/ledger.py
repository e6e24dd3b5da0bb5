"""The ledger: the one place that writes where a device is and how it is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from itertools import pairwise
from typing import NamedTuple
from uuid import UUID

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from devices.lifecycle import LIFE, Condition, Custody, IllegalMove, Move, find_rule
from devices.models import CustodyMove, Device
from portal.accounts.models import User
from portal.audit.services import Act, record_many
from portal.core.rules import Refused, Violation

_CHANGES_AGENCY = frozenset({Move.ALLOCATE, Move.TRANSFER, Move.READDRESS})


class Paper(NamedTuple):
    """The document a move happens under; a plain tuple of the three will do as well."""

    type: str
    uuid: UUID | None
    label: str


def lock(devices: Iterable[Device], *, actor: User | None) -> list[Device]:
    """Return ``devices`` as they are now, locked, in order of their key.

    Raises Device.DoesNotExist when one of them is not ``actor``'s to see (None: the portal).
    """
    keys = {device.pk for device in devices}
    theirs = Device.objects.all() if actor is None else Device.objects.visible_to(actor)
    rows = theirs.filter(pk__in=keys).order_by("pk").select_for_update(of=("self",), no_key=True)
    locked = list(rows.values_list("pk", flat=True))
    if len(locked) != len(keys):
        raise Device.DoesNotExist
    # Read after the lock, in a statement of its own: what a lock waited for, a join would not show.
    found = Device.objects.filter(pk__in=locked).select_related("agency", "office", "subscriber")
    return list(found.order_by("pk"))


def write(
    devices: Sequence[Device],
    move: Move,
    *,
    actor: User | None,
    now: datetime,
    paper: tuple[str, UUID | None, str],
    channel: str = "",
    holder: str = "",
    note: str = "",
    notes: Mapping[int, str] | None = None,
    on: date | None = None,
) -> list[CustodyMove]:
    """Make ``move`` with each locked device and enter it in the ledger; the caller audits.

    ``actor`` None is the portal itself; ``notes`` (by device) stand before ``note``. Raises
    Refused, naming each device that can't, or when ``on`` lies ahead or before its last move.
    """
    role = actor.role if actor else None
    rules, violations = [], []
    for device in devices:
        try:
            rules.append(find_rule(move, device.custody, device.condition, role))
        except IllegalMove:
            violations.append(illegal(device, move))
    if violations:
        raise Refused(*violations)
    if any(rule.needs_reason for rule in rules) and not note.strip():
        raise Refused(Violation("no_reason", _("Phải nêu rõ lý do.")))
    if on is not None:
        _refuse_odd_day(devices, on, now=now)
    restored: dict[int, str] = {}
    if any(rule.restores for rule in rules):
        losses = CustodyMove.objects.filter(device__in=devices, move=Move.REPORT_LOST)
        restored = dict(losses.order_by("pk").values_list("device_id", "from_condition"))
    document_type, document_uuid, document_label = paper
    notes = notes or {}
    entries = []
    # The devices' columns follow their ledger, in one statement for each new state.
    groups: dict[tuple[str, str], list[int]] = defaultdict(list)
    for device, rule in zip(devices, rules, strict=True):
        condition_after = rule.to_condition or device.condition
        if rule.restores:
            condition_after = restored.get(device.pk, Condition.OK)
        entry = CustodyMove(
            device=device,
            move=move,
            from_custody=device.custody,
            to_custody=rule.to or device.custody,
            from_condition=device.condition,
            to_condition=condition_after,
            agency_id=device.agency_id,
            subscriber_id=device.subscriber_id,
            holder=holder,
            document_type=document_type,
            document_uuid=document_uuid,
            document_label=document_label,
            channel=channel,
            note=notes.get(device.pk, note).strip(),
            actor=actor,
            happened_on=on or timezone.localdate(now),
            at=now,
        )
        entries.append(entry)
        groups[entry.to_custody, entry.to_condition].append(device.pk)
        device.custody, device.condition = entry.to_custody, entry.to_condition
    for (custody, condition), keys in groups.items():
        Device.objects.filter(pk__in=keys).update(custody=custody, condition=condition)
    return CustodyMove.objects.bulk_create(entries, batch_size=500)


def audit(
    devices: Sequence[Device],
    action: str,
    *,
    actor: User | None,
    now: datetime,
    paper: tuple[str, UUID | None, str],
) -> None:
    """Write the audit entry of a command about ``devices``, one for each agency. Call it last.

    A command that found nothing left to do leaves none.
    """
    by_agency: dict[int | None, list[Device]] = defaultdict(list)
    for device in devices:
        by_agency[device.agency_id].append(device)
    acts = []
    for group in by_agency.values():
        first, is_one = group[0], len(group) == 1
        act = Act(
            action=f"device.{action}",
            target_type="device" if is_one else paper[0] or "device",
            target_uuid=first.uuid if is_one else paper[1],
            agency_uuid=first.agency.uuid if first.agency else None,
            office_uuid=first.office.uuid if first.office else None,
            data={"devices": [device.serial for device in group], "document": paper[0]},
        )
        acts.append(act)
    if acts:
        record_many(acts, actor=actor, now=now)


def ledger_agrees(device: Device) -> bool:
    """Say whether the ledger is unbroken and legal, and ends where the device's columns say."""
    entries = list(CustodyMove.objects.filter(device=device).order_by("pk"))
    if not entries:
        return False
    custody, condition = "", ""
    for entry in entries:
        before = entry.from_custody, entry.from_condition
        if before != (custody, condition):
            return False
        custody, condition = entry.to_custody, entry.to_condition
        if not any(
            rule.move == entry.move and rule.leads(before, (custody, condition)) for rule in LIFE
        ):
            return False
    last = entries[-1]
    # A device changes its agency when it is allocated or handed to another, and never else.
    return all(
        one.agency_id == former.agency_id or one.move in _CHANGES_AGENCY
        for former, one in pairwise(entries)
    ) and (custody, condition, last.agency_id, last.subscriber_id) == (
        device.custody,
        device.condition,
        device.agency_id,
        device.subscriber_id,
    )


def illegal(device: Device, move: Move) -> Violation:
    """Return why ``device`` can't make ``move`` now."""
    text = _("Thiết bị %(serial)s đang ở trạng thái “%(custody)s”, “%(condition)s”: %(no)s.")
    return Violation(
        "illegal_move",
        text
        % {
            "serial": device.serial,
            "custody": Custody(device.custody).label,
            "condition": Condition(device.condition).label,
            "no": _("không thực hiện được “%(move)s”") % {"move": move.label},
        },
        way_out=_("Mở lại trang thiết bị để xem việc có thể làm lúc này."),
        link=reverse("devices:detail", args=[device.uuid]),
    )


def _refuse_odd_day(devices: Sequence[Device], on: date, *, now: datetime) -> None:
    """Refuse a day that is still to come, or lies before the last move of one of them."""
    if on > timezone.localdate(now):
        raise Refused(Violation("in_the_future", _("Ngày ghi nhận không thể sau ngày hôm nay.")))
    moves = CustodyMove.objects.filter(device__in=devices).order_by("pk")
    latest = dict(moves.values_list("device_id", "happened_on"))
    text = _("Ngày %(on)s trước lần ghi nhận gần nhất của thiết bị %(serial)s (%(last)s).")
    if violations := [
        Violation(
            "before_last_move",
            text
            % {
                "on": f"{on:%d/%m/%Y}",
                "serial": device.serial,
                "last": f"{latest[device.pk]:%d/%m/%Y}",
            },
            way_out=_("Xem Sổ theo dõi trên trang thiết bị rồi ghi đúng ngày."),
        )
        for device in devices
        if device.pk in latest and on < latest[device.pk]
    ]:
        raise Refused(*violations)
