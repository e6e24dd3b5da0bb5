"""D: list pages for an agency, an office and the CA, at many dossiers and at few."""

from __future__ import annotations

import os
import statistics
import uuid
from datetime import timedelta
from http import HTTPStatus
from typing import Any

import common

FEW = 1_000
MANY = int(os.environ.get("BENCH_DOSSIERS", "200000"))
RUNS = 15
AGENCIES = 100
CHUNK = 5_000


def main() -> None:
    common.boot()
    from django.conf import settings  # noqa: PLC0415

    settings.ALLOWED_HOSTS = ["testserver"]
    people = _people()
    _fill(people, FEW)
    small = {name: _median(people, name) for name in _PAGES}
    _fill(people, MANY - FEW)
    for name, (role, path) in _PAGES.items():
        queries = _queries(people[role], path)
        ratio = common.report(
            f"D {name}, {queries} queries ({common.dialect()})",
            _median(people, name),
            small[name],
            target=1.3,
            n=MANY,
        )
        assert ratio


_PAGES = {
    "agency list": ("clerk", "/ho-so/"),
    "agency list filtered by state": ("clerk", "/ho-so/?state=completed"),
    "office list": ("officer", "/ho-so/"),
    "office queue": ("officer", "/ho-so/cho-xu-ly/"),
    "CA list": ("operator", "/ho-so/"),
    "CA queue": ("operator", "/ho-so/cho-xu-ly/"),
    "work list": ("officer", "/"),
}


def _people() -> dict[str, Any]:
    from tests import story  # noqa: PLC0415

    cast = story.cast()
    return {
        "clerk": cast.clerk,
        "officer": cast.officer,
        "operator": cast.operator,
        "cast": cast,
    }


def _fill(people: dict[str, Any], count: int) -> None:
    """Add dossiers: some the clerk's own, half of the rest of the office's bodies."""
    from portal.agencies.models import Agency  # noqa: PLC0415
    from requests_app.models import Dossier  # noqa: PLC0415
    from requests_app.models.querysets import is_at_ca  # noqa: PLC0415
    from requests_app.workflow import Route, State, queue_of  # noqa: PLC0415
    from tests import builders  # noqa: PLC0415

    cast = people["cast"]
    others = list(Agency.objects.filter(name__startswith="BENCH"))
    if not others:
        elsewhere = builders.office()
        others = [
            builders.agency(f"BENCH {n}", office=cast.officer.agency if n % 2 else elsewhere)
            for n in range(AGENCIES)
        ]
    versions = {agency.pk: agency.versions.get() for agency in [cast.agency, *others]}
    # Each desk has more than a page full, at any size.
    states = [State.COMPLETED] * 10 + [State.SUBMITTED] * 4 + [State.FORWARDED] * 2
    states += [State.DRAFT, State.DECIDED, State.RETURNED, State.REJECTED]
    ca = builders.ca()
    made = []
    for number in range(count):
        # A body has a page full of dossiers at any size: 100 of the first 1,000, 1 % of the rest.
        is_own = number % (10 if count == FEW else 100) == 0
        agency = cast.agency if is_own else others[number % AGENCIES]
        state = states[(number * 7 + number // 20) % len(states)]
        at = builders.NOW - timedelta(minutes=number)
        made.append(
            Dossier(
                uuid=uuid.uuid4(),
                kind="mau_01_person",
                kind_version="NĐ68/2024",
                agency=agency,
                agency_version=versions[agency.pk],
                office=agency.office,
                route=Route.VIA_OFFICE,
                addressee=ca,
                state=state,
                queue=queue_of(state, Route.VIA_OFFICE),
                is_at_ca=is_at_ca(state, Route.VIA_OFFICE),
                row_count=7,
                letter_number=f"{number % 99999}/UBND",
                created_by=cast.clerk,
                created_at=at,
                updated_at=at,
                sent_at=None if state == State.DRAFT else at,
                due_on=None if state == State.COMPLETED else (at + timedelta(days=4)).date(),
            )
        )
        if len(made) == CHUNK:
            Dossier.objects.bulk_create(made, batch_size=1000)
            made = []
    Dossier.objects.bulk_create(made, batch_size=1000)
    _analyse()


def _analyse() -> None:
    from django.db import connection  # noqa: PLC0415

    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _client(user: Any) -> Any:
    from django.test import Client  # noqa: PLC0415

    client = Client()
    client.force_login(user)
    return client


def _median(people: dict[str, Any], name: str) -> float:
    role, path = _PAGES[name]
    client = _client(people[role])
    client.get(path)

    def get() -> None:
        answer = client.get(path)
        assert answer.status_code == HTTPStatus.OK, answer.status_code

    return statistics.median(common.seconds(get) for _ in range(RUNS))


def _queries(user: Any, path: str) -> int:
    from django.db import connection  # noqa: PLC0415
    from django.test.utils import CaptureQueriesContext  # noqa: PLC0415

    client = _client(user)
    client.get(path)
    with CaptureQueriesContext(connection) as captured:
        client.get(path)
    return len(captured)


if __name__ == "__main__":
    main()
