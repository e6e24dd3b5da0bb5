"""Background work of the ground floor."""

from __future__ import annotations

from datetime import datetime, timedelta

from celery.signals import beat_init
from django.utils.translation import gettext_lazy as _

from portal.core.background import heartbeats
from portal.core.background.status import BEAT
from portal.core.background.sweeps import declared, expect, sweep
from portal.core.models import Heartbeat


# Run by hand it would tell nothing of beat: run_sweeps leaves it out.
@sweep(
    BEAT,
    every=timedelta(seconds=30),
    words=_("Bộ hẹn giờ và tiến trình xử lý nền"),
    order=None,
)
def beat_heartbeat(*, now: datetime) -> int:
    """Say that beat sends, the broker carries and a worker works."""
    heartbeats.write(Heartbeat.Service.BEAT, now=now)
    expect(declared(), now=now)
    return 1


@beat_init.connect
def _say_so_at_once(**_about: object) -> None:
    """Beat has started: nobody need wait for the first half minute to pass."""
    beat_heartbeat.apply_async(expires=60)
