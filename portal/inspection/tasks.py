"""The sweep of inspections."""

from __future__ import annotations

from datetime import datetime, time

from django.utils.translation import gettext_lazy as _

from portal.core.background.sweeps import sweep
from portal.inspection.visits import services


@sweep(
    "portal.inspection.tasks.remind_of_visits",
    daily_at=time(6, 50),
    words=_("Báo trước lịch kiểm tra"),
    order=176,
)
def remind_of_visits(*, now: datetime) -> int:
    """Tell of visits that are near."""
    return services.remind_of_visits(now=now)
