"""All sweeps as of a moment: what they do and print; a day left out loses nothing."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import Settings

from portal.agencies.models import Agency
from portal.ca.authority import ceremony, keystore
from portal.ca.models import Crl
from portal.ca.register import expiry
from portal.core.background import status, sweeps
from portal.core.models import SweepRun
from portal.core.roles import Role
from portal.deadlines import services
from portal.deadlines.models import DeadlineKind, Reminder
from portal.notices.models import Notice
from tests import builders, databases
from tests.amounts import IS_LONG
from tests.builders import NOW, TODAY

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
MONTH = [TODAY + n * DAY for n in range(31)]


@pytest.fixture(autouse=True)
def _worker() -> Iterator[None]:
    """The command may sign; what comes after it in this process may not."""
    yield
    keystore.close()


def run(at: str) -> list[dict[str, Any]]:
    out = StringIO()
    call_command("run_sweeps", "--at", at, stdout=out, stderr=StringIO())
    return [json.loads(line) for line in out.getvalue().splitlines()]


def line(lines: list[dict[str, Any]], name: str) -> dict[str, Any]:
    (found,) = [one for one in lines if one["sweep"].endswith(name)]
    return found


def clock(agency: Agency, kind: DeadlineKind = DeadlineKind.DEVICE_RETURN) -> None:
    services.open_deadline(
        kind,
        agency=agency,
        office=agency.office,
        target_type="device",
        target_uuid=uuid.uuid4(),
        title=f"Thử {kind}",
        path="",
        now=NOW,
    )


def test_every_sweep_of_the_schedule_is_among_them() -> None:
    scheduled = set(sweeps.beat_schedule())

    assert {one.name for one in sweeps.in_order()} == scheduled - {status.BEAT}


def test_it_says_in_a_line_for_each_what_was_done() -> None:
    agency = builders.agency(office=builders.office())
    builders.user(Role.CLERK, agency=agency)
    clock(agency)

    lines = run("2026-11-26T08:00")

    assert [one["sweep"] for one in lines] == [one.name for one in sweeps.in_order()]
    assert {one["at"] for one in lines} == {"2026-11-26T08:00:00+07:00"}
    told = line(lines, "remind")
    assert (told["did"], told["clocks"], told["overtaken"], told["notices"]) == (1, 1, 0, 1)
    assert told["thresholds"][0]["kind"] == "device_return"
    assert (told["thresholds"][0]["threshold"], told["thresholds"][0]["state"]) == (2, "told")
    assert line(lines, "publish_crl")["not_configured"]
    assert line(lines, "send_pending_mail")["did"] == 0  # told this moment, it settles first
    assert not SweepRun.objects.exists()  # a trial is no sign of life


def test_run_again_at_the_same_moment_nothing_is_done_again() -> None:
    agency = builders.agency(office=builders.office())
    builders.user(Role.CLERK, agency=agency)
    clock(agency)
    run("2026-11-26T08:00")

    again = line(run("2026-11-26T08:00"), "remind")

    assert (again["did"], again["notices"]) == (0, 0)


def test_a_moment_with_its_own_offset_is_taken_as_it_is() -> None:
    lines = run("2026-11-26T01:00+00:00")

    assert lines[0]["at"] == "2026-11-26T08:00:00+07:00"


def test_where_a_ca_stands_its_list_is_published() -> None:
    keystore.open_for_signing()
    ceremony.set_up(now=NOW)
    before = Crl.objects.count()

    published = line(run("2026-11-26T08:00"), "publish_crl")

    assert published["did"] == 1
    assert Crl.objects.count() == before + 1


def test_one_that_fails_is_named_and_keeps_no_other_waiting(settings: Settings) -> None:
    clock(builders.agency())
    settings.REMINDER_HOUR = 25  # no such hour
    out = StringIO()

    with pytest.raises(CommandError, match="remind"):
        call_command("run_sweeps", "--at", "2026-12-24T08:00", stdout=out, stderr=StringIO())

    lines = [json.loads(one) for one in out.getvalue().splitlines()]
    assert line(lines, "remind")["failed"] == "ValueError"
    assert "did" in lines[-1]


def test_outside_the_simulation_the_future_is_not_played(settings: Settings) -> None:
    settings.SIMULATION = False
    tomorrow = timezone.localtime() + DAY

    with pytest.raises(CommandError):
        call_command("run_sweeps", "--at", tomorrow.isoformat(), stdout=StringIO())


def _month(*, without: set[date]) -> tuple[set[tuple[str, int]], int]:
    """Play a month on a scene of its own; return the thresholds with a row, and tellings."""
    agency = builders.agency(office=builders.office())
    for role in (Role.CLERK, Role.HEAD):
        builders.user(role, agency=agency)
    for kind in (DeadlineKind.DEVICE_RETURN, DeadlineKind.LOSS_MINUTES, DeadlineKind.RECOVERY):
        clock(agency, kind)
    holders = [builders.person(f"Lò Văn {days}", at=agency) for days in (3, 20, 35, 50, 77, 110)]
    expiry.open_doors(
        [
            builders.certificate(subscriber=one, not_after=NOW + int(one.name.split()[-1]) * DAY)
            for one in holders
        ],
        now=NOW,
    )
    for day in MONTH:
        if day not in without:
            run(f"{day}T08:00")
    run(f"{MONTH[-1]}T08:05")
    rows = Reminder.objects.values_list("deadline__title", "threshold", "state")
    told = sum(state == Reminder.State.TOLD for _title, _threshold, state in rows)
    return {(_without_number(title), threshold) for title, threshold, _state in rows}, told


@cache
def _whole_month() -> tuple[set[tuple[str, int]], int]:
    with databases.taken_back():
        return _month(without=set())


def _without_number(title: str) -> str:
    """Certificates of another scene have other numbers."""
    return title.partition(" của ")[2] or title


AWAY = [{MONTH[6]}, set(MONTH[4:14]), {MONTH[10]}, set(MONTH[20:30])]


@pytest.mark.long
@pytest.mark.parametrize("away", AWAY if IS_LONG else AWAY[:2], ids=len)
def test_a_month_with_days_left_out_has_the_same_thresholds(away: set[date]) -> None:
    whole, told = _whole_month()

    with_gaps, told_with_gaps = _month(without=away)

    assert with_gaps == whole
    assert told_with_gaps <= told
    causes = Notice.objects.values_list("recipient", "cause")
    assert len(causes) == len(set(causes))
