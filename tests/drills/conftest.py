"""One staged world for all drills of a process, and what stands in it after undisturbed sweeps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.drills.drilling import KNOBS, drill, tally_of
from tests.flows.house import House, house, house_like
from tests.notices.smtp_server import mail_server

SIZE = 12


@dataclass(frozen=True, slots=True)
class Calm:
    """A run that nothing disturbs: how long each sweep took, and what stood in the end."""

    seconds: dict[str, float]
    tally: dict[str, Any]


@pytest.fixture(scope="session")
def staged(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house with work for every sweep, to be copied."""
    with house(tmp_path_factory.mktemp("staged"), **KNOBS) as opened:
        opened.play("tests.drills.world", "everything", str(SIZE))
        yield opened


@pytest.fixture(scope="session")
def calm(staged: House, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Calm:
    """What a worker does with it that nobody kills."""
    folder = tmp_path_factory.mktemp("calm")
    with mail_server() as server:
        address = f"smtp://127.0.0.1:{server.port}"
        knobs = {**KNOBS, "EMAIL_URL": address}
        with house_like(staged, folder, redis_url=redis_url, **knobs) as home, drill(home) as quiet:
            quiet.start_worker()
            seconds = {name: run.seconds for name, run in quiet.run_all().items()}
            quiet.finish()
            tally = tally_of(home)
        assert len(server.message_ids) == len(set(server.message_ids))
    assert tally["not_mailed"] == tally["in_no_list"] == 0
    assert tally["left_over"] == [0, 0, 0]
    return Calm(seconds, tally)
