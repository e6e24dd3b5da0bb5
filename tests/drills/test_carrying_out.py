"""A worker killed again and again while a plan is carried out: each line one row, once."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from tests.amounts import amount
from tests.drills.conftest import Calm
from tests.drills.drilling import KNOBS, difference, drill, tally_of
from tests.flows.house import House, house_like
from tests.notices.smtp_server import mail_server

DRIVE = "orgmerge.tasks.drive"
KILLS = amount("DRILL_KILLS", short=10, long=200)
KILLS_OF_A_WORLD = 10  # then most is opened, and another copy of the world has its turn
SEED = amount("DRILL_SEED", short=68, long=68)


@pytest.mark.long
@pytest.mark.redis
@pytest.mark.timeout(7200)
@pytest.mark.django_db
def test_each_line_is_opened_once_whatever_is_killed(
    staged: House,
    calm: Calm,
    redis_url: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    dice = random.Random(SEED)  # noqa: S311
    kills = landed = 0
    while kills < KILLS or (landed < KILLS / 4 and kills < 3 * KILLS):
        folder = tmp_path / str(kills)
        folder.mkdir()
        with mail_server() as server:
            knobs = {**KNOBS, "EMAIL_URL": f"smtp://127.0.0.1:{server.port}"}
            with house_like(staged, folder, redis_url=redis_url, **knobs) as home:
                landed += _kill(home, calm, dice)
                _compare(home, calm)
        kills += KILLS_OF_A_WORLD
    figures = {"drill": "carrying out a merger", "kills": kills, "in_a_running_sweep": landed}
    with capsys.disabled():
        print(f"\n{json.dumps(figures)}")  # noqa: T201
    assert landed >= KILLS / 4


def _kill(home: House, calm: Calm, dice: random.Random) -> int:
    """Kill the worker in the middle of ten sweeps, let another finish; return how many landed."""
    landed = 0
    with drill(home) as killed:
        killed.start_worker()
        for _number in range(KILLS_OF_A_WORLD):
            after = dice.random() * calm.seconds[DRIVE] / 4  # of what is left each time
            landed += killed.kill_during(DRIVE, after=after, whole=False).is_under_way
        killed.finish()
    home.manage("verify_audit")
    return landed


def _compare(home: House, calm: Calm) -> None:
    tally = tally_of(home)
    for name in ("lines", "letters_of_lines", "dossiers", "items"):
        assert difference({name: tally[name]}, {name: calm.tally[name]}) == {}
