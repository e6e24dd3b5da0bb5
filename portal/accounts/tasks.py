"""Work of accounts for the background."""

from __future__ import annotations

import logging

from celery import shared_task
from django.utils import timezone

from portal.accounts import services

logger = logging.getLogger(__name__)


@shared_task(ignore_result=True, expires=3000)
def forget_expired() -> None:
    """Every hour: delete sessions, tokens and failures whose time is over."""
    logger.info("forgot %s expired rows", services.forget_expired(now=timezone.now()))
