"""Serials read off things: which devices they are, and what is odd about the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q
from django.utils.translation import gettext as _

from devices.ledger import illegal
from devices.lifecycle import Move
from devices.models import Device
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
    tails = {last_digits(serial) for serial in unknown[:_MOST_SUGGESTED_FOR]} - {""}
    # What each unknown one may stand for is looked for with one query for all.
    ends_alike = Q(pk__in=[])
    for tail in tails:
        ends_alike |= Q(serial__endswith=tail)
    alikes = theirs.filter(ends_alike).order_by().values_list("serial", flat=True)
    compared = list(alikes[:MOST_COMPARED]) if tails else []
    devices: list[Device] = []
    odd: list[Violation] = []
    left: list[str] = []
    for serial in counts:
        device = known.get(serial)
        if device is None:
            where = _("trong số thiết bị anh/chị quản lý")
            odd.append(unknown_serial(serial, alike(serial, compared), where=where))
            left.append(serial)
        elif office is not None and device.office_id != office.pk:
            text = _("Thiết bị %(serial)s thuộc %(theirs)s, không phải của %(office)s.")
            values = {
                "serial": device.serial,
                "theirs": device.office.name if device.office else _("nơi khác"),
                "office": office.name,
            }
            way_out = _("Để riêng và xác nhận ở trang của nơi đã nộp thiết bị.")
            odd.append(Violation("of_another_office", text % values, way_out=way_out))
            left.append(serial)
        elif not device.can(move, actor.role):
            odd.append(illegal(device, move))
            left.append(serial)
        else:
            devices.append(device)
    return Reading(devices, odd, left, [one for one, times in counts.items() if times > 1])
