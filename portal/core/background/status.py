"""What runs in the background and how it is: the services, and each sweep of the schedule."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from portal.core.background import heartbeats, sweeps
from portal.core.models import Heartbeat, SweepRun

BEAT = "portal.core.tasks.beat_heartbeat"


@dataclass(frozen=True, slots=True)
class Service:
    """A service and its last sign of life."""

    label: str
    at: datetime | None
    is_silent: bool


@dataclass(frozen=True, slots=True)
class SweepState:
    """A sweep of the schedule, how often it runs, how it went."""

    name: str
    label: str
    interval: timedelta
    run: SweepRun | None
    is_silent: bool

    @property
    def is_failing(self) -> bool:
        """Whether its last run ended with an error."""
        return self.run is not None and bool(self.run.error)


def intervals() -> dict[str, timedelta]:
    """Return how often each sweep runs; one at a time of day: daily."""
    return {name: one.every for name, one in sweeps.declared().items()}


def silent_sweeps(now: datetime) -> dict[str, datetime | None]:
    """Return the sweeps of the schedule that are silent, and when they last got through."""
    return sweeps.silent(intervals(), now=now)


def silent_words(now: datetime) -> list[str]:
    """Return what is silent, in words: for a warning (one query).

    Without beat or worker every sweep is silent, and beat's own stands for them all.
    """
    silent, declared = silent_sweeps(now), sweeps.declared()
    return [str(declared[name].words) for name in ([BEAT] if BEAT in silent else silent)]


def services(now: datetime) -> list[Service]:
    """Return worker and beat with their last signs of life (two queries)."""
    last = dict(Heartbeat.objects.values_list("service", "at"))
    silent = heartbeats.silent(now=now)
    return [
        Service(str(service.label), last.get(service), service in silent)
        for service in Heartbeat.Service
    ]


def all_sweeps(now: datetime) -> list[SweepState]:
    """Return every sweep of the schedule, the silent and the failing first (one query)."""
    runs = SweepRun.objects.in_bulk()
    found = [
        SweepState(
            name=name,
            label=str(one.words),
            interval=one.every,
            run=runs.get(name),
            is_silent=sweeps.is_silent(runs.get(name), one.every, now=now),
        )
        for name, one in sweeps.declared().items()
    ]
    return sorted(found, key=lambda state: (not state.is_silent, not state.is_failing, state.label))
