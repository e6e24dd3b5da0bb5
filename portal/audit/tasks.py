"""The sweep of the audit."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy as _

from portal.audit import services
from portal.audit.checkpoints import Broken
from portal.core.background.sweeps import sweep

logger = logging.getLogger(__name__)


@sweep(
    "portal.audit.tasks.write_checkpoint",
    every=timedelta(minutes=5),
    words=_("Ghi điểm kiểm tra của nhật ký"),
    order=270,
)
def write_checkpoint(*, now: datetime) -> int:
    """Attest what was written since the last checkpoint.

    Raises ChainBroken or Broken, so that the sweep is seen to fail.
    """
    try:
        return int(services.write_checkpoint(now=now))
    except (services.ChainBroken, Broken) as found:
        logger.critical("the audit chain is broken: %s; run manage.py verify_audit", found)
        raise
