"""What a background sweep leaves behind, and how a silent one is found."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import OperationalError

from portal.celery import app
from portal.core import tasks
from portal.core.background.sweeps import beat_schedule, noted, silent
from portal.core.models import SweepRun
from tests.builders import NOW

pytestmark = pytest.mark.django_db
NAME = "portal.trial.tasks.count"
HOUR = timedelta(hours=1)


def task(work: Callable[[], int]) -> Callable[[], int]:
    return noted(NAME, work)


def test_a_run_is_noted_with_its_moments_and_how_much_it_did() -> None:
    with time_machine.travel(NOW, tick=False):
        did = task(lambda: 7)()

    run = SweepRun.objects.get()
    assert did == 7
    assert (run.name, run.did, run.runs, run.error) == (NAME, 7, 1, "")
    assert (run.began_at, run.succeeded_at, run.failed_at) == (NOW, NOW, None)


def test_a_failed_run_is_noted_by_kind_and_raises_as_before() -> None:
    def fail() -> int:
        raise OperationalError("with a secret in its text")

    task(lambda: 3)()

    with pytest.raises(OperationalError), time_machine.travel(NOW + HOUR, tick=False):
        task(fail)()

    run = SweepRun.objects.get()
    assert (run.error, run.failed_at, run.runs) == ("OperationalError", NOW + HOUR, 2)
    assert run.did == 3  # of the last success


def test_the_next_success_wipes_the_error_out() -> None:
    SweepRun.objects.create(name=NAME, error="OperationalError", failed_at=NOW, runs=4)

    task(lambda: 0)()

    run = SweepRun.objects.get()
    assert (run.error, run.runs, run.failed_at) == ("", 5, NOW)


def test_a_sweep_is_silent_after_three_of_its_intervals() -> None:
    for name, ago in {"fresh": 3 * HOUR, "late": 3 * HOUR + timedelta(seconds=1)}.items():
        SweepRun.objects.create(name=name, succeeded_at=NOW - ago)
    failing = NOW - 4 * HOUR
    SweepRun.objects.create(name="failing", began_at=NOW, failed_at=NOW, succeeded_at=failing)

    found = silent(dict.fromkeys(["fresh", "late", "failing", "never"], HOUR), now=NOW)

    assert set(found) == {"late", "failing", "never"}
    assert (found["failing"], found["never"]) == (failing, None)


def test_each_task_of_the_schedule_is_noted_under_its_name_there() -> None:
    app.loader.import_default_modules()

    unnoted = {name for name in beat_schedule() if not hasattr(app.tasks[name].run, "__wrapped__")}

    assert unnoted == set()


def test_a_task_stays_one_that_celery_runs() -> None:
    with time_machine.travel(datetime(2026, 11, 20, 2, tzinfo=UTC), tick=False):
        assert tasks.beat_heartbeat.apply().get() == 1

    run = SweepRun.objects.get(name="portal.core.tasks.beat_heartbeat")
    assert (run.runs, run.did) == (1, 1)
