"""The sweep of deliveries."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy as _

from portal.core.background.sweeps import sweep
from portal.estate import services


@sweep(
    "portal.estate.tasks.work",
    every=timedelta(seconds=10),
    words=_("Đọc, xét, đưa vào danh sách chứng thư hiện có"),
    order=275,
    in_pieces_for=timedelta(minutes=2),
)
def work(*, now: datetime) -> int:
    """Read, judge, bring in and take out what offices hand in."""
    return services.work(now=now)
