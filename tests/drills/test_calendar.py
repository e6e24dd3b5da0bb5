"""The calendar is edited while clocks are opened and a worker tells of them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.drills.drilling import KNOBS, drill
from tests.flows.house import house

pytestmark = [pytest.mark.timeout(1200), pytest.mark.redis, pytest.mark.django_db]
REMIND = "portal.notices.tasks.remind"
WORLD = "tests.drills.world"
TOLD = "SELECT count(*) FROM deadlines_reminder WHERE state = 'told'"
# Each clock's thresholds have one row by a constraint; a notice's cause names its threshold.
TOLD_OF = "SELECT count(*) FROM notices_notice WHERE cause LIKE 'deadline:%'"


def test_clocks_end_by_the_table_as_it_is_and_no_threshold_is_told_twice(
    tmp_path: Path, redis_url: str
) -> None:
    with house(tmp_path, redis_url=redis_url, **KNOBS) as home, drill(home) as edited:
        home.play(WORLD, "clocks_to_move", "5")
        edited.start_worker()
        runs = 0

        with ThreadPoolExecutor(2) as pool:
            acts = [
                pool.submit(home.play, WORLD, "edit_calendar", "4"),
                pool.submit(home.play, WORLD, "open_clocks", "150"),
            ]
            while not all(act.done() for act in acts):
                edited.run(REMIND)
                runs += 1
        for act in acts:
            act.result()
        edited.run(REMIND)

        assert runs > 5
        assert home.play(WORLD, "wrong_days", "0").strip() == "0"
        assert home.count(TOLD) == home.count(TOLD_OF) > 0
        assert (
            home.count("SELECT count(*) FROM deadlines_deadline WHERE next_at <= changed_at") == 0
        )
        home.manage("verify_audit")
