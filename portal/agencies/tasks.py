"""The sweep of bodies."""

from __future__ import annotations

from datetime import datetime, time

from django.utils.translation import gettext_lazy as _

from portal.agencies import services
from portal.core.background.sweeps import sweep


@sweep(
    "portal.agencies.tasks.show_new_versions",
    daily_at=time(0, 5),
    words=_("Đưa thông tin mới của đơn vị vào hiệu lực"),
    order=10,
)
def show_new_versions(*, now: datetime) -> int:
    """Show names and successions whose day has come."""
    return services.take_effect(now=now)
