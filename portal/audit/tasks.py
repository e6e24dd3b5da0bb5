"""Background work of the audit: read the clock, call a service."""

from __future__ import annotations

import logging

from celery import shared_task
from django.utils import timezone

from portal.audit import services
from portal.core.sweeps import noted

logger = logging.getLogger(__name__)


@shared_task(ignore_result=True, expires=290)
@noted
def write_checkpoint() -> int:
    """Every 5 minutes: attest what was written since the last checkpoint.

    Raises ChainBroken, so that the sweep is seen to fail.
    """
    try:
        return int(services.write_checkpoint(now=timezone.now()))
    except services.ChainBroken:
        logger.critical("the audit chain is broken; run manage.py verify_audit")
        raise
