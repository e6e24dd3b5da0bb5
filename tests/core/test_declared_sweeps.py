"""A sweep is declared once: dropped into an app's ``tasks`` it is sent, shown, noted and played."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from io import StringIO
from pathlib import Path

import pytest
from celery.schedules import crontab
from django.conf import settings as django_settings
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from pytest_django import Settings

from portal.ca.authority import keystore
from portal.celery import app
from portal.core.background import heartbeats, status, sweeps
from portal.core.background.beat import Scheduler
from portal.core.background.sweeps import Done, sweep
from portal.core.models import Heartbeat, SweepRun
from portal.core.roles import Role
from tests import builders
from tests.builders import NOW

HOW_TO = Path(django_settings.BASE_DIR) / "docs" / "how-to" / "add-a-sweep.md"
NAME = "weather.tasks.read_rain_gauge"


@pytest.fixture(autouse=True)
def _registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Declarations of a test end with it."""
    before = set(app.tasks)
    monkeypatch.setattr(sweeps, "_DECLARED", dict(sweeps.declared()))
    yield
    for name in set(app.tasks) - before:
        app.tasks.unregister(name)


@pytest.fixture
def _weather(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Iterator[None]:
    """An app of one module, installed beside ours: the one the recipe shows."""
    (source,) = re.findall(r"```python\n(.*?)```", HOW_TO.read_text(), re.DOTALL)
    folder = tmp_path / "weather"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "gauge.py").write_text("def read(*, now):\n    return now.hour\n")
    (folder / "tasks.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "weather"]
    sweeps._discover.cache_clear()
    yield
    sweeps._discover.cache_clear()
    for name in [name for name in sys.modules if name.partition(".")[0] == "weather"]:
        del sys.modules[name]


@pytest.mark.django_db
@pytest.mark.usefixtures("_weather")
def test_the_sweep_of_the_recipe_is_sent_shown_watched_and_played(
    client: Client, tmp_path: Path
) -> None:
    entry = sweeps.beat_schedule()[NAME]
    assert (entry["schedule"], entry["options"]) == (600, {"expires": 600})
    scheduler = Scheduler(app=app, schedule_filename=str(tmp_path / "schedule"), lazy=True)
    scheduler.setup_schedule()
    assert scheduler.schedule[NAME].task == NAME
    scheduler.close()

    now = timezone.now()
    for service in Heartbeat.Service:
        heartbeats.write(service, now=now)
    app.tasks[status.BEAT]()
    client.force_login(builders.user(Role.ADMINISTRATOR))
    assert SweepRun.objects.get(name=NAME).runs == 0
    SweepRun.objects.exclude(name=NAME).update(succeeded_at=now)
    SweepRun.objects.filter(name=NAME).update(began_at=now - timedelta(hours=1))
    assert "Đọc máy đo mưa" in client.get(reverse("background")).text
    assert "Đọc máy đo mưa" in client.get("/").text  # the warning
    assert client.get("/readyz").json()["checks"]["sweeps"] == f"silent: {NAME}"

    assert app.tasks[NAME].apply().get() == timezone.now().hour
    assert SweepRun.objects.get(name=NAME).runs == 1
    assert client.get("/readyz").json()["checks"]["sweeps"] == "ok"

    out = StringIO()
    try:
        call_command("run_sweeps", "--at", "2026-11-26T08:00+00:00", stdout=out)
    finally:
        keystore.close()
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    names = [line["sweep"] for line in lines]
    place = names.index(NAME)
    assert lines[place]["did"] == 8
    assert names[place - 1] == "portal.notices.tasks.warn_of_missing_days"
    assert names[place + 1] == "portal.accounts.tasks.send_links"


def test_what_is_done_in_pieces_goes_on_in_the_task_and_to_the_end_when_played() -> None:
    left = {"whole": [3, 3, 1], "a piece": [3, 3, 1], "a while": [3, 3, 1]}

    def declare(name: str, longest: timedelta | None) -> None:
        @sweep(name, words=_("Thử"), every=timedelta(1), order=1, in_pieces_for=longest)
        def work(*, now: datetime) -> int:
            return left[name].pop(0) if left[name] else 0

    declare("whole", None)
    declare("a piece", timedelta(0))
    declare("a while", timedelta(minutes=1))
    declared = sweeps.declared()

    assert declared["whole"].run_to_the_end(NOW).did == 3
    assert declared["a piece"].run_for_a_while() == 3
    assert declared["a piece"].run_to_the_end(NOW).did == 4
    assert declared["a while"].run_for_a_while() == 7


def test_a_failure_is_raised_by_the_task_and_told_when_played() -> None:
    @sweep("trial", words=_("Thử"), every=timedelta(hours=1), order=1)
    def work(*, now: datetime) -> Done:
        return Done(0, lambda: {"at": now.hour}, failure=ValueError("broken"))

    one = sweeps.declared()["trial"]

    assert one.run_to_the_end(NOW).details() == {"at": NOW.hour}
    with pytest.raises(ValueError, match="broken"):
        one.run_for_a_while()


def test_a_time_of_day_is_once_a_day_and_its_message_waits_an_hour() -> None:
    @sweep("trial", words=_("Thử"), daily_at=time(7, 10), order=None)
    def work(*, now: datetime) -> int:
        return now.day

    entry = sweeps.beat_schedule()["trial"]

    assert entry["schedule"] == crontab(hour="7", minute="10")
    assert entry["options"]["expires"] == 3600
    assert status.intervals()["trial"] == timedelta(days=1)
    assert "trial" not in [one.name for one in sweeps.in_order()]


def test_a_name_is_declared_once_and_with_one_schedule() -> None:
    for name, every in ((status.BEAT, timedelta(1)), ("trial", None)):
        with pytest.raises(ValueError, match=name):
            sweep(name, words=_("Thử"), every=every, order=1)


def test_the_order_of_run_sweeps_is_of_numbers_each_given_once() -> None:
    orders = [one.order for one in sweeps.in_order()]

    assert len(set(orders)) == len(orders)
