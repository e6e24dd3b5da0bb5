"""Workers killed in the middle of every sweep: in the end all is as if none had been."""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.amounts import amount
from tests.drills.conftest import Calm
from tests.drills.drilling import KNOBS, SWEEPS, difference, drill, tally_of
from tests.flows.house import House, house_like
from tests.notices.smtp_server import MailServer, mail_server

KILLS = amount("DRILL_KILLS", short=10, long=200)
SEED = amount("DRILL_SEED", short=68, long=68)
KILLS_OF_A_WORLD = 10  # then the work of most sweeps is done, and another copy has its turn
WHOLE_WORKERS = 0.4  # of the kills; the others end the child that works, and its parent lives on


@dataclass(slots=True)
class Figures:
    """What a drill counted; printed as a line of JSON."""

    kills: int = 0
    landed: Counter[str] = field(default_factory=Counter)
    notices: int = 0
    mails: int = 0
    mails_sent_again: int = 0
    duplicates: int = 0
    lost: int = 0

    @property
    def are_enough(self) -> bool:
        """A quick machine misses some sweeps: then it kills more, up to three times as many."""
        landed_enough = self.landed.total() >= KILLS / 4 or self.kills >= 3 * KILLS
        return self.kills >= KILLS and landed_enough

    def as_line(self, database: str) -> str:
        columns = {name: getattr(self, name) for name in self.__slots__ if name != "landed"}
        landed = {"in_a_running_sweep": self.landed.total(), "by_sweep": dict(self.landed)}
        return json.dumps({"drill": "kills", "database": database, **columns, "landed": landed})


@pytest.mark.long
@pytest.mark.redis
@pytest.mark.timeout(7200)
@pytest.mark.django_db
def test_no_kill_loses_or_repeats_anything(
    staged: House,
    calm: Calm,
    redis_url: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    dice = random.Random(SEED)  # noqa: S311
    figures = Figures()
    while figures.kills < KILLS or (
        figures.landed.total() < KILLS / 4 and figures.kills < 3 * KILLS
    ):
        folder = tmp_path / str(figures.kills)
        folder.mkdir()
        with mail_server() as server:
            knobs = {**KNOBS, "EMAIL_URL": f"smtp://127.0.0.1:{server.port}"}
            with house_like(staged, folder, redis_url=redis_url, **knobs) as home:
                begun = _kill(home, calm, dice, figures)
                _count(home, calm, server, begun, figures)
    with capsys.disabled():
        print(f"\n{figures.as_line('postgresql' if staged.database else 'sqlite')}")  # noqa: T201
    assert figures.duplicates == figures.lost == 0
    assert figures.landed.total() >= KILLS / 4


def _kill(home: House, calm: Calm, dice: random.Random, figures: Figures) -> set[str]:
    """Kill the worker in the middle of ten sweeps, let another finish; return the mails begun."""
    begun: set[str] = set()
    with drill(home) as killed:
        killed.start_worker()
        for name in dice.sample(SWEEPS, k=KILLS_OF_A_WORLD):
            after = dice.random() * calm.seconds[name]
            run = killed.kill_during(name, after=after, whole=dice.random() < WHOLE_WORKERS)
            figures.kills += 1
            figures.landed[name] += run.is_under_way
            begun |= killed.in_hand()
        killed.finish()
    home.manage("verify_audit")
    return begun


def _count(home: House, calm: Calm, server: MailServer, begun: set[str], figures: Figures) -> None:
    """Compare with the run without kills; what differs is named."""
    tally = tally_of(home)
    assert difference(tally, calm.tally) == {}
    told, owed = Counter(tally["notices"]), Counter(calm.tally["notices"])
    received = Counter(server.message_ids)
    again = {message_id for message_id, count in received.items() if count > 1}
    figures.notices += told.total()
    figures.mails += len(received)
    figures.mails_sent_again += len(again)
    # Sent twice only where the worker died before it could note the server's answer.
    figures.duplicates += (told - owed).total() + len(again - begun)
    figures.lost += (owed - told).total() + tally["not_mailed"]
