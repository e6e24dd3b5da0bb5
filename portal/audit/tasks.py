"""Background work of the audit: read the clock, call a service."""

from __future__ import annotations

import logging

from celery import shared_task
from django.utils import timezone

from portal.audit import services

logger = logging.getLogger(__name__)


@shared_task(ignore_result=True, expires=290)
def write_checkpoint() -> None:
    """Every 5 minutes: attest what was written since the last checkpoint."""
    try:
        services.write_checkpoint(now=timezone.now())
    except services.ChainBroken:
        logger.exception("the audit chain is broken; run manage.py verify_audit")
