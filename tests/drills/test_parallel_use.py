"""Twenty people and a worker at once: nobody meets an error, nothing that was taken is lost."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from django.db import connection

from tests.amounts import IS_LONG, amount
from tests.drills import users
from tests.drills.drilling import KNOBS, PATIENCE, Drill, drill
from tests.drills.http_client import HttpClient
from tests.drills.users import Desks
from tests.flows.house import House, Process, house, wait_until

SECONDS = amount("DRILL_SECONDS", short=5, long=60)
BODIES = 6
ROWS = amount("DRILL_ROWS", short=120, long=5000)
LONGEST_WAIT = amount("DRILL_LONGEST_WAIT", short=0, long=2)  # seconds for a page
ALONE = amount("DRILL_ALONE", short=1, long=30)  # seconds in which the clerk does nothing yet
SWEEPS = (
    "requests_app.tasks.execute_accepted",
    "devices.tasks.lock_exhausted",
    "portal.notices.tasks.send_pending_mail",
    "portal.notices.tasks.remind",
    "portal.ca.tasks.publish_crl",
    "portal.ca.tasks.open_missing_doors",
    "devices.tasks.recall_expired",
    "portal.audit.tasks.write_checkpoint",
)
pytestmark = [pytest.mark.long, pytest.mark.timeout(1800), pytest.mark.redis, pytest.mark.django_db]


@dataclass(frozen=True, slots=True)
class Open:
    """A house with its web server and worker, and who has an account there."""

    home: House
    busy: Drill
    base: str
    web: Process
    made: dict[str, Any]


@pytest.fixture(scope="module")
def opened(
    django_db_setup: None, tmp_path_factory: pytest.TempPathFactory, redis_url: str
) -> Iterator[Open]:
    knobs = {**KNOBS, "EXECUTION_LEASE_SECONDS": "60"}
    folder = tmp_path_factory.mktemp("parallel")
    with house(folder, redis_url=redis_url, **knobs) as home, drill(home) as busy:
        stock = 5 + SECONDS // 3
        made = json.loads(home.play("tests.drills.offices", "made", str(BODIES), str(stock)))
        base, web = _serve(home)
        busy.start_worker()
        busy.run("portal.core.tasks.beat_heartbeat")
        yield Open(home, busy, base, web, made)


def test_twenty_people_at_once_meet_no_error_and_lose_nothing(
    opened: Open, capsys: pytest.CaptureFixture[str]
) -> None:
    made, desks = opened.made, Desks(opened.base)
    clerks = [users.Clerk(desks, team) for team in made["teams"]]
    people = [
        *clerks,
        *(users.Head(desks, team["head"]) for team in made["teams"]),
        users.Officer(desks, made["officer"]),
        users.Reader(desks, made["office_head"]),
        users.Operator(desks, made["operator"]),
        users.Supervisor(desks, made["supervisor"]),
        users.Reader(desks, made["auditor"]),
        *(users.Administrator(desks, one, made["clerk"]) for one in made["administrators"]),
    ]
    _work(opened, desks, people, _tabs(opened, desks, clerks[0]), capsys)


def test_one_clerk_in_five_tabs_whose_account_is_in_hand_meets_no_error(
    opened: Open, capsys: pytest.CaptureFixture[str]
) -> None:
    made, desks = opened.made, Desks(opened.base)
    clerk = users.Person(desks, made["teams"][0]["clerk"])
    people = [users.Administrator(desks, one, made["clerk"]) for one in made["administrators"]]
    _work(opened, desks, people, _tabs(opened, desks, clerk), capsys)


def test_a_clerk_with_a_long_list_keeps_nobody_waiting(
    opened: Open, capsys: pytest.CaptureFixture[str]
) -> None:
    made, desks = opened.made, Desks(opened.base)
    clerk = users.LongLister(desks, made["teams"][0], rows=ROWS)
    names = [
        *(team["clerk"] for team in made["teams"][1:]),
        *(team["head"] for team in made["teams"]),
        *(made[name] for name in ("officer", "office_head", "operator", "supervisor", "auditor")),
        *made["administrators"],
    ]
    others = [users.Colleague(desks, name) for name in (names * 2)[:20]]
    clients = [one.visitor.client for one in others]
    for one in others:
        one.look_around()  # what the first visit costs is not the clerk's doing
    printing = "requests_app.tasks.print_previews"
    with ThreadPoolExecutor(1 + len(others)) as pool:
        desks.until = time.monotonic() + 3600
        work = [
            pool.submit(desks.work, "Colleague", one.acts(), seed=seed)
            for seed, one in enumerate(others)
        ]
        alone = _waits(clients, [0] * len(clients), pause=ALONE)
        before, worked = [len(client.asked) for client in clients], _processor_time(opened.web)
        long = pool.submit(clerk.bring_in_check_and_print)
        while not long.done():
            opened.busy.run(printing, seconds=900)
            time.sleep(1)
        desks.until = 0
        for act in work:
            act.result()
    long.result()
    waits = _waits(clients, before)
    worked = _processor_time(opened.web) - worked
    figures = {
        "drill": "a long list",
        "database": connection.vendor,
        "rows": ROWS,
        "seconds": clerk.took,
        "pages_of_others": len(waits),
        "load": os.getloadavg()[0],
        "milliseconds": _spread(waits),
        "alone": _spread(alone),
        "web_processor_seconds": round(worked, 1),
    }
    with capsys.disabled():
        print(f"\n{json.dumps(figures)}")  # noqa: T201
    assert desks.faults == []
    assert not [one for client in desks.clients for one in client.asked if one.status >= 500]
    # The machine of the suite does other things at the same time: only the long drill is timed.
    assert waits[-1] < LONGEST_WAIT or not IS_LONG


def _waits(clients: Sequence[HttpClient], since: Sequence[int], *, pause: float = 0) -> list[float]:
    """Return how long these waited for each page, from the page of this number on."""
    time.sleep(pause)
    seen = zip(clients, since, strict=True)
    return sorted(one.seconds for client, first in seen for one in client.asked[first:])


def _spread(waits: Sequence[float]) -> dict[str, int]:
    last = len(waits) - 1
    parts = (50, 99, 100)
    return {f"p{one}": round(1000 * waits[min(last, len(waits) * one // 100)]) for one in parts}


def _processor_time(web: Process) -> float:
    """Return the seconds that the web server's processes have worked so far."""
    found = [path.read_text() for path in Path("/proc").glob("[0-9]*/stat") if path.exists()]
    fields = [text.rpartition(")")[2].split() for text in found]
    ticks = sum(int(one[11]) + int(one[12]) for one in fields if int(one[2]) == web.pid)
    return ticks / os.sysconf("SC_CLK_TCK")


def _tabs(opened: Open, desks: Desks, clerk: users.Person) -> list[users.Tab]:
    return [users.Tab(desks, clerk, draft) for draft in opened.made["drafts"]]


def _work(
    opened: Open,
    desks: Desks,
    people: Sequence[users.Person],
    tabs: Sequence[users.Tab],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Let all of them and the worker act until the time is over; see what came of it."""
    home, busy = opened.home, opened.busy
    broken = {name: busy.last(name).failed_at for name in SWEEPS}
    repeated = _repeated(home)
    began = time.monotonic()
    desks.until = began + SECONDS
    everybody: list[users.Person | users.Tab] = [*people, *tabs]
    with ThreadPoolExecutor(len(everybody)) as pool:
        work = [
            pool.submit(desks.work, type(one).__name__, one.acts(), seed=seed)
            for seed, one in enumerate(everybody)
        ]
        _sweep(busy, desks)  # in this thread: the drill's connection is its own
        for one in work:
            one.result()
    took = time.monotonic() - began
    figures = _figures(desks, took) | {"repeated": _repeated(home) - repeated}
    with capsys.disabled():
        print(f"\n{json.dumps(figures)}")  # noqa: T201
    home.manage("verify_audit")
    said = home.folder / "said.json"
    said.write_text(json.dumps(desks.said()))
    lost = json.loads(home.play("tests.drills.offices", "lost", str(said)))
    assert figures["failed"] == {}
    assert desks.faults == []
    assert {name: busy.last(name).failed_at for name in SWEEPS} == broken
    assert lost == []


def _sweep(busy: Drill, desks: Desks) -> None:
    """Let the worker sweep all the while."""
    while time.monotonic() < desks.until:
        for name in SWEEPS:
            busy.run(name)


def _serve(home: House) -> tuple[str, Process]:
    with closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{found.getsockname()[1]}"
    web = ["gunicorn", "portal.wsgi", "--bind", address, "--workers", "2", "--threads", "12"]
    served = home.start("-m", *web, "--timeout", "120", "--no-control-socket")
    wait_until(lambda: _answers(f"http://{address}/healthz"), seconds=PATIENCE)
    return f"http://{address}", served


def _answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=5) as response:  # noqa: S310
            return bool(response.status == 200)
    except (URLError, OSError):
        return False


def _repeated(home: House) -> int:
    """Return how many requests the web server has served a second time so far."""
    logs = home.folder.glob("*.log")
    return sum(path.read_text(errors="replace").count("was repeated") for path in logs)


def _figures(desks: Desks, took: float) -> dict[str, Any]:
    asked = [one for client in desks.clients for one in client.asked]
    seconds = sorted(one.seconds for one in asked)
    failed: dict[str, int] = {}
    for one in asked:
        if one.status >= 500:
            what = f"{one.status} {one.method} {users.UUID.sub('*', one.path)}"
            failed[what] = failed.get(what, 0) + 1
    return {
        "drill": "parallel use",
        "database": connection.vendor,
        "seconds": round(took, 1),
        "requests": len(asked),
        "a_second": round(len(asked) / took, 1),
        "milliseconds": {
            f"p{part}": round(1000 * seconds[min(len(seconds) - 1, len(seconds) * part // 100)])
            for part in (50, 95, 99, 100)
        },
        "conflicts": sum(one.status == 409 for one in asked),
        "failed": failed,
        "acts": dict(sorted(desks.acts.items())),
    }
