"""U: events taken in against a bare insert of the same columns; pages at many events and at few.

``BENCH_EVENTS`` are the many (10,000,000 in a year is what a nation signs), ``BENCH_INGESTED`` are
taken in; ``BENCH_PART=ingest`` or ``pages`` does one of the two.

Seen on PostgreSQL 15, two cores with a load of 10, 10,000,000 events against 10,000: ratios 0.83 to
1.17, 14 to 51 ms a page, 7 to 12 queries. 20,000 taken in, processor time with the server's: 1.59
of bulk_create on PostgreSQL, 1.05 on SQLite; 4.5 of COPY, which is over its target.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from http import HTTPStatus
from typing import Any

import common
import rows

INGESTED = int(os.environ.get("BENCH_INGESTED", "100000"))
INGEST_RUNS = 3
BATCH = 10_000
FEW = 10_000
MANY = int(os.environ.get("BENCH_EVENTS", "1000000"))
PART = os.environ.get("BENCH_PART", "")
BODIES = 100
RUNS = 25
MOST_QUERIES = 12
DAYS = 360
# Of each body and office as many as it has, whatever the nation signs.
HELD = 30


def main() -> None:
    common.boot()
    from django.conf import settings  # noqa: PLC0415

    settings.ALLOWED_HOSTS = ["testserver"]
    if PART != "pages":
        _ingest()
    if PART != "ingest":
        _pages()


def _ingest() -> None:
    """Events in batches of 10,000, judged and summed; and the same rows, inserted bare."""
    from portal.usage.models import UsageEvent  # noqa: PLC0415

    world = _World()
    given = iter(range(100))

    def ours() -> None:
        world.take(INGESTED, name=f"o{next(given)}")

    def bare() -> None:
        run = next(given)
        batch = world.batch()
        for start in range(0, INGESTED, BATCH):
            UsageEvent.objects.bulk_create(
                [
                    UsageEvent(
                        system=world.system,
                        batch=batch,
                        certificate_id=pk,
                        event_id=f"b{run}-{number}",
                        moment=moment,
                        document_kind="letter",
                    )
                    for number, pk, moment in world.uses(start, BATCH)
                ]
            )

    def quickest() -> None:
        from portal.core.database.bulk import insert_rows  # noqa: PLC0415

        run = next(given)
        batch = world.batch()
        for start in range(0, INGESTED, BATCH):
            insert_rows(
                UsageEvent,
                ("system_id", "batch_id", "certificate_id", "event_id", "moment", "document_kind"),
                (
                    (world.system.pk, batch.pk, pk, f"q{run}-{number}", moment, "letter")
                    for number, pk, moment in world.uses(start, BATCH)
                ),
            )

    name = f"U ingest ÷ bulk_create, processor time ({common.dialect()})"
    _compare(name, ours, bare, target=2)
    name = f"U ingest ÷ quickest insert there is, processor time ({common.dialect()})"
    _compare(name, ours, quickest, target=4)


def _compare(
    name: str, ours: Callable[[], object], baseline: Callable[[], object], *, target: float
) -> None:
    """As ``common.compare``, in processor time, the server's too: others want the machine."""
    taken: dict[str, list[float]] = {"ours": [], "baseline": []}
    for _run in range(INGEST_RUNS):
        for which, work in (("baseline", baseline), ("ours", ours)):
            taken[which].append(common.processor_seconds(work))
    medians = {which: statistics.median(one) for which, one in taken.items()}
    common.report(name, medians["ours"], medians["baseline"], target=target, n=INGESTED)


def _pages() -> None:
    places = rows.Places()
    worlds = {}
    for place, count in (("few", FEW), ("many", MANY)):
        worlds[place] = places.make(place, partial(_filled, count))
    for name, (role, path) in _PAGES.items():
        asked = {}
        for place in ("few", "many"):
            places.go(place)
            asked[place] = _Reader(worlds[place].people[role], path)
        least = {place: float("inf") for place in asked}
        for _run in range(RUNS):
            for place, reader in asked.items():
                places.go(place)
                least[place] = min(least[place], reader.seconds())
        queries = asked["many"].queries
        assert queries <= MOST_QUERIES, (name, queries)
        common.report(
            f"U {name}, {queries} queries ({common.dialect()})",
            least["many"],
            least["few"],
            target=1.3,
            n=MANY,
        )


_PAGES = {
    "overview of a body": ("clerk", "/giam-sat/"),
    "overview of an office": ("officer", "/giam-sat/"),
    "overview of the CA": ("operator", "/giam-sat/"),
    "certificates of an office": ("officer", "/giam-sat/chung-thu/"),
    "idle certificates of an office": ("officer", "/giam-sat/chung-thu/?use=90"),
    "bodies of an office": ("officer", "/giam-sat/don-vi/"),
    "alarms": ("operator", "/giam-sat/canh-bao/"),
}


def _filled(count: int) -> Any:
    """A world of ``count`` events: single events and the sums that ``receive`` makes of them."""
    world = _World()
    world.fill(count)
    rows.analyse()
    return world


class _World:
    """Bodies of one office with certificates, and a system that reports on them."""

    def __init__(self) -> None:
        from portal.ca.models import Certificate  # noqa: PLC0415
        from portal.core.roles import Role  # noqa: PLC0415
        from tests import builders  # noqa: PLC0415
        from tests.usage import builders as usage  # noqa: PLC0415

        office = builders.office()
        bodies = [builders.agency(office=office) for _number in range(BODIES)]
        first = builders.certificate(subscriber=builders.person(at=bodies[0]))
        start = rows.copies(
            first,
            BODIES * HELD,
            {
                "uuid": rows.fresh_uuid(),
                "serial": rows.hexadecimal("n + 1000000"),
                "request_key": rows.text_of("bench-"),
                "thumbprint": rows.hexadecimal("n + 1000000", digits=64),
                "agency_id": f"{bodies[0].pk} + (n % {BODIES})",
            },
        )
        self.keys = list(range(start, start + BODIES * HELD))
        self.serials = dict(Certificate.objects.values_list("pk", "serial"))
        self.bodies = dict(Certificate.objects.values_list("pk", "agency"))
        self.people = {
            "clerk": builders.user(Role.CLERK, agency=bodies[0]),
            "officer": builders.user(Role.OFFICE_OFFICER, agency=office),
            "operator": builders.user(Role.CA_OPERATOR),
        }
        self.system = usage.system(agency=office, by=self.people["officer"])
        self.now = builders.NOW

    def uses(self, start: int, count: int) -> Any:
        """Yield the number, certificate and moment of events; two of three certificates sign."""
        signing = [key for place, key in enumerate(self.keys) if place % 3]
        for number in range(start, start + count):
            seconds = number * 7919 % (DAYS * 86400)
            key = signing[number * 31 % len(signing)]
            yield number, key, self.now - timedelta(seconds=seconds + 60)

    def batch(self) -> Any:
        from portal.usage.models import UsageBatch  # noqa: PLC0415

        return UsageBatch.objects.create(
            system=self.system, channel="file", received_at=self.now, accepted=0
        )

    def take(self, count: int, *, name: str) -> None:
        """Let ``count`` events come in as a system sends them."""
        from portal.usage.receiving.services import receive  # noqa: PLC0415

        for start in range(0, count, BATCH):
            offered = [
                {
                    "id": f"{name}-{number}",
                    "serial": self.serials[key],
                    "moment": moment.isoformat(),
                    "kind": "letter",
                }
                for number, key, moment in self.uses(start, min(BATCH, count - start))
            ]
            receipt = receive(self.system, offered, channel="file", now=self.now)
            assert receipt.batch.accepted == len(offered)

    def fill(self, count: int) -> None:
        """Put ``count`` events in quickly: by the way events go, as far as 100,000; the rest
        is made by the database, and added to the sums."""
        from django.db.models import F  # noqa: PLC0415

        from portal.usage.models import BodyMonth, UsageEvent, UsageMonth  # noqa: PLC0415

        first = min(count, INGESTED)
        self.take(first, name="first")
        if count == first:
            return
        one = UsageEvent.objects.order_by("pk")[0]
        signing = len(self.keys) // 3 * 2
        place = f"((n * CAST(31 AS BIGINT)) % {signing})"
        with rows.quickly_into(UsageEvent):
            rows.copies(
                one,
                count - first,
                {
                    "batch_id": str(self.batch().pk),
                    "event_id": rows.text_of("rest-"),
                    "certificate_id": f"{self.keys[0]} + ({place} / 2) * 3 + 1 + {place} % 2",
                    "moment": rows.moment(
                        self.now, f"-60 - (n * CAST(7919 AS BIGINT)) % {DAYS * 86400}"
                    ),
                },
            )
        # Every certificate that signs did so in each month of the first 100,000 already.
        factor = count // first
        UsageMonth.objects.update(count=F("count") * factor)
        BodyMonth.objects.update(count=F("count") * factor)


class _Reader:
    """Somebody who opens a page again and again."""

    def __init__(self, user: Any, path: str) -> None:
        from django.db import connection  # noqa: PLC0415
        from django.test import Client  # noqa: PLC0415
        from django.test.utils import CaptureQueriesContext  # noqa: PLC0415

        self.client, self.path = Client(), path
        self.client.force_login(user)
        self.get()
        with CaptureQueriesContext(connection) as captured:
            self.get()
        # Before the next request, which forgets them.
        self.queries = sum(" FROM " in one["sql"] for one in captured.captured_queries)

    def get(self) -> None:
        answer = self.client.get(self.path)
        assert answer.status_code == HTTPStatus.OK, answer.status_code

    def seconds(self) -> float:
        clock = time.process_time if common.dialect() == "sqlite" else time.perf_counter
        began = clock()
        self.get()
        return clock() - began


if __name__ == "__main__":
    main()
