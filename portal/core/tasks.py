"""Background work of the ground floor."""

from __future__ import annotations

from celery import shared_task
from celery.signals import beat_init
from django.utils import timezone

from portal.core import background, heartbeats, sweeps
from portal.core.models import Heartbeat
from portal.core.sweeps import noted


@shared_task(ignore_result=True, expires=60)
@noted
def beat_heartbeat() -> int:
    """Every 30 seconds: say that beat sends, the broker carries and a worker works."""
    now = timezone.now()
    heartbeats.write(Heartbeat.Service.BEAT, now=now)
    sweeps.expect(background.intervals(), now=now)
    return 1


@beat_init.connect
def _say_so_at_once(**_about: object) -> None:
    """Beat has started: nobody need wait for the first half minute to pass."""
    beat_heartbeat.apply_async(expires=60)
