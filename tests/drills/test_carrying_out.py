"""Workers and people killed again and again from the effective day to the last device given back.

What follows on the day, the letters of all bodies, the devices that come back: in the end all is as
if nobody had been killed, the mails included.
"""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.amounts import amount
from tests.drills.drilling import EXECUTE, KNOBS, MAIL, PATIENCE, Drill, difference, drill, tally_of
from tests.flows.house import House, Process, house, house_like, wait_until
from tests.notices.smtp_server import MailServer, mail_server

KILLS = amount("DRILL_KILLS", short=10, long=200)
KILLS_OF_A_WORLD = amount("DRILL_KILLS_OF_A_WORLD", short=10, long=50)
BODIES = amount("DRILL_BODIES", short=3, long=4)
SEED = amount("DRILL_SEED", short=68, long=68)
WHOLE_WORKERS = 0.3  # of the kills of sweeps; the others end the children, their parent lives on
CHILDREN = 5  # of a worker, which misses one that was killed after ten seconds only
CLERKS = 2  # processes in which people work at the same time

# Mails leave when the drill lets a day pass: which go together is not to depend on the machine.
_KNOBS = {**KNOBS, "MAIL_SETTLING_SECONDS": "3600"}
_DRIVE = "orgmerge.tasks.drive"


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that is done, by a sweep or by people, and what it belongs to."""

    part: str
    sweep: str = ""
    clerks: str = ""  # what people do: see ``tests.drills.clerks``
    kills: int = 0  # of ten


_DAY, _LETTERS, _RETURN = "the day", "letters of all bodies", "devices given back"
ACTS = (
    Act(_DAY, sweep="orgmerge.tasks.take_effect", kills=1),
    Act(_DAY, sweep="orgmerge.tasks.follow", kills=2),
    Act(_LETTERS, sweep=_DRIVE, kills=1),  # the bodies' own certificates
    Act(_LETTERS, clerks="file", kills=1),
    Act(_LETTERS, sweep=EXECUTE),
    Act(_LETTERS, clerks="install"),
    Act(_LETTERS, sweep=_DRIVE, kills=1),  # their people's
    Act(_LETTERS, clerks="file"),
    Act(_LETTERS, sweep=EXECUTE),
    Act(_LETTERS, clerks="install"),
    Act(_LETTERS, sweep=_DRIVE),  # what is revoked
    Act(_LETTERS, clerks="file"),
    Act(_RETURN, sweep=EXECUTE, kills=1),  # revoked, and the devices recalled
    Act(_RETURN, sweep="devices.tasks.recall_expired", kills=1),
    Act(_RETURN, clerks="fetch", kills=1),
    Act(_RETURN, sweep=_DRIVE),  # the minutes
    Act(_RETURN, clerks="file"),
    Act(_RETURN, sweep=_DRIVE),
    Act(_RETURN, sweep="orgmerge.tasks.make_papers"),
    Act("mails", sweep=MAIL, kills=1),
)
FORMS = ("mau_04_renew_change", "mau_05_revoke", "mau_08_return")
COMPLETED = {(form, "completed") for form in FORMS}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What stood in the end, and how long each act took."""

    tally: Mapping[str, Any]
    mails: Mapping[str, int]
    seconds: list[float]


@dataclass(slots=True)
class Killing:
    """Who is killed when, and how often that met somebody at work."""

    dice: random.Random
    seconds: list[float]
    of_ten: int
    kills: int = 0
    landed: Counter[str] = field(default_factory=Counter)
    mails_sent_again: int = 0


@pytest.fixture(scope="module")
def staged(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house in which twice as many bodies become ``BODIES`` today."""
    with house(tmp_path_factory.mktemp("staged"), **_KNOBS) as opened:
        opened.play("tests.drills.world", "reorganisation", str(BODIES))
        yield opened


@pytest.mark.long
@pytest.mark.redis
@pytest.mark.timeout(7200)
@pytest.mark.django_db
def test_a_reorganisation_is_carried_out_once_whatever_is_killed(
    staged: House, redis_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    calm = _carried_out(staged, tmp_path / "calm", redis_url, None)
    assert calm.tally["not_mailed"] == 0
    letters = [words.split(" | ") for words in calm.tally["letters_of_lines"]]
    assert {(kind, state) for _body, kind, state, _version in letters} == COMPLETED
    killing = Killing(
        random.Random(SEED),  # noqa: S311
        calm.seconds,
        of_ten=KILLS_OF_A_WORLD // 10,
    )
    while killing.kills < KILLS:
        folder = tmp_path / str(killing.kills)
        now = _carried_out(staged, folder, redis_url, killing)
        assert difference(now.tally, calm.tally) == {}
        assert difference(now.mails, calm.mails) == {}
    figures = {
        "drill": "carrying out a reorganisation",
        "database": "postgresql" if staged.database else "sqlite",
        "bodies": BODIES,
        "kills": killing.kills,
        "met_at_work": dict(killing.landed),
        "mails": sum(calm.mails.values()),
        "mails_sent_again": killing.mails_sent_again,
    }
    with capsys.disabled():
        print(f"\n{json.dumps(figures)}")  # noqa: T201
    assert killing.landed.total() >= KILLS / 4


def _carried_out(staged: House, folder: Path, redis_url: str, killing: Killing | None) -> Outcome:
    """Carry the reorganisation out in a copy of the house, with beat running all the while."""
    folder.mkdir()
    with mail_server() as server:
        knobs = {**_KNOBS, "EMAIL_URL": f"smtp://127.0.0.1:{server.port}"}
        with (
            house_like(staged, folder, redis_url=redis_url, **knobs) as home,
            drill(home, children=CHILDREN) as opened,
        ):
            opened.start_worker()
            home.start_beat()
            seconds = []
            for number, act in enumerate(ACTS):
                if act.sweep == MAIL:
                    opened.let_mails_settle()
                if killing is not None:
                    for _kill in range(act.kills * killing.of_ten):
                        _kill_during(opened, act, killing.seconds[number], killing)
                seconds.append(_do(opened, act))
            opened.finish()
            home.manage("verify_audit")
            outcome = Outcome(tally_of(home), _mails(server), seconds)
        if killing is not None:
            killing.mails_sent_again += len(server.message_ids) - len(set(server.message_ids))
    return outcome


def _do(opened: Drill, act: Act) -> float:
    """Do one thing to its end; return the seconds it took at first."""
    if act.sweep:
        return opened.run_to_the_end(act.sweep)
    began = time.monotonic()
    at_work = _start(opened.home, act)
    wait_until(lambda: all(one.poll() is not None for one in at_work), seconds=PATIENCE)
    assert [one.poll() for one in at_work] == [0] * CLERKS, opened.home.folder
    return time.monotonic() - began


def _start(home: House, act: Act) -> list[Process]:
    part = ("-m", "tests.drills.clerks", act.clerks, str(CLERKS))
    return [home.start(*part, str(number)) for number in range(CLERKS)]


def _kill_during(opened: Drill, act: Act, seconds: float, killing: Killing) -> None:
    """Kill who does one thing, somewhere in the time that it takes."""
    after = killing.dice.random() * seconds
    killing.kills += 1
    if act.sweep:
        whole = killing.dice.random() < WHOLE_WORKERS
        # Early, or there is nothing left for the next one to meet.
        run = opened.kill_during(act.sweep, after=after / 4, whole=whole)
        killing.landed[act.part] += run.is_under_way
        return
    at_work = _start(opened.home, act)
    time.sleep(after)
    killing.landed[act.part] += any(one.poll() is None for one in at_work)
    for one in at_work:
        opened.home.kill(one)


def _mails(server: MailServer) -> dict[str, int]:
    """Return how many mails brought what to whom; one sent again is the same mail."""
    distinct = {str(mail["Message-ID"]): mail for mail in server.taken}
    found = Counter[str]()
    for mail in distinct.values():
        body = mail.get_body(preferencelist=("plain",))
        lines = str(body.get_content()).splitlines() if body else []
        told = sorted(line.removeprefix("* ") for line in lines if line.startswith("* "))
        found[f"{mail['To']}: {'; '.join(told) or mail['Subject']}"] += 1
    return dict(found)
