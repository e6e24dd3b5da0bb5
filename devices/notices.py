"""Whom a move concerns is told of it, in the transaction of the move."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.urls import reverse

from devices.models import CustodyMove
from portal.accounts.models import User
from portal.core.roles import Capability, roles_that_can
from portal.notices.services import tell


def clerks_of(agency_ids: Iterable[int | None]) -> list[User]:
    """Return the clerks of these bodies."""
    wanted = [key for key in agency_ids if key is not None]
    keepers = roles_that_can(Capability.KEEP_DEVICES)
    return list(User.objects.filter(is_active=True, role__in=keepers, agency__in=wanted))


def tell_of_moves(
    recipients: Iterable[User],
    entries: Sequence[CustodyMove],
    *,
    title: str,
    text: str,
    now: datetime,
) -> None:
    """Tell of moves made together, but not who made them; the page is the device's, or the list
    when they are many."""
    first, is_one = entries[0], len(entries) == 1
    list_path = f"{reverse('devices:list')}?condition={first.to_condition}"
    tell(
        [user for user in recipients if user.pk != first.actor_id],
        cause=f"device_{first.move}:{first.pk}",
        title=title,
        text=text,
        path=reverse("devices:detail", args=[first.device.uuid]) if is_one else list_path,
        target_type="device" if is_one else "",
        target_uuid=first.device.uuid if is_one else None,
        now=now,
    )
