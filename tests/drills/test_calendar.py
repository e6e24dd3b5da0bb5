"""The calendar is edited while clocks are opened and a worker tells of them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.drills.drilling import KNOBS, PATIENCE, drill
from tests.flows.house import house, wait_until

pytestmark = [pytest.mark.timeout(1200), pytest.mark.redis, pytest.mark.django_db]
REMIND = "portal.notices.tasks.remind"
RUNS = 6  # while the table is edited and clocks are opened
WORLD = "tests.drills.world"
DAYS = "SELECT count(*) FROM core_calendarday"
CLOCKS = "SELECT count(*) FROM deadlines_deadline"
TOLD = "SELECT count(*) FROM deadlines_reminder WHERE state = 'told'"
# Each clock's thresholds have one row by a constraint; a notice's cause names its threshold.
TOLD_OF = "SELECT count(*) FROM notices_notice WHERE cause LIKE 'deadline:%'"


def test_clocks_end_by_the_table_as_it_is_and_no_threshold_is_told_twice(
    tmp_path: Path, redis_url: str
) -> None:
    with house(tmp_path, redis_url=redis_url, **KNOBS) as home, drill(home) as edited:
        home.play(WORLD, "clocks_to_move", "5")
        edited.start_worker()
        edited.run(REMIND)  # the worker is up
        days, clocks = home.count(DAYS), home.count(CLOCKS)

        with ThreadPoolExecutor(2) as pool:
            acts = [
                pool.submit(home.play, WORLD, "edit_calendar", "2"),
                pool.submit(home.play, WORLD, "open_clocks", "50"),
            ]
            try:
                wait_until(lambda: home.count(DAYS) != days, seconds=PATIENCE)
                wait_until(lambda: home.count(CLOCKS) != clocks, seconds=PATIENCE)
                for _number in range(RUNS):
                    edited.run(REMIND)
            finally:
                (tmp_path / "var" / "enough").touch()
        for act in acts:
            act.result()
        edited.run(REMIND)

        assert home.play(WORLD, "wrong_days", "0").strip() == "0"
        assert home.count(TOLD) == home.count(TOLD_OF) > 0
        assert (
            home.count("SELECT count(*) FROM deadlines_deadline WHERE next_at <= changed_at") == 0
        )
        home.manage("verify_audit")
