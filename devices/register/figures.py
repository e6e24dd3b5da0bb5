"""What waits for a user about devices, in numbers: for the list of devices and the home page."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import Count, Q

from devices.lifecycle import Condition, Custody
from devices.models import Device, Intake, Shipment
from portal.core.roles import Scope
from portal.core.web.paging import capped_count
from portal.deadlines.models import Deadline

if TYPE_CHECKING:
    from portal.accounts.models import User


def figures(user: User, *, now: datetime) -> dict[str, int]:
    """Count what waits for the user; the CA's counts are capped, its lists are long."""
    if user.scope is Scope.CA:
        return {
            "to_send": to_send(user, now=now),
            "under_way": capped_count(Shipment.objects.visible_to(user).under_way()),
            "making_keys": Intake.objects.unfinished().count(),
        }
    if user.scope is not Scope.BODY:
        return {}
    devices = Device.objects.visible_to(user)
    counts = devices.aggregate(
        arriving=Count("pk", filter=Q(custody=Custody.ON_ITS_WAY) & ~Q(condition=Condition.LOST)),
        to_hand_over=Count("pk", filter=Q(custody=Custody.AT_AGENCY, condition=Condition.OK)),
    )
    return counts | {
        "owed": capped_count(devices.handed_over_without_notice()),
        "to_return": capped_count(Deadline.objects.visible_to(user).returns_owed()),
    }


def to_send(user: User, *, now: datetime) -> int:
    """Count the devices that were allocated and can go to their agencies, capped."""
    allocated = Device.objects.visible_to(user).waiting_for(Custody.ALLOCATED)
    return capped_count(allocated.with_valid_certificate(now))
