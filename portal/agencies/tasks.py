"""Sweeps over bodies."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from portal.agencies import services
from portal.core.sweeps import noted


@shared_task(ignore_result=True, expires=3600)
@noted
def show_new_versions() -> int:
    """Each night: names and successions whose day has come."""
    return services.take_effect(now=timezone.now())
