"""The sums of devices: where they are and how, and whether the ledger says the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from devices.lifecycle import Condition, Custody
from devices.models import Device
from devices.summary.services import Sums, sums, sums_by_body, sums_in_ledger
from portal.agencies.models import Agency
from portal.core.roles import Scope

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """What one body has: with its subscribers, to come back, back, and in trouble."""

    name: str
    total: int
    with_subscribers: int
    to_be_returned: int
    back_at_agency: int
    at_office: int
    in_trouble: int
    lost: int

    @classmethod
    def of(cls, name: str, counted: Sums) -> Self:
        """Return the figures of one body from its sums."""
        places: Counter[str] = Counter()
        conditions: Counter[str] = Counter()
        for (custody, condition), count in counted.items():
            places[custody] += count
            conditions[condition] += count
        return cls(
            name=name,
            total=places.total(),
            with_subscribers=places[Custody.WITH_SUBSCRIBER],
            to_be_returned=places[Custody.TO_BE_RETURNED],
            back_at_agency=places[Custody.BACK_AT_AGENCY],
            at_office=places[Custody.AT_OFFICE],
            in_trouble=conditions[Condition.LOCKED] + conditions[Condition.DAMAGED],
            lost=conditions[Condition.LOST],
        )


@require_safe
def device_sums(request: UserRequest) -> HttpResponse:
    """Show how many devices are where and how, and the same for each body below.

    The ledger is counted for what one body answers for; the whole country's is no page's work.
    """
    user = request.user
    devices = Device.objects.visible_to(user)
    counted = sums(devices)
    is_of_the_ca = user.scope is Scope.CA
    body = "office" if is_of_the_ca else "agency" if user.scope is Scope.OFFICE else ""
    by_body = sums_by_body(devices, body) if body else {}
    names = dict(Agency.objects.filter(pk__in=by_body).values_list("pk", "name"))
    bodies = [Body.of(names[key], of_body) for key, of_body in by_body.items()]
    bodies.sort(key=lambda one: (-one.to_be_returned, -one.lost, one.name))  # who owes most
    context = {
        "rows": rows_of(counted),
        "conditions": list(Condition),
        "totals": [_cell(counted, Custody, condition) for condition in Condition],
        "total": sum(counted.values()),
        "agrees": None if is_of_the_ca else dict(sums_in_ledger(devices)) == dict(counted),
        "bodies": bodies[:MOST_BODIES],
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
