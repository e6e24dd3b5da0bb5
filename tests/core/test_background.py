"""The page of what runs in the background, and the warnings elsewhere."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from portal.core import tasks
from portal.core.background import heartbeats, status
from portal.core.background.sweeps import expect, is_silent
from portal.core.models import Heartbeat, SweepRun
from portal.core.roles import Role
from tests import builders
from tests.builders import NOW

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
HOUR = 60 * MINUTE
REMIND = "portal.notices.tasks.remind"


def all_is_well() -> None:
    now = timezone.now()
    for service in Heartbeat.Service:
        heartbeats.write(service, now=now)
    for name in status.intervals():
        SweepRun.objects.update_or_create(
            name=name, defaults={"began_at": now, "succeeded_at": now, "runs": 7, "did": 3}
        )


def test_a_sweep_at_a_time_of_day_runs_daily() -> None:
    assert status.intervals()["portal.agencies.tasks.show_new_versions"] == timedelta(days=1)
    assert status.intervals()[REMIND] == 5 * MINUTE


@pytest.mark.parametrize(
    ("columns", "interval", "expected"),
    [
        ({"began_at": NOW - 5 * MINUTE}, MINUTE, False),  # it may need five minutes for once
        ({"began_at": NOW - 6 * MINUTE}, MINUTE, True),
        ({"began_at": NOW - 23 * HOUR}, 24 * HOUR, False),  # a daily one on its first day
        ({"began_at": NOW, "failed_at": NOW}, HOUR, True),  # it has only ever failed
        ({"began_at": NOW, "runs": 4}, HOUR, True),  # killed each time: no failure, no success
        ({"began_at": NOW, "succeeded_at": NOW - 3 * HOUR}, HOUR, False),
        ({"began_at": NOW, "succeeded_at": NOW - 3 * HOUR - MINUTE}, HOUR, True),
        ({}, HOUR, True),
    ],
)
def test_what_counts_as_silent(
    columns: dict[str, object], interval: timedelta, expected: bool
) -> None:
    run = SweepRun(name="trial", **columns)

    assert is_silent(run, interval, now=NOW) is expected
    assert is_silent(None, interval, now=NOW)


def test_beat_makes_every_sweep_expected_and_leaves_what_is_known() -> None:
    SweepRun.objects.create(name=REMIND, began_at=NOW, succeeded_at=NOW, runs=9)

    tasks.beat_heartbeat()
    expect(status.intervals(), now=NOW)

    assert set(SweepRun.objects.values_list("name", flat=True)) == set(status.intervals())
    assert SweepRun.objects.get(name=REMIND).runs == 9
    assert status.silent_sweeps(timezone.now()).keys() == {REMIND}


def test_the_page_shows_each_sweep_and_marks_the_silent_first(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    all_is_well()
    now = timezone.now()
    SweepRun.objects.filter(name=REMIND).update(
        succeeded_at=now - HOUR, failed_at=now, error="OperationalError"
    )
    client.force_login(builders.user(Role.ADMINISTRATOR))
    client.get(reverse("background"))

    # session, user, two of heartbeats, sweeps, body, unread, contacts
    with django_assert_num_queries(8):
        answer = client.get(reverse("background"))

    assert [sweep.name for sweep in answer.context["sweeps"] if sweep.is_silent] == [REMIND]
    assert answer.context["sweeps"][0].name == REMIND
    assert answer.text.count("Im lặng</span>") == 1
    assert "OperationalError" in answer.text


def test_the_page_before_anything_ran_says_so(client: Client) -> None:
    client.force_login(builders.user(Role.ADMINISTRATOR))

    answer = client.get(reverse("background"))

    assert answer.text.count("Im lặng</span>") == 2 + len(status.intervals())


@pytest.mark.parametrize(
    ("role", "warned"),
    [
        (Role.ADMINISTRATOR, True),
        (Role.CA_OPERATOR, True),
        (Role.CA_SUPERVISOR, True),
        (Role.CLERK, False),
        (Role.OFFICE_OFFICER, False),
    ],
)
def test_who_is_warned_at_home_when_a_sweep_is_silent(
    client: Client, role: Role, warned: bool
) -> None:
    all_is_well()
    client.force_login(builders.user(role))
    assert "Nhắc thời hạn" not in client.get("/").text

    SweepRun.objects.filter(name=REMIND).update(succeeded_at=timezone.now() - HOUR)

    assert ("Nhắc thời hạn" in client.get("/").text) is warned
