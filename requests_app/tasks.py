"""Background work: read the clock, call a service."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from portal.core.sweeps import noted
from requests_app import execution, forwarding, freezing
from requests_app.spreadsheets import parked


@shared_task(ignore_result=True, expires=30)
@noted
def execute_accepted() -> int:
    """Every 10 seconds: carry out what was confirmed or left half done."""
    return execution.execute_accepted(now=timezone.now())


@shared_task(ignore_result=True, expires=30)
@noted
def freeze_letters() -> int:
    """Every 10 seconds: render the long letters that wait for it."""
    letters = freezing.freeze_waiting(now=timezone.now())
    return letters + freezing.freeze_covering_letters(now=timezone.now())


@shared_task(ignore_result=True, expires=30)
@noted
def forward_covered() -> int:
    """Every 10 seconds: forward what signed covering letters cover."""
    return forwarding.forward_waiting(now=timezone.now())


@shared_task(ignore_result=True, expires=3000)
@noted
def drop_old_sheets() -> int:
    """Every hour: remove the uploaded sheets that nobody went on with."""
    return parked.drop_old(now=timezone.now())
