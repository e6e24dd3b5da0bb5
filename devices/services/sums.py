"""How many devices are where and how: from their columns, and from the ledger; the two agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from django.db.models import Count, Exists, OuterRef, Q

from devices.lifecycle import Condition, Custody
from devices.models import CustodyMove
from devices.querysets import DeviceQuerySet

Sums: TypeAlias = Mapping[tuple[str, str], int]  # by custody and condition


@dataclass(frozen=True, slots=True)
class BodySums:
    """What one body has: with its subscribers, to come back, back, and in trouble."""

    name: str
    total: int
    with_subscribers: int
    to_be_returned: int
    back_at_agency: int
    at_office: int
    in_trouble: int
    lost: int


def sums(devices: DeviceQuerySet) -> Sums:
    """Return how many of ``devices`` are where and how, as their columns say; one query."""
    rows = devices.order_by().values_list("custody", "condition").annotate(Count("pk"))
    return {(custody, condition): count for custody, condition, count in rows}


def sums_in_ledger(devices: DeviceQuerySet) -> Sums:
    """Return the same as the ledger says: where the last move of each led; one query."""
    later = CustodyMove.objects.filter(device=OuterRef("device"), pk__gt=OuterRef("pk"))
    last = CustodyMove.objects.filter(~Exists(later), device__in=devices.order_by().values("pk"))
    rows = last.order_by().values_list("to_custody", "to_condition").annotate(Count("pk"))
    return Counter({(custody, condition): count for custody, condition, count in rows})


def sums_by_body(devices: DeviceQuerySet, body: str, *, most: int) -> list[BodySums]:
    """Return the sums of each body in the column ``body``, those that owe most first."""
    rows = (
        devices.exclude(**{f"{body}__isnull": True})
        .order_by()
        .values(f"{body}__name")
        .annotate(
            total=Count("pk"),
            with_subscribers=Count("pk", filter=Q(custody=Custody.WITH_SUBSCRIBER)),
            to_be_returned=Count("pk", filter=Q(custody=Custody.TO_BE_RETURNED)),
            back_at_agency=Count("pk", filter=Q(custody=Custody.BACK_AT_AGENCY)),
            at_office=Count("pk", filter=Q(custody=Custody.AT_OFFICE)),
            in_trouble=Count("pk", filter=Q(condition__in=[Condition.LOCKED, Condition.DAMAGED])),
            lost=Count("pk", filter=Q(condition=Condition.LOST)),
        )
        .order_by("-to_be_returned", "-lost", f"{body}__name")
    )
    return [BodySums(row.pop(f"{body}__name"), **row) for row in rows[:most]]
