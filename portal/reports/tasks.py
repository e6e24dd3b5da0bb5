"""The sweep of reports."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy as _

from portal.core.background.sweeps import sweep
from portal.reports import services


@sweep(
    "portal.reports.tasks.count",
    every=timedelta(seconds=10),
    words=_("Tính số liệu báo cáo"),
    order=165,
    in_pieces_for=timedelta(0),
)
def count(*, now: datetime) -> int:
    """Count the report that waits longest."""
    return services.count_waiting(now=now)
