"""How many devices are where and how: from their columns, and from the ledger; the two agree."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import TypeAlias

from django.db.models import Count, Exists, OuterRef

from devices.lifecycle import Condition
from devices.models import CustodyMove
from devices.querysets import DeviceQuerySet

Sums: TypeAlias = Mapping[tuple[str, str], int]  # by custody and condition


def sums(devices: DeviceQuerySet) -> Sums:
    """Return how many of ``devices`` are where and how, as their columns say; one query."""
    rows = devices.order_by().values_list("custody", "condition").annotate(count=Count("*"))
    return {(custody, condition): count for custody, condition, count in rows}


def sums_in_ledger(devices: DeviceQuerySet) -> Sums:
    """Return the same as the ledger says: where the last move of each led; one query."""
    later = CustodyMove.objects.filter(device=OuterRef("device"), pk__gt=OuterRef("pk"))
    last = CustodyMove.objects.filter(~Exists(later), device__in=devices.order_by().values("pk"))
    rows = last.order_by().values_list("to_custody", "to_condition").annotate(count=Count("*"))
    return Counter({(custody, condition): count for custody, condition, count in rows})


def sums_by_body(devices: DeviceQuerySet, body: str) -> dict[int | None, Sums]:
    """Return the sums of each body (its key) in the column ``body``; None is nobody's; one query.

    Added up they are ``sums``: every device is in exactly one of them.
    """
    rows = (
        devices.order_by()
        .values_list(f"{body}_id", "custody", "condition")
        .annotate(count=Count("*"))
    )
    found: dict[int | None, Counter[tuple[str, str]]] = defaultdict(Counter)
    for key, custody, condition, count in rows:
        found[key][custody, condition] += count
    return dict(found)


def by_place(counted: Sums) -> Counter[str]:
    """Return place → how many are there, of ``lifecycle.PLACES``: a lost one is nowhere else."""
    places: Counter[str] = Counter()
    for (custody, condition), count in counted.items():
        places[condition if condition == Condition.LOST else custody] += count
    return places
