"""E: what the sweeps cost among many rows and among few, with work to do and with none."""

from __future__ import annotations

import json
import os
import resource
import statistics
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import common
import rows

if TYPE_CHECKING:
    from portal.accounts.models import User
    from portal.agencies.models import Agency
    from portal.ca.models import Certificate

FEW = 10_000
CLOCKS = int(os.environ.get("BENCH_CLOCKS", "1000000"))
CERTIFICATES = int(os.environ.get("BENCH_CERTIFICATES", "300000"))
MAILS = int(os.environ.get("BENCH_MAILS", "1000000"))
DOSSIERS = int(os.environ.get("BENCH_DOSSIERS", "200000"))
DUE = 1_000
RUNS = 7
WARM = 1  # turns that are not counted
TURNS = RUNS + WARM
MEMORY_RUNS = 20
AT_ONCE = 250  # certificates to be looked at in a turn: in all the turns most of the few
REPLACED = 50
AGENCIES = 100
# Tuesday, 8 in the morning in Hà Nội: reminders of that day are told.
MORNING = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
DAY = timedelta(days=1)
places: rows.Places


def main() -> None:
    global places  # noqa: PLW0603
    common.boot()
    places = rows.Places()
    places.make("few", lambda: _fill(FEW, FEW, FEW, FEW))
    places.make("many", lambda: _fill(CLOCKS, CERTIFICATES, MAILS, DOSSIERS))
    _remind()
    _certificates()
    _idle()
    _memory()


def _compare(name: str, work: Callable[[int], object], *, target: float, n: int) -> None:
    """Run ``work`` with the number of its turn in both places, in turn; print the ratio."""
    taken: dict[str, list[float]] = {"few": [], "many": []}
    for turn in range(TURNS):
        for place, found in taken.items():
            places.go(place)
            found.append(common.seconds(lambda: work(turn)))  # noqa: B023 (called at once)
    few, many = (statistics.median(found[WARM:]) for found in taken.values())
    common.report(f"{name} ({common.dialect()})", many, few, target=target, n=n)


def _remind() -> None:
    from portal.deadlines.models import Deadline  # noqa: PLC0415
    from portal.notices.reminders import remind  # noqa: PLC0415

    def tell(turn: int) -> None:
        told = remind(now=_turn(turn), most=DUE)
        assert (told.clocks, told.told) == (DUE, DUE), told

    postgresql = rows.is_postgresql()
    _compare("E remind", tell, target=1.5 if postgresql else 2, n=CLOCKS)
    _compare("remind, idle", lambda _turn: remind(now=MORNING - DAY), target=1.5, n=CLOCKS)
    due = Deadline.objects.filter(next_at__lte=_turn(TURNS)).order_by("next_at", "pk")
    plan = due[:DUE].explain()
    is_shown = "deadlines_deadline_due_next" in plan
    _print(name=f"E plan ({common.dialect()})", kept=is_shown, plan=plan.splitlines())


def _certificates() -> None:
    from devices.services import recall_expired  # noqa: PLC0415
    from portal.ca.register import expiry, installation  # noqa: PLC0415

    works: dict[str, tuple[Callable[[int], int], int]] = {
        "open_missing": (lambda _turn: expiry.open_missing(now=MORNING, most=AT_ONCE), AT_ONCE),
        "shut_doors": (lambda turn: expiry.shut_doors(now=MORNING + (turn + 1) * DAY), AT_ONCE),
        "recall_expired": (lambda _turn: recall_expired(now=MORNING, most=AT_ONCE), AT_ONCE),
        "revoke_superseded": (
            lambda turn: installation.revoke_superseded(now=MORNING + turn * DAY),
            REPLACED,
        ),
    }
    for name, (work, expected) in works.items():

        def does(turn: int, work: Callable[[int], int] = work, expected: int = expected) -> None:
            assert work(turn) == expected

        _compare(name, does, target=1.5, n=CERTIFICATES)
    idle: dict[str, Callable[..., int]] = {
        "open_missing": expiry.open_missing,
        "shut_doors": expiry.shut_doors,
        "recall_expired": recall_expired,
        "revoke_superseded": installation.revoke_superseded,
    }
    for name, sweep in idle.items():
        _idle_one(name, sweep, now=MORNING + TURNS * DAY, n=CERTIFICATES)


def _idle_one(name: str, sweep: Callable[..., object], *, now: datetime, n: int) -> None:
    """Compare a sweep with nothing left to do."""

    def nothing(_turn: int) -> None:
        assert not sweep(now=now)

    for place in ("few", "many"):
        places.go(place)
        while sweep(now=now):
            pass
    _compare(f"{name}, idle", nothing, target=1.5, n=n)


def _idle() -> None:
    from devices.services import lock_exhausted, make_next_keys  # noqa: PLC0415
    from portal.agencies.services import take_effect  # noqa: PLC0415
    from portal.notices.delivery import send_waiting  # noqa: PLC0415
    from requests_app import tasks as render_queue  # noqa: PLC0415
    from requests_app.covering_letters import forward_queue  # noqa: PLC0415
    from requests_app.execution import services as execution  # noqa: PLC0415

    sweeps: dict[str, tuple[Callable[..., object], int]] = {
        "send_waiting": (send_waiting, MAILS),
        "execute_accepted": (execution.execute_accepted, DOSSIERS),
        "freeze_waiting": (render_queue.freeze_waiting, DOSSIERS),
        "freeze_covering_letters": (render_queue.freeze_covering_letters, DOSSIERS),
        "forward_waiting": (forward_queue.forward_waiting, DOSSIERS),
        "take_effect": (take_effect, DOSSIERS),
        "lock_exhausted": (lock_exhausted, CERTIFICATES),
        "make_next_keys": (make_next_keys, CERTIFICATES),
    }
    for name, (sweep, count) in sweeps.items():
        _idle_one(name, sweep, now=MORNING, n=count)


def _memory() -> None:
    """Print what 20 more sweeps of 1,000 clocks leave behind: a first one fills the caches."""
    from portal.notices.reminders import remind  # noqa: PLC0415

    places.go("many")
    remind(now=_turn(TURNS), most=DUE)
    tracemalloc.start()
    resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    held = []
    for turn in range(TURNS + 1, TURNS + 1 + MEMORY_RUNS):
        assert remind(now=_turn(turn), most=DUE).clocks == DUE
        held.append(tracemalloc.get_traced_memory()[0])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - resident
    _print(
        name=f"E memory over {MEMORY_RUNS} runs ({common.dialect()})",
        kept=held[-1] - held[MEMORY_RUNS // 2] < 2**18,
        held_kib_half_way=held[MEMORY_RUNS // 2] // 1024,
        held_kib_at_the_end=held[-1] // 1024,
        peak_kib=peak // 1024,
        resident_grew_kib=grown,
        n=CLOCKS,
    )


def _print(**line: object) -> None:
    print(json.dumps(line), flush=True)


def _turn(number: int) -> datetime:
    return MORNING + timedelta(minutes=number)


def _fill(clocks: int, certificates: int, mails: int, dossiers: int) -> None:
    from portal.core.roles import Role  # noqa: PLC0415
    from tests import builders  # noqa: PLC0415

    office = builders.office()
    bodies = [builders.agency(f"BENCH {n}", office=office) for n in range(AGENCIES)]
    clerks = [builders.user(Role.CLERK, agency=body) for body in bodies]
    _fill_clocks(clocks, bodies, office)
    _fill_certificates(certificates, bodies)
    _fill_mails(mails, clerks)
    _fill_dossiers(dossiers, bodies, clerks[0])
    rows.analyse()


def _cycled(first: int) -> str:
    """Return SQL for the keys of AGENCIES rows in a row, over and over."""
    return f"{first} + n % {AGENCIES}"


def _fill_clocks(count: int, bodies: list[Agency], office: Agency) -> None:
    """Each 1,000 of the first come due a minute later than those before, all others next year."""
    from portal.deadlines.models import Deadline  # noqa: PLC0415

    turns = min(TURNS + 1 + MEMORY_RUNS, count // DUE)
    soon = turns * DUE
    today = MORNING.date()
    one = Deadline.objects.create(
        kind="device_return",
        article="Điều 20",
        agency=bodies[0],
        office=office,
        target_type="device",
        target_uuid=bodies[0].uuid,
        title="Thiết bị",
        received_on=today - 7 * DAY,
        working_days=5,
        due_on=today + 2 * DAY,
        next_at=MORNING + 400 * DAY,
    )
    shared = {
        "uuid": rows.fresh_uuid(),
        "target_uuid": rows.fresh_uuid(),
        "agency_id": _cycled(bodies[0].pk),
    }
    rows.copies(one, soon, shared | {"next_at": rows.moment(MORNING, f"n / {DUE} * 60")})
    if count > soon:
        later = {
            "due_on": rows.day(today, "400 + n % 300"),
            "next_at": rows.moment(MORNING + 400 * DAY, "n * 20"),
        }
        rows.copies(one, count - soon, shared | later)


def _fill_certificates(count: int, bodies: list[Agency]) -> None:
    """Certificates, each on its device: some without a clock, some whose door shuts a day later
    each turn, some that ran out, some replaced of late; all others have years or are done with.
    """
    from portal.agencies.models import Subscriber  # noqa: PLC0415
    from portal.ca.models import VirtualToken  # noqa: PLC0415
    from tests import builders  # noqa: PLC0415

    person = builders.person(at=bodies[0])
    Subscriber.objects.filter(pk=person.pk).update(identity_hash=None)
    one = builders.certificate(subscriber=person, not_after=MORNING + 900 * DAY)
    one.clocked_at = MORNING - 40 * DAY
    one.save()
    device = builders.device(
        custody="with_subscriber", agency=bodies[0], subscriber=person, key_pair=one.key
    )
    fresh = {"uuid": rows.fresh_uuid()}
    key = rows.copies(one.key, count, fresh | {"fingerprint": rows.text_of("bench ")})
    token = VirtualToken.objects.create(
        key=one.key, sealed_key=b"x", salt=b"x", recovery_key=b"x", tries_left=5
    )
    rows.copies(token, count, {"key_id": f"{key} + n"})
    fresh |= {"agency_id": _cycled(bodies[0].pk)}
    rows.copies(device, count, fresh | {"serial": rows.text_of("BENCH-"), "key_id": f"{key} + n"})
    made = _Certificates(one, key, fresh)
    group = TURNS * AT_ONCE
    made.add(group, {"clocked_at": "NULL"})
    shut = made.add(group, {"not_after": rows.moment(MORNING + 30 * DAY, f"n / {AT_ONCE} * 86400")})
    made.clocks(shut, group, {"due_on": rows.day(MORNING.date(), f"n / {AT_ONCE}")})
    made.add(group, {"not_after": rows.moment(MORNING - 40 * DAY, "n * 60")})
    made.replaced(TURNS * REPLACED, f"n / {REPLACED} * 86400", is_done=False)
    rest = count - made.count
    made.replaced(rest // 10, "-86400 * 30", is_done=True)
    last = made.add(count - made.count)
    later = {
        "due_on": rows.day(MORNING.date(), "870"),
        "next_at": rows.moment(MORNING + 800 * DAY, "n"),
    }
    made.clocks(last, count - (last - made.first), later)


class _Certificates:
    """Adds groups of certificates, each with the next key."""

    def __init__(self, one: Certificate, key: int, fresh: dict[str, str]) -> None:
        self.one, self.key, self.fresh = one, key, fresh
        self.first, self.count = one.pk + 1, 0

    def add(self, count: int, values: dict[str, str] | None = None, *, on_key_of: int = 0) -> int:
        """Return the key of the first; ``on_key_of``: how far back stands who has the key."""
        number = f"(n + {self.count})"
        first = rows.copies(
            self.one,
            count,
            self.fresh
            | {
                "serial": rows.hexadecimal(f"4294967296 + {number}"),
                "request_key": rows.text_of("bench ", number),
                "key_id": f"{self.key} + {number} - {on_key_of}",
            }
            | (values or {}),
        )
        self.count += count
        return first

    def replaced(self, count: int, seconds: str, *, is_done: bool) -> None:
        """Add ``count`` certificates and what replaced them, ``seconds`` after a week ago."""
        ended = {
            "revoked_at": rows.moment(MORNING - 9 * DAY, "0"),
            "revocation_reason": "'superseded'",
            "crl_entry": rows.bytes_of("00"),
            "crl_number": "1",
        }
        old = self.add(count, ended if is_done else None)
        self.clocks(old, count, {"done_at": rows.moment(MORNING - 9 * DAY, "0")})
        new = {
            "predecessor_id": f"{old} + n",
            "issued_at": rows.moment(MORNING - 7 * DAY, seconds),
        }
        if is_done:  # every fifth was never confirmed
            confirmed = new["settled_at"] = rows.moment(MORNING - 9 * DAY, "0")
            new["installed_at"] = f"CASE WHEN n % 5 > 0 THEN {confirmed} END"
        self.clocks(self.add(count, new, on_key_of=count), count, {})

    def clocks(self, first: int, count: int, values: dict[str, str]) -> None:
        """Add the clocks of certificates from ``first`` on: they have told all."""
        from portal.ca.models import Certificate  # noqa: PLC0415
        from portal.deadlines.models import Deadline  # noqa: PLC0415

        one = Deadline.objects.create(
            kind="renewal_door",
            article="Điều 12",
            agency=self.one.agency,
            target_type="certificate",
            target_uuid=uuid4(),
            title="Chứng thư",
            received_on=MORNING.date() - 400 * DAY,
            counts="fixed",
            working_days=0,
            due_on=MORNING.date() + 870 * DAY,
            done_at=MORNING,
        )
        theirs = f"(SELECT uuid FROM {Certificate._meta.db_table} c WHERE c.id = {first} + n)"  # noqa: S608
        shared = self.fresh | {"target_uuid": theirs, "done_at": "NULL"}
        rows.copies(one, count, shared | values)


def _fill_mails(count: int, clerks: list[User]) -> None:
    """Notices read and mailed long ago, each in a mail of its own."""
    from portal.notices.models import Mail, Notice  # noqa: PLC0415

    mail = Mail.objects.create(
        recipient=clerks[0],
        address="thu@laichau.gov.vn",
        message_id="<bench@laichau.gov.vn>",
        subject="Thông báo",
        created_at=MORNING - 40 * DAY,
        sent_at=MORNING - 40 * DAY,
        attempts=1,
    )
    shared = {"uuid": rows.fresh_uuid(), "recipient_id": _cycled(clerks[0].pk)}
    first = rows.copies(mail, count, shared | {"message_id": rows.text_of("bench ")})
    notice = Notice.objects.create(
        recipient=clerks[0], cause="bench", title="Thông báo", at=mail.created_at, mail=mail
    )
    shared |= {"cause": rows.text_of("bench "), "mail_id": f"{first} + n"}
    rows.copies(notice, count, shared | {"at": rows.moment(MORNING - 800 * DAY, "n * 60")})


def _fill_dossiers(count: int, bodies: list[Agency], clerk: User) -> None:
    """Dossiers done with, a tenth as many covering letters sent; 1,000 wait on some desk."""
    from requests_app.models import CoveringLetter  # noqa: PLC0415
    from requests_app.workflow import State  # noqa: PLC0415
    from tests import builders  # noqa: PLC0415

    shared = {"uuid": rows.fresh_uuid(), "agency_id": _cycled(bodies[0].pk)}
    shared |= {"updated_at": rows.moment(MORNING - 800 * DAY, "n * 60")}
    done = builders.dossier(agency=bodies[0], state=State.COMPLETED)
    waits = builders.dossier(agency=bodies[0], state=State.SUBMITTED)
    rows.copies(done, count - DUE, shared)
    rows.copies(waits, DUE, shared)
    office = bodies[0].office
    assert office is not None
    letter = CoveringLetter.objects.create(
        office=office, stage="sent", made_by=clerk, made_at=MORNING, updated_at=MORNING
    )
    rows.copies(letter, count // 10, {"uuid": rows.fresh_uuid()})


if __name__ == "__main__":
    main()
