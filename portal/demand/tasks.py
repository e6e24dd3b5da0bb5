"""The sweep of demand."""

from __future__ import annotations

from datetime import datetime, time

from django.utils.translation import gettext_lazy as _

from portal.core.background.sweeps import sweep
from portal.demand import services


@sweep(
    "portal.demand.tasks.warn_of_overruns",
    daily_at=time(6, 40),
    words=_("So nhu cầu đã đề xuất với số đã cấp"),
    order=175,
)
def warn_of_overruns(*, now: datetime) -> int:
    """Tell who asks for more than was planned."""
    return services.warn_of_overruns(now=now)
