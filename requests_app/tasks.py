"""Background work: read the clock, call a service."""

from __future__ import annotations

import logging

from celery import shared_task
from django.utils import timezone

from requests_app import execution, forwarding, freezing

logger = logging.getLogger(__name__)


@shared_task(ignore_result=True, expires=30)
def execute_accepted() -> None:
    """Every 10 seconds: carry out what was confirmed or left half done."""
    if rows := execution.execute_accepted(now=timezone.now()):
        logger.info("carried out %s rows", rows)


@shared_task(ignore_result=True, expires=30)
def freeze_letters() -> None:
    """Every 10 seconds: render the long letters that wait for it."""
    letters = freezing.freeze_waiting(now=timezone.now())
    letters += freezing.freeze_covering_letters(now=timezone.now())
    if letters:
        logger.info("rendered %s letters", letters)


@shared_task(ignore_result=True, expires=30)
def forward_covered() -> None:
    """Every 10 seconds: forward what signed covering letters cover."""
    if dossiers := forwarding.forward_waiting(now=timezone.now()):
        logger.info("forwarded %s dossiers under covering letters", dossiers)
