"""The sweep that keeps signatures verifiable."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy as _

from portal.core.background.sweeps import sweep
from portal.documents import services


@sweep(
    "portal.documents.tasks.renew_stamps",
    every=timedelta(hours=1),
    words=_("Đóng thêm dấu thời gian lên văn bản đã ký"),
    order=269,
    in_pieces_for=timedelta(minutes=2),
)
def renew_stamps(*, now: datetime) -> int:
    """Stamp signed files before what proves them ends, and those that nobody could stamp."""
    return services.renew_stamps(now=now)
