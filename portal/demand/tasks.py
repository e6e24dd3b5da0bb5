"""The sweeps of demand."""

from __future__ import annotations

from datetime import datetime, time, timedelta

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


@sweep(
    "portal.demand.tasks.tell_rounds",
    every=timedelta(seconds=10),
    words=_("Báo các đơn vị về đợt đề xuất nhu cầu"),
    order=174,
    in_pieces_for=timedelta(minutes=1),
)
def tell_rounds(*, now: datetime) -> int:
    """Tell bodies of rounds that were opened, or whose day was moved."""
    return services.tell_next(now=now)
