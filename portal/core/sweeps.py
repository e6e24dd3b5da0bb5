"""What every background sweep leaves behind: when it last began, when it last got through."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import ParamSpec

from django.db import Error, transaction
from django.db.models import F
from django.utils import timezone

from portal.core.models import SweepRun

logger = logging.getLogger(__name__)
P = ParamSpec("P")
MISSED_BEFORE_SILENT = 3  # intervals
ALWAYS_ALLOWED = timedelta(minutes=5)  # what runs each few seconds may have much to do for once


def noted(work: Callable[P, int]) -> Callable[P, int]:
    """Let a task leave a note of each run: when it began, got through or failed, and how much it
    did, which it returns.

    The note has the task's name, as in the schedule. A task that fails is noted with the kind of
    its error and raises as before.
    """
    name = f"{work.__module__}.{work.__name__}"

    @functools.wraps(work)
    def task(*args: P.args, **kwargs: P.kwargs) -> int:
        _note(name, began_at=timezone.now())
        try:
            did = work(*args, **kwargs)
        except Exception as error:
            _note(name, failed_at=timezone.now(), error=type(error).__name__)
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
