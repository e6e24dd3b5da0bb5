"""Signs of life of the background services, so that a silent one is seen.

Beat's comes by a sweep, through the broker; a worker says by itself that it lives, whether or not
beat sends it anything.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

from celery import bootsteps
from django.db import DatabaseError, connections
from django.utils import timezone

from portal.core.models import Heartbeat

logger = logging.getLogger(__name__)
INTERVAL = timedelta(seconds=30)
SILENT_AFTER = timedelta(seconds=120)


def write(service: Heartbeat.Service, *, now: datetime) -> None:
    """Note that ``service`` is alive; leaves no audit entry."""
    Heartbeat.objects.update_or_create(service=service, defaults={"at": now})


def silent(*, now: datetime) -> dict[Heartbeat.Service, str]:
    """Return the services that have not been heard of for too long, and what is known of each."""
    last = dict(Heartbeat.objects.values_list("service", "at"))
    found = {}
    for service in Heartbeat.Service:
        at = last.get(service)
        if at is None:
            found[service] = "never heard of"
        elif now - at > SILENT_AFTER:
            found[service] = f"silent since {at.isoformat(timespec='seconds')}"
    return found


class WorkerHeartbeat(bootsteps.StartStopStep):
    """A step of the worker's start: beats at once, then by the worker's own timer."""

    requires = ("celery.worker.components:Timer",)

    def start(self, worker: Any) -> None:
        beat_for_worker()
        self._timer = worker.timer.call_repeatedly(INTERVAL.total_seconds(), beat_for_worker)

    def stop(self, _worker: Any) -> None:
        self._timer.cancel()


def beat_for_worker() -> None:
    """Write the worker's heartbeat; a database that is away for a while does not end the worker."""
    try:
        write(Heartbeat.Service.WORKER, now=timezone.now())
    except DatabaseError:
        logger.exception("the worker could not say that it lives")
    finally:
        connections.close_all()  # this process forks; its children open their own
