"""A worker says by itself that it lives, whether or not beat sends it anything."""

from __future__ import annotations

import logging
from typing import Any

from celery import bootsteps
from django.db import DatabaseError, connections
from django.utils import timezone

from portal.core import heartbeats
from portal.core.models import Heartbeat

logger = logging.getLogger(__name__)


class Pulse(bootsteps.StartStopStep):
    """A step of the worker's start: beats at once, then by the worker's own timer."""

    requires = ("celery.worker.components:Timer",)

    def start(self, worker: Any) -> None:
        beat()
        self._timer = worker.timer.call_repeatedly(heartbeats.INTERVAL.total_seconds(), beat)

    def stop(self, _worker: Any) -> None:
        self._timer.cancel()


def beat() -> None:
    """Write the worker's heartbeat; a database that is away for a while does not end the worker."""
    try:
        heartbeats.write(Heartbeat.Service.WORKER, now=timezone.now())
    except DatabaseError:
        logger.exception("the worker could not say that it lives")
    finally:
        connections.close_all()  # this process forks; its children open their own
