"""Sweeps over bodies."""

from __future__ import annotations

import logging

from celery import shared_task
from django.utils import timezone

from portal.agencies import services

logger = logging.getLogger(__name__)


@shared_task(ignore_result=True, expires=3600)
def show_new_versions() -> None:
    """Each night: names and successions whose day has come."""
    count = services.take_effect(now=timezone.now())
    logger.info("versions and successions that took effect: %s", count)
