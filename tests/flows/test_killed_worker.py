"""A worker killed in the middle of issuing: the next one finishes, and nothing is issued twice."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from tests.flows.house import House, house, wait_until

ROWS = 50
ISSUED = "SELECT count(*) FROM ca_certificate"
ROWS_DONE = "SELECT count(*) FROM requests_app_dossieritem WHERE outcome = 'done'"
COMPLETED = "SELECT count(*) FROM requests_app_dossier WHERE state = 'completed'"
DEVICES_GIVEN = "SELECT count(DISTINCT key_id) FROM ca_certificate"
MOVES = "SELECT count(*) FROM devices_custodymove WHERE move = 'allocate'"


@pytest.mark.redis
@pytest.mark.django_db
def test_fifty_rows_survive_a_killed_worker(tmp_path: Path, redis_url: str) -> None:
    # One row a transaction and a short lease: the kill falls between rows, the wait is short.
    knobs = {"EXECUTION_CHUNK": "1", "EXECUTION_LEASE_SECONDS": "3"}
    with house(tmp_path, redis_url=redis_url, **knobs) as home:
        home.stage("confirm", str(ROWS))
        first = home.start_worker()
        beat = home.start_beat()
        wait_until(lambda: home.count(ISSUED) >= 3, seconds=300, pause=0.01)

        home.kill(first)

        issued_at_the_kill = home.count(ISSUED)
        assert 0 < issued_at_the_kill < ROWS
        home.start_worker()
        wait_until(lambda: home.count(COMPLETED) == 1, seconds=300)
        home.kill(beat)
        _assert_each_once(home)


def _assert_each_once(home: House) -> None:
    assert home.count(ISSUED) == ROWS
    assert home.count(ROWS_DONE) == ROWS
    assert home.count(DEVICES_GIVEN) == ROWS
    assert home.count(MOVES) == ROWS
    home.manage("verify_audit")


REVOKED = "SELECT count(*) FROM ca_certificate WHERE revoked_at IS NOT NULL"
ENTRIES = "SELECT count(*) FROM audit_auditentry WHERE action = 'certificate.revoke'"
RECALLS = "SELECT count(*) FROM devices_custodymove WHERE move = 'recall'"
CLOCKS = "SELECT count(*) FROM deadlines_deadline WHERE kind = 'device_return'"
NOTICES = "SELECT count(*) FROM requests_app_deliveredpaper"


@pytest.mark.redis
@pytest.mark.django_db
def test_fifty_revocations_survive_a_killed_worker(tmp_path: Path, redis_url: str) -> None:
    rows = 50  # they take no second: a busy machine must not miss it
    knobs = {"EXECUTION_CHUNK": "1", "EXECUTION_LEASE_SECONDS": "3"}
    with house(tmp_path, redis_url=redis_url, **knobs) as home:
        home.stage("confirm_revocation", str(rows))
        first = home.start_worker()
        beat = home.start_beat()
        with closing(home.connect()) as watch:
            wait_until(
                lambda: watch.execute(REVOKED).fetchall() != [(0,)], seconds=300, pause=0.001
            )

        home.kill(first)

        assert 0 < home.count(REVOKED) < rows
        assert home.count(REVOKED) == home.count(ROWS_DONE) == home.count(ENTRIES)
        assert home.count(RECALLS) == home.count(NOTICES) == 0
        home.start_worker()
        wait_until(lambda: home.count(COMPLETED) == 1, seconds=300)
        home.kill(beat)
        assert home.count(REVOKED) == home.count(ROWS_DONE) == home.count(ENTRIES) == rows
        assert home.count(RECALLS) == home.count(CLOCKS) == rows
        assert home.count(NOTICES) == 1
        home.manage("verify_audit")
