"""Very many notices due at once: told, bundled and mailed in bounded runs, in bounded memory."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from tests.amounts import amount
from tests.drills.drilling import KNOBS, MAIL, children_of, drill
from tests.flows.house import house
from tests.notices.smtp_server import mail_server

NOTICES = amount("DRILL_NOTICES", short=1000, long=10_000)
REMIND = "portal.notices.tasks.remind"
MOST_GROWTH_MB = 64  # from the first run, which loads what all need, to the last


@pytest.mark.long
@pytest.mark.redis
@pytest.mark.timeout(3600)
@pytest.mark.django_db
def test_very_many_are_told_and_mailed_in_bounded_memory(
    tmp_path: Path, redis_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with mail_server() as server:
        knobs = {**KNOBS, "EMAIL_URL": f"smtp://127.0.0.1:{server.port}"}
        with house(tmp_path, redis_url=redis_url, **knobs) as home, drill(home) as busy:
            home.play("tests.drills.world", "many_notices", str(NOTICES))
            worker = busy.start_worker()
            busy.run("portal.core.tasks.beat_heartbeat")
            (child,) = children_of(worker.pid)
            before = _megabytes(child)

            began = time.monotonic()
            busy.run(REMIND, seconds=600)
            told = time.monotonic() - began
            busy.let_mails_settle()
            busy.run(MAIL, seconds=600)
            mailed = time.monotonic() - began - told

            after = _megabytes(child)
            notices = home.count("SELECT count(*) FROM notices_notice")
            waiting = home.count("SELECT count(*) FROM notices_notice WHERE mail_id IS NULL")
    figures = {
        "drill": "volume",
        "notices": notices,
        "mails": len(server.taken),
        "seconds_to_tell": round(told, 2),
        "seconds_to_mail": round(mailed, 2),
        "worker_mb": [before, after],
    }
    with capsys.disabled():
        print(f"\n{json.dumps(figures)}")  # noqa: T201
    assert notices == NOTICES
    assert waiting == 0
    assert len(server.message_ids) == len(set(server.message_ids)) == min(NOTICES, 100)
    assert after - before < MOST_GROWTH_MB


def _megabytes(pid: int) -> int:
    """Return the most memory a process has held so far."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    (peak,) = (line.split()[1] for line in lines if line.startswith("VmHWM"))
    return int(peak) // 1024
