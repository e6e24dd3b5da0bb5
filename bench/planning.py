"""G: planning 300,000 certificates of 10,000 bodies: per certificate, memory, and the whole way."""

from __future__ import annotations

import json
import os
import resource
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import common

if TYPE_CHECKING:
    from orgmerge.models import Merger

CERTIFICATES = int(os.environ.get("BENCH_CERTIFICATES", "300000"))
FEW = 3_000
PEOPLE = 28  # of a body: with its own certificate and its system's, about 30 certificates
MERGED = 3  # communes that become one
DAY = date(2026, 12, 1)
NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
MOST_MIB, MOST_SECONDS = 500, 60
RUNS = 7


def main() -> None:
    """Fill a register, then measure each in a process of its own: a peak is of that work alone."""
    common.boot()
    for part in (fill, whole_way, ratio):
        _in_a_child(part)


def _in_a_child(part: Callable[[], None]) -> None:
    from django.db import connection  # noqa: PLC0415

    connection.close()
    sys.stdout.flush()
    if (pid := os.fork()) == 0:
        part()
        sys.stdout.flush()
        os._exit(0)
    _pid, status = os.waitpid(pid, 0)
    if status:
        raise SystemExit(f"{part.__name__} failed")


def fill() -> None:
    """Make the bodies and what they have, and two reorganisations: of a few of them and of all."""
    from orgmerge.body_lists.communes import commune_bodies  # noqa: PLC0415
    from orgmerge.seeding.bodies import Commune  # noqa: PLC0415
    from orgmerge.seeding.population import populate  # noqa: PLC0415
    from orgmerge.seeding.signing import WithoutX509  # noqa: PLC0415
    from portal.core.database.bulk import analyse  # noqa: PLC0415

    of_a_commune = len(commune_bodies("Xã Thử"))
    count = CERTIFICATES // (of_a_commune * (PEOPLE + 2))
    communes = [
        Commune(f"{number:05d}", f"Xã Thử {number}", "Huyện Thử", "Tỉnh Lai Châu", "12")
        for number in range(count)
    ]
    began = time.perf_counter()
    made = populate(
        communes,
        bodies_of=commune_bodies,
        people=PEOPLE,
        seed=1,
        day=DAY,
        maker=WithoutX509(),
    )
    few = max(FEW * count // CERTIFICATES, 1)
    # Withdrawn: what is in one reorganisation that goes on can't be in another.
    _describe("few", communes[:few], state="withdrawn")
    _describe("many", communes, state="draft")
    analyse()
    say("G fill", seconds=time.perf_counter() - began, **made)


def _describe(title: str, communes: Sequence[object], *, state: str) -> None:
    """Describe that every third commune takes over the two after it, body by body."""
    from orgmerge.models import Merger, MergerBody, MergerShare  # noqa: PLC0415
    from portal.agencies.models import Agency  # noqa: PLC0415
    from portal.core.roles import Role  # noqa: PLC0415
    from tests import builders  # noqa: PLC0415

    office = Agency.objects.get(kind="office")
    merger = Merger.objects.create(
        office=office,
        title=title,
        state=state,
        kind="new_name",
        decision="1684/NQ-UBTVQH15",
        decided_on=date(2026, 11, 2),
        effective_on=DAY,
        created_by=builders.user(Role.OFFICE_OFFICER, agency=office),
        created_at=NOW,
        updated_at=NOW,
    )
    codes = {commune.code for commune in communes}  # type: ignore[attr-defined]
    bodies: dict[tuple[int, str], MergerBody] = {}
    shares = []
    olds = Agency.objects.filter(kind="agency", has_seal=True, versions__agency_code__gt="")
    for pk, code in olds.order_by("pk").values_list("pk", "versions__agency_code"):
        _province, commune, part = code.split(".")
        if commune not in codes:
            continue
        place = (int(commune) // MERGED, part)
        if place not in bodies:
            bodies[place] = MergerBody(
                merger=merger,
                position=len(bodies) + 1,
                name=f"ĐƠN VỊ {part} XÃ MỚI {place[0]}",
                short_name="UBND",
                province="Lai Châu",
                place="Lai Châu",
                email_domain="laichau.gov.vn",
            )
        shares.append((pk, place))
    MergerBody.objects.bulk_create(bodies.values(), batch_size=1000)
    MergerShare.objects.bulk_create(
        [
            MergerShare(merger=merger, position=position, old_id=old, new=bodies[place])
            for position, (old, place) in enumerate(shares, start=1)
        ],
        batch_size=1000,
    )


def whole_way() -> None:
    """Load, plan and store all, as the worker does it; the peak is the process's."""
    from orgmerge.models import Plan  # noqa: PLC0415
    from orgmerge.plans import services as plans  # noqa: PLC0415
    from orgmerge.plans import worker  # noqa: PLC0415

    merger = _merger("many")
    plan = plans.ask_for_plan(merger, actor=merger.created_by, now=NOW)
    before = _peak_mib()
    began, cpu = time.perf_counter(), time.process_time()
    worker.make_waiting(now=NOW)
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    plan.refresh_from_db()
    assert plan.state == Plan.State.READY, plan.problem
    name = f"G load, plan, store ({common.dialect()})"
    counts = plan.counts
    say(
        name,
        n=counts["about"]["certificate"],
        lines=counts["lines"],
        bodies=plan.bodies_total,
        seconds=seconds,
        target=MOST_SECONDS,
        kept=seconds <= MOST_SECONDS,
        cpu_seconds=cpu,
    )
    peak = _peak_mib()
    say("G peak, MiB", at_start=before, peak=peak, target=MOST_MIB, kept=peak <= MOST_MIB)


def ratio() -> None:
    """Plan few and many in turn: what one certificate costs must not grow with their number."""
    from django.utils import timezone  # noqa: PLC0415

    from orgmerge.planner import planner  # noqa: PLC0415
    from orgmerge.register import inputs  # noqa: PLC0415
    from portal.core.database.bulk import collector_paused  # noqa: PLC0415

    today = timezone.localdate(NOW)
    worlds = [list(inputs.worlds_of(_merger(title), today=today)) for title in ("few", "many")]
    counts = [sum(len(world.certificates) for world in parts) for parts in worlds]
    again = [max(20_000 // count, 1) for count in counts]
    seconds: list[list[float]] = [[], []]
    with collector_paused():
        for _run in range(RUNS):
            for size, parts in enumerate(worlds):
                began = time.process_time()
                for _again in range(again[size]):
                    for world in parts:
                        planner.plan(world)
                passed = time.process_time() - began
                seconds[size].append(passed / again[size] / counts[size])
    few, many = map(statistics.median, seconds)
    common.report("G plan, per certificate", many * 1000, few * 1000, target=1.2, n=counts[1])


def _merger(title: str) -> Merger:
    from orgmerge.models import Merger  # noqa: PLC0415

    return Merger.objects.get(title=title)


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def say(name: str, **values: object) -> None:
    """Print a line of JSON."""
    rounded = {
        key: round(value, 2) if isinstance(value, float) else value for key, value in values.items()
    }
    print(json.dumps({"name": name} | rounded), flush=True)


if __name__ == "__main__":
    main()
