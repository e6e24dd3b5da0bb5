"""The sums of devices: where they are and how, and whether the ledger says the same."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from devices.lifecycle import Condition, Custody
from devices.models import Device
from devices.services import Sums, sums, sums_by_body, sums_in_ledger
from portal.core.roles import CA_ROLES, OFFICE_ROLES

if TYPE_CHECKING:
    from portal.accounts.models import UserRequest

MOST_BODIES = 200


@dataclass(frozen=True, slots=True)
class Cell:
    """One number of the table, and the condition it counts."""

    condition: str
    label: str
    count: int


@dataclass(frozen=True, slots=True)
class Row:
    """What is at one place, by condition."""

    custody: str
    label: str
    cells: list[Cell]
    total: int


@require_safe
def device_sums(request: UserRequest) -> HttpResponse:
    """Show how many devices are where and how, and the same for each body below.

    The ledger is counted for what one body answers for; the whole country's is no page's work.
    """
    user = request.user
    devices = Device.objects.visible_to(user)
    counted = sums(devices)
    is_of_the_ca = user.role in CA_ROLES
    body = "office" if is_of_the_ca else "agency" if user.role in OFFICE_ROLES else ""
    context = {
        "rows": rows_of(counted),
        "conditions": list(Condition),
        "totals": [_cell(counted, Custody, condition) for condition in Condition],
        "total": sum(counted.values()),
        "agrees": None if is_of_the_ca else dict(sums_in_ledger(devices)) == dict(counted),
        "bodies": sums_by_body(devices, body, most=MOST_BODIES) if body else [],
    }
    return render(request, "devices/sums.html", context)


def rows_of(counted: Sums) -> list[Row]:
    """Return the places that hold anything, in the order of a device's life."""
    rows = []
    for custody in Custody:
        cells = [_cell(counted, [custody], condition) for condition in Condition]
        if total := sum(cell.count for cell in cells):
            rows.append(Row(custody.value, str(custody.label), cells, total))
    return rows


def _cell(counted: Sums, places: Iterable[Custody], condition: Condition) -> Cell:
    count = sum(counted.get((custody, condition), 0) for custody in places)
    return Cell(condition.value, str(condition.label), count)
