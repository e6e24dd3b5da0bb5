"""Work of accounts for the background."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from portal.accounts import services
from portal.core.sweeps import noted


@shared_task(ignore_result=True, expires=3000)
@noted
def forget_expired() -> int:
    """Every hour: delete sessions, tokens and failures whose time is over."""
    return services.forget_expired(now=timezone.now())
