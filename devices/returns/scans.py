"""Serials read off things: which devices they are, and what is odd about the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.db.models import Q
from django.utils.translation import gettext as _

from devices.ledger import illegal
from devices.lifecycle import IllegalMove, Move, find_rule
from devices.models import Device
from devices.querysets import DeviceQuerySet
from devices.serials import alike, last_digits, unknown_serial
from portal.accounts.models import User
from portal.agencies.models import Agency
from portal.core.rules import Violation

MOST_COMPARED = 1000  # serials that end alike are compared with one that is unknown
_MOST_SUGGESTED_FOR = 50


@dataclass(frozen=True, slots=True)
class Reading:
    """What a list of serials says.

    ``devices`` can make the move; ``odd`` says why each serial of ``left`` can't, in its order;
    ``repeated`` were read more than once, and count once.
    """

    devices: list[Device]
    odd: list[Violation]
    left: list[str]
    repeated: list[str]


def read_serials(
    serials: Sequence[str], move: Move, *, actor: User, office: Agency | None = None
) -> Reading:
    """Tell which devices ``serials`` (as they are kept) name and which can make ``move`` now.

    ``office`` is where they come from, when all must come from one. Nothing is changed.
    """
    visible = Device.objects.visible_to(actor)
    counts = Counter(serials)
    found = visible.filter(serial__in=list(counts)).select_related("agency", "office", "subscriber")
    known = {device.serial: device for device in found}
    unknown = [serial for serial in counts if serial not in known]
    theirs = visible if office is None else visible.filter(office=office)
    meant = _meant_by(unknown, theirs)
    devices, odd, left = [], [], []
    for serial in counts:
        device = known.get(serial)
        if device is None:
            where = _("trong số thiết bị anh/chị quản lý")
            violation: Violation | None = unknown_serial(serial, meant[serial], where=where)
        else:
            violation = _objection(device, move, actor=actor, office=office)
        if violation is not None:
            odd.append(violation)
            left.append(serial)
        elif device is not None:
            devices.append(device)
    return Reading(devices, odd, left, [one for one, times in counts.items() if times > 1])


def _meant_by(unknown: Collection[str], among: DeviceQuerySet) -> dict[str, list[str]]:
    """Return the serials each unknown one may stand for, with one query for all."""
    tails = {last_digits(serial) for serial in list(unknown)[:_MOST_SUGGESTED_FOR]} - {""}
    known: list[str] = []
    if tails:
        ends_alike = Q()
        for tail in tails:
            ends_alike |= Q(serial__endswith=tail)
        known = list(
            among.filter(ends_alike).order_by().values_list("serial", flat=True)[:MOST_COMPARED]
        )
    return {serial: alike(serial, known) for serial in unknown}


def _objection(
    device: Device, move: Move, *, actor: User, office: Agency | None
) -> Violation | None:
    if office is not None and device.office_id != office.pk:
        text = _("Thiết bị %(serial)s thuộc %(theirs)s, không phải của %(office)s.")
        values = {
            "serial": device.serial,
            "theirs": device.office.name if device.office else _("nơi khác"),
            "office": office.name,
        }
        way_out = _("Để riêng và xác nhận ở trang của nơi đã nộp thiết bị.")
        return Violation("of_another_office", text % values, way_out=way_out)
    try:
        find_rule(move, device.custody, device.condition, actor.role)
    except IllegalMove:
        return illegal(device, move)
    return None
