"""Signs of life of the background services, so that a silent one is seen."""

from __future__ import annotations

from datetime import datetime, timedelta

from portal.core.models import Heartbeat

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
