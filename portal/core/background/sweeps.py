"""Background sweeps: each declared once, where its work is, and what every run of it leaves behind.

A sweep may run twice or twice at once. A message that waited longer than its interval is dropped:
the next one does the same work.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from time import monotonic
from typing import TYPE_CHECKING, Any

from celery import shared_task
from celery.schedules import crontab
from django.db import Error, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.module_loading import autodiscover_modules

from portal.core.database.conflicts import is_conflict
from portal.core.models import SweepRun

if TYPE_CHECKING:
    from celery.app.task import Task
    from django.utils.functional import _StrPromise

logger = logging.getLogger(__name__)
_DAY = timedelta(days=1)
_DAILY_EXPIRES = timedelta(hours=1)
MISSED_BEFORE_SILENT = 3  # intervals
MOST_OF_AN_ERROR = 120
ALWAYS_ALLOWED = timedelta(minutes=5)  # what runs each few seconds may have much to do for once


@dataclass(frozen=True, slots=True)
class Done:
    """How much a run did, and what ``run_sweeps`` prints besides.

    A task raises ``failure``, so that the sweep is seen to fail; ``run_sweeps`` prints the details.
    """

    did: int
    details: Callable[[], dict[str, Any]] = dict
    failure: Exception | None = None


@dataclass(frozen=True, slots=True)
class Sweep:
    """One sweep as it was declared."""

    name: str
    words: _StrPromise
    every: timedelta
    daily_at: time | None
    order: int | None
    in_pieces_for: timedelta | None
    work: Callable[..., int | Done]

    def run_to_the_end(self, now: datetime) -> Done:
        """Do everything there is to do as of a moment: for ``run_sweeps``."""
        return self._run(lambda: now, longest=None)

    def run_for_a_while(self) -> int:
        """Do what a task does at once; raises the failure there was."""
        done = self._run(timezone.now, longest=self.in_pieces_for)
        if done.failure is not None:
            raise done.failure
        return done.did

    def _run(self, clock: Callable[[], datetime], *, longest: timedelta | None) -> Done:
        began, whole = monotonic(), 0
        while True:
            given = self.work(now=clock())
            done = given if isinstance(given, Done) else Done(int(given))
            whole += done.did
            is_time_over = longest is not None and monotonic() - began >= longest.total_seconds()
            if self.in_pieces_for is None or not done.did or done.failure or is_time_over:
                return replace(done, did=whole)


_DECLARED: dict[str, Sweep] = {}


def sweep(
    name: str,
    *,
    words: _StrPromise,
    every: timedelta | None = None,
    daily_at: time | None = None,
    order: int | None,
    in_pieces_for: timedelta | None = None,
    time_limit: timedelta | None = None,
) -> Callable[[Callable[..., int | Done]], Task[[], int]]:
    """Declare a sweep: a function in an app's ``tasks`` that takes ``now`` and returns what it did.

    ``name``: stays for ever, it stands in the database. ``words``: for pages. One of ``every`` and
    ``daily_at`` (in Asia/Ho_Chi_Minh). ``order``: of ``run_sweeps``, where one prepares the next;
    None: not run there. ``in_pieces_for``: a call does a piece and 0 means that nothing is left;
    the task goes on for so long, other work gets its turn then. ``time_limit``: the worker ends a
    task that takes longer.
    """
    if (every is None) == (daily_at is None):
        raise ValueError(f"{name}: give either every or daily_at")
    if name in _DECLARED:
        raise ValueError(f"{name} is declared already")

    def declare(work: Callable[..., int | Done]) -> Task[[], int]:
        one = Sweep(name, words, every or _DAY, daily_at, order, in_pieces_for, work)
        _DECLARED[name] = one

        @functools.wraps(work)
        def run() -> int:
            return one.run_for_a_while()

        if time_limit is None:
            return shared_task(name=name, ignore_result=True)(noted(name, run))
        seconds = int(time_limit.total_seconds())
        return shared_task(name=name, ignore_result=True, time_limit=seconds)(noted(name, run))

    return declare


@functools.cache
def _discover() -> None:
    autodiscover_modules("tasks")


def declared() -> Mapping[str, Sweep]:
    """Return the sweeps of all apps by name; their modules are imported when first asked for."""
    _discover()
    return _DECLARED


def in_order() -> list[Sweep]:
    """Return the sweeps that ``run_sweeps`` runs: what prepares another comes before it."""
    ordered = [(one.order, one.name, one) for one in declared().values() if one.order is not None]
    return [one for _order, _name, one in sorted(ordered, key=lambda row: row[:2])]


def beat_schedule() -> dict[str, dict[str, Any]]:
    """Return what beat sends when."""
    found: dict[str, dict[str, Any]] = {}
    for one in declared().values():
        at, seconds = one.daily_at, one.every.total_seconds()
        found[one.name] = {
            "task": one.name,
            "schedule": crontab(hour=str(at.hour), minute=str(at.minute)) if at else seconds,
            "options": {"expires": _DAILY_EXPIRES.total_seconds() if at else seconds},
        }
    return found


def noted(name: str, work: Callable[[], int]) -> Callable[[], int]:
    """Let ``work`` leave a note of each run: when it began, got through or failed, and how much it
    did, which it returns.

    One that fails is noted with the kind of its error, or the ``summary`` that one made to be
    shown has, and raises as before. One that met a conflict did nothing: the next run does it.
    """

    @functools.wraps(work)
    def task() -> int:
        _note(name, began_at=timezone.now())
        try:
            did = work()
        except Exception as error:
            if is_conflict(error):
                logger.warning("%s met a conflict: the next run does its work", name)
                return 0
            kind = getattr(error, "summary", type(error).__name__)
            _note(name, failed_at=timezone.now(), error=kind[:MOST_OF_AN_ERROR])
            raise
        _note(name, succeeded_at=timezone.now(), error="", did=did)
        if did:
            logger.info("%s: %s", name, did)
        return did

    return task


def expect(names: Iterable[str], *, now: datetime) -> None:
    """Know of every sweep of the schedule from when beat first ran: none of them is forgotten."""
    missing = set(names).difference(SweepRun.objects.values_list("name", flat=True))
    rows = [SweepRun(name=name, began_at=now) for name in sorted(missing)]
    SweepRun.objects.bulk_create(rows, ignore_conflicts=True)


def silent(intervals: Mapping[str, timedelta], *, now: datetime) -> dict[str, datetime | None]:
    """Return the sweeps of ``intervals`` that have not got through for three of theirs, and when
    they last did (None: never)."""
    runs = SweepRun.objects.in_bulk()
    return {
        name: run.succeeded_at if (run := runs.get(name)) else None
        for name, interval in intervals.items()
        if is_silent(runs.get(name), interval, now=now)
    }


def is_silent(run: SweepRun | None, interval: timedelta, *, now: datetime) -> bool:
    """Say whether a sweep has missed three of its intervals; five minutes are always allowed.

    One that never got through counts from when it was first expected, and at once when it failed.
    """
    allowed = max(MISSED_BEFORE_SILENT * interval, ALWAYS_ALLOWED)
    if run is None or run.began_at is None:
        return run is None or run.succeeded_at is None or now - run.succeeded_at > allowed
    if run.succeeded_at is not None:
        return now - run.succeeded_at > allowed
    was_killed_again_and_again = run.runs * interval > allowed
    return run.failed_at is not None or was_killed_again_and_again or now - run.began_at > allowed


def _note(name: str, **columns: object) -> None:
    """Keep the row in a transaction of its own; a database that is away ends no sweep here."""
    is_beginning = "began_at" in columns
    changes = columns | ({"runs": F("runs") + 1} if is_beginning else {})
    try:
        with transaction.atomic():
            if not SweepRun.objects.filter(name=name).update(**changes):
                SweepRun.objects.get_or_create(name=name, defaults=columns | {"runs": 1})
    except Error:
        logger.exception("could not note how %s went", name)
