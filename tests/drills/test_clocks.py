"""A clock that was an hour ahead and is set right: nothing is told twice, nothing waits longer."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from tests.drills.conftest import Calm
from tests.drills.drilling import KNOBS, difference, drill, tally_of
from tests.flows.house import House, house_like

pytestmark = [pytest.mark.timeout(1200), pytest.mark.redis, pytest.mark.django_db]
AN_HOUR = timedelta(hours=1)


def test_a_clock_set_back_an_hour_repeats_nothing_and_holds_nothing_up(
    staged: House, calm: Calm, tmp_path: Path
) -> None:
    with house_like(staged, tmp_path, **KNOBS) as home, drill(home) as turned:
        now = _not_near_midnight(timezone.localtime())
        fast = now + AN_HOUR
        turned.take_in_hand(until=fast + AN_HOUR / 2)  # by a worker that died at the fast hour
        home.manage("run_sweeps", "--at", fast.isoformat())
        told = tally_of(home)

        set_right = _sweep(home, now)
        after = tally_of(home)
        for minutes in (91, 93, 110):  # the hour, the half hour of a lease, a mail's longest wait
            _sweep(home, now + timedelta(minutes=minutes))
        in_the_end = tally_of(home)

    assert set_right["portal.notices.tasks.remind"] == 0
    assert after["notices"] == told["notices"]
    assert after["moves"] == told["moves"]
    assert in_the_end["not_mailed"] == in_the_end["in_no_list"] == 0
    assert difference(in_the_end, calm.tally) == {}


def _not_near_midnight(now: datetime) -> datetime:
    """What is late by days counts differently tomorrow."""
    return min(now, now.replace(hour=22, minute=0))


def _sweep(home: House, at: datetime) -> dict[str, int]:
    lines = map(json.loads, home.manage("run_sweeps", "--at", at.isoformat()).splitlines())
    return {line["sweep"]: line["did"] for line in lines}
