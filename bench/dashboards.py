"""Dashboards and the work list's other clocks, at many dossiers and deadlines and at few."""

from __future__ import annotations

import os
import statistics
import uuid
from datetime import date, timedelta
from typing import Any

import common

FEW = 1_000
MANY = int(os.environ.get("BENCH_DOSSIERS", "200000"))
RUNS = 9
AGENCIES = 100
CHUNK = 5_000
OPEN_AT_ONCE = 1_000  # work in hand is as much at any size: what grows is what was done
_PAGES = {
    "office dashboard": ("officer", "/ho-so/tong-hop/"),
    "CA dashboard": ("operator", "/ho-so/tong-hop/"),
    "office month": ("officer", "/thoi-han/thang/?thang=2026-11"),
    "agency month": ("clerk", "/thoi-han/thang/?thang=2026-11"),
    "agency work list": ("clerk", "/"),
}


def main() -> None:
    common.boot()
    from django.conf import settings  # noqa: PLC0415

    settings.ALLOWED_HOSTS = ["testserver"]
    from tests import story  # noqa: PLC0415

    cast = story.cast()
    people = {"clerk": cast.clerk, "officer": cast.officer, "operator": cast.operator}
    _fill(cast, 0, FEW)
    small = {name: _median(people, name) for name in _PAGES}
    _fill(cast, FEW, MANY)
    for name in _PAGES:
        common.report(
            f"{name} ({common.dialect()})", _median(people, name), small[name], target=1.5, n=MANY
        )


def _fill(cast: Any, first: int, end: int) -> None:
    """Add dossiers that waited or were answered over three years, each with a clock."""
    from portal.agencies.models import Agency  # noqa: PLC0415
    from portal.deadlines.models import Deadline  # noqa: PLC0415
    from requests_app.models import Dossier  # noqa: PLC0415
    from tests import builders  # noqa: PLC0415

    bodies = list(Agency.objects.filter(name__startswith="BENCH"))
    if not bodies:
        bodies = [
            builders.agency(f"BENCH {n}", office=cast.officer.agency) for n in range(AGENCIES)
        ]
    ca = builders.ca()
    versions = {body.pk: body.versions.get() for body in bodies}
    for start in range(first, end, CHUNK):
        numbers = range(start, min(start + CHUNK, end))
        rows = [_dossier(n, bodies, versions, ca, cast) for n in numbers]
        Dossier.objects.bulk_create(rows, batch_size=1000)
        clocks = [_clock(n, bodies[n % AGENCIES], ca) for n in numbers]
        Deadline.objects.bulk_create(clocks, batch_size=1000)
    from django.db import connection  # noqa: PLC0415

    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _dossier(n: int, bodies: list[Any], versions: dict[int, Any], ca: Any, cast: Any) -> Any:
    from requests_app.models import Dossier  # noqa: PLC0415
    from requests_app.models.querysets import is_at_ca  # noqa: PLC0415
    from requests_app.workflow import Route, State, queue_of  # noqa: PLC0415
    from tests import builders  # noqa: PLC0415

    body = bodies[n % AGENCIES]
    is_open = n < OPEN_AT_ONCE
    state = (State.SUBMITTED, State.FORWARDED)[n % 2] if is_open else State.COMPLETED
    received_on = _day(n)
    return Dossier(
        uuid=uuid.uuid4(),
        kind="mau_01_person",
        kind_version="NĐ68/2024",
        agency=body,
        agency_version=versions[body.pk],
        office=body.office,
        route=Route.VIA_OFFICE,
        addressee=ca,
        state=state,
        queue=queue_of(state, Route.VIA_OFFICE),
        is_at_ca=is_at_ca(state, Route.VIA_OFFICE),
        created_by=cast.clerk,
        created_at=builders.NOW,
        updated_at=builders.NOW,
        sent_at=builders.NOW,
        received_on=received_on,
        waiting_since=received_on if is_open else None,
        decided_on=None if is_open else received_on + timedelta(days=n % 9),
        due_on=received_on + timedelta(days=4) if is_open else None,
    )


def _clock(n: int, body: Any, ca: Any) -> Any:
    from portal.deadlines.models import Deadline  # noqa: PLC0415
    from tests import builders  # noqa: PLC0415

    is_open = n < OPEN_AT_ONCE
    received_on = _day(n)
    return Deadline(
        uuid=uuid.uuid4(),
        kind=("device_return", "handover_notice", "ca_issue")[n % 3],
        article="Điều 20",
        agency=ca if n % 3 == 2 else body,  # noqa: PLR2004
        office=body.office,
        target_type="device",
        target_uuid=uuid.uuid4(),
        title=f"Thiết bị {n}",
        received_on=received_on,
        working_days=5,
        due_on=received_on + timedelta(days=7),
        done_at=None if is_open else builders.NOW,
    )


def _day(n: int) -> date:
    """Days of the last three years; what is open is of the last three weeks."""
    from tests import builders  # noqa: PLC0415

    span = 21 if n < OPEN_AT_ONCE else 1095
    return builders.TODAY - timedelta(days=n % span)


def _median(people: dict[str, Any], name: str) -> float:
    import time_machine  # noqa: PLC0415
    from django.test import Client  # noqa: PLC0415

    from tests import builders  # noqa: PLC0415

    role, path = _PAGES[name]
    with time_machine.travel(builders.NOW, tick=True):
        client = Client()
        client.force_login(people[role])
        client.get(path)
        return statistics.median(common.seconds(lambda: client.get(path)) for _ in range(RUNS))


if __name__ == "__main__":
    main()
