"""Background work: read the clock, call a service."""

from __future__ import annotations

import logging
from time import monotonic

from celery import shared_task
from django.utils import timezone

from devices import services
from portal.ca.authority import NotConfigured
from portal.core.sweeps import noted

logger = logging.getLogger(__name__)

SECONDS_AT_ONCE = 5  # other work gets its turn in between


@shared_task(ignore_result=True, expires=30)
@noted
def make_keys() -> int:
    """Every 10 seconds: make keys for devices taken in, some at a time."""
    began, made = monotonic(), 0
    try:
        while monotonic() - began < SECONDS_AT_ONCE:
            count = services.make_next_keys(now=timezone.now())
            made += count
            if not count:
                break
    except NotConfigured as reason:
        logger.warning("no keys are made: %s", reason)
    return made


@shared_task(ignore_result=True, expires=50)
@noted
def lock_exhausted() -> int:
    """Every minute: enter in the ledger the devices whose PIN tries ran out."""
    return services.lock_exhausted(now=timezone.now())


@shared_task(ignore_result=True, expires=240)
@noted
def recall_expired() -> int:
    """Every 5 minutes: recall the devices whose certificates have run out; count certificates."""
    began, seen = monotonic(), 0
    while monotonic() - began < SECONDS_AT_ONCE:
        count = services.recall_expired(now=timezone.now())
        seen += count
        if not count:
            break
    return seen
