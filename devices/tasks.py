"""Background work: read the clock, call a service."""

from __future__ import annotations

import logging
from time import monotonic

from celery import shared_task
from django.utils import timezone

from devices import services
from portal.ca.authority import NotConfigured

logger = logging.getLogger(__name__)

SECONDS_AT_ONCE = 5  # other work gets its turn in between


@shared_task(ignore_result=True, expires=30)
def make_keys() -> None:
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
    if made:
        logger.info("made %s device keys", made)


@shared_task(ignore_result=True, expires=50)
def lock_exhausted() -> None:
    """Every minute: enter in the ledger the devices whose PIN tries ran out."""
    if locked := services.lock_exhausted(now=timezone.now()):
        logger.info("noted %s locked devices", locked)


@shared_task(ignore_result=True, expires=240)
def recall_expired() -> None:
    """Every 5 minutes: recall the devices whose certificates have run out."""
    began, seen = monotonic(), 0
    while monotonic() - began < SECONDS_AT_ONCE:
        count = services.recall_expired(now=timezone.now())
        seen += count
        if not count:
            break
    if seen:
        logger.info("looked at the devices of %s expired certificates", seen)
