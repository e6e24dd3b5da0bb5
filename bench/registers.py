"""The first page of each register with nothing narrowed, at many rows and at few."""

from __future__ import annotations

import os
import statistics
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING

import common
import rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from portal.accounts.models import User
    from portal.agencies.models import Agency

FEW = 3_000
MANY = int(os.environ.get("BENCH_ROWS", "300000"))
RUNS = 9
AGENCIES = 100
MINUTE = 60
REGISTERS = ("chung-thu", "giao-nhan-thiet-bi", "thiet-bi-that-lac", "van-ban-di")


def main() -> None:
    common.boot()
    from django.conf import settings  # noqa: PLC0415

    settings.ALLOWED_HOSTS = ["testserver"]
    places = rows.Places()
    people = {
        "few": places.make("few", lambda: _fill(FEW)),
        "many": places.make("many", lambda: _fill(MANY)),
    }
    for role in ("CA", "office", "agency"):
        for slug in REGISTERS:
            taken: dict[str, list[float]] = {"few": [], "many": []}
            for _run in range(RUNS + 1):
                for place, found in taken.items():
                    places.go(place)
                    get = _getter(people[place][role], f"/so-theo-doi/{slug}/")
                    found.append(common.seconds(get))
            few, many = (statistics.median(found[1:]) for found in taken.values())
            name = f"register {slug} of the {role} ({common.dialect()})"
            common.report(name, many, few, target=1.5, n=MANY)


def _getter(user: User, path: str) -> Callable[[], None]:
    """Return what asks for a page, signed in and asked once before."""
    from django.test import Client  # noqa: PLC0415

    client = Client()
    client.force_login(user)

    def get() -> None:
        answer = client.get(path)
        assert answer.status_code == HTTPStatus.OK, answer.status_code

    get()
    return get


def _fill(count: int) -> dict[str, User]:
    """Fill the books: half of the bodies are the office's, one is the clerk's; return who reads."""
    from portal.core.roles import Role  # noqa: PLC0415
    from tests import builders  # noqa: PLC0415

    office, elsewhere = builders.office(), builders.office()
    own = builders.agency("BENCH", office=office)
    bodies = [builders.agency(f"BENCH {n}", office=office) for n in range(AGENCIES // 2)]
    bodies += [builders.agency(f"BENCH {n}", office=elsewhere) for n in range(AGENCIES // 2)]
    people = {
        "CA": builders.user(Role.CA_OPERATOR),
        "office": builders.user(Role.OFFICE_OFFICER, agency=office),
        "agency": builders.user(Role.CLERK, agency=own),
    }
    # The clerk's body has as much at any size.
    _fill_body(FEW // AGENCIES, [own])
    _fill_body(count, bodies)
    rows.analyse()
    return people


def _fill_body(count: int, bodies: list[Agency]) -> None:
    from devices.models import CustodyMove  # noqa: PLC0415
    from requests_app.workflow import State  # noqa: PLC0415
    from tests import builders  # noqa: PLC0415

    first, half = bodies[0], (len(bodies) + 1) // 2
    turn, other = f"n % {len(bodies)}", bodies[-1].office_id
    offices = f"CASE WHEN {turn} < {half} THEN {first.office_id} ELSE {other} END"
    shared = {"agency_id": f"{first.pk} + {turn}"}
    fresh = {"uuid": rows.fresh_uuid()}
    person = builders.person(at=first)
    certificate = builders.certificate(subscriber=person)
    device = builders.device(
        custody="with_subscriber", agency=first, subscriber=person, key_pair=certificate.key
    )
    mark = f"bench {first.pk} "
    key = rows.copies(certificate.key, count, fresh | {"fingerprint": rows.text_of(mark)})
    of_key = {"key_id": f"{key} + n", "office_id": offices}
    number = f"{first.pk} * 4294967296 + n"
    rows.copies(
        certificate,
        count,
        fresh
        | shared
        | of_key
        | {
            "serial": rows.hexadecimal(number),
            "request_key": rows.text_of(mark),
            "not_after": rows.moment(builders.NOW, f"n * {MINUTE}"),
        },
    )
    first_device = rows.copies(
        device, count, fresh | shared | of_key | {"serial": rows.text_of(mark)}
    )
    move = CustodyMove.objects.create(
        device=device,
        move="hand_over",
        to_custody="with_subscriber",
        to_condition="ok",
        agency=first,
        subscriber=person,
        document_label="Sổ thử",
        happened_on=builders.TODAY,
        at=builders.NOW,
    )
    lost = "WHEN n % 100 < 10 THEN 'report_lost'"
    kinds = f"CASE {lost} WHEN n % 3 = 0 THEN 'allocate' ELSE 'hand_over' END"
    begun = builders.NOW - timedelta(days=300)
    rows.copies(
        move,
        count,
        shared
        | {
            "device_id": f"{first_device} + n",
            "move": kinds,
            "at": rows.moment(begun, f"n * {MINUTE}"),
        },
    )
    done = builders.dossier(agency=first, state=State.COMPLETED)
    sent = {"sent_at": rows.moment(begun, f"n * {MINUTE}"), "office_id": offices}
    rows.copies(done, count, fresh | shared | sent)


if __name__ == "__main__":
    main()
