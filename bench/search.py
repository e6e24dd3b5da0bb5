"""The search box: many people, devices, certificates and dossiers against a thousand of each."""

from __future__ import annotations

import os
import random
import statistics
import uuid
from datetime import timedelta
from http import HTTPStatus
from typing import Any

import common

FEW = 1_000
MANY = int(os.environ.get("BENCH_ROWS", "200000"))
RUNS = 15
AGENCIES = 200
CHUNK = 5_000
OF_THE_CLERK = 10  # of each kind, at any size

_FAMILIES = ["Nguyễn"] * 38 + ["Trần"] * 11 + ["Lê"] * 10 + ["Phạm"] * 7 + ["Hoàng"] * 5
_FAMILIES += ["Vũ", "Đặng", "Bùi", "Đỗ", "Hồ", "Ngô", "Dương", "Lý", "Lò", "Vàng", "Giàng", "Tẩn"]
_MIDDLES = ["Văn"] * 4 + ["Thị"] * 4 + ["Thị Thu", "Đức", "Minh", "Ngọc", "Hữu", "Quang", "Xuân"]
_GIVENS = (
    "An Anh Bình Chi Cường Dung Dũng Đạt Giang Hà Hải Hạnh Hiền Hoa Hòa Hùng Hương Khánh Lan Linh",
    "Long Mai Minh Nam Nga Ngọc Nhung Oanh Phúc Phương Quân Quỳnh Sơn Tâm Thảo Thắng Tuấn Yến",
)

# What is typed, by whom: common words, words apart, words that never meet, and numbers.
_ASKED = {
    "clerk, a common name": ("clerk", "nguyen"),
    "clerk, a whole name": ("clerk", "Nguyễn Văn An"),
    "clerk, words apart": ("clerk", "nguyen thu ha"),
    "clerk, a device": ("clerk", "VG000"),
    "clerk, a letter": ("clerk", "1"),
    "officer, a common name": ("officer", "nguyen"),
    "officer, words apart": ("officer", "nguyen thu ha"),
    "officer, a rare name": ("officer", "lò văn tím"),
    "officer, a letter": ("officer", "123/"),
    "auditor, a common name": ("auditor", "nguyen"),
    "auditor, a rare name": ("auditor", "lò văn tím"),
    "CA, a common name": ("operator", "nguyen"),
    "CA, a whole name": ("operator", "Nguyễn Văn An"),
    "CA, words apart": ("operator", "nguyen thu ha"),
    "CA, words that never meet": ("operator", "tran nguyen"),
    "CA, a rare name": ("operator", "lò văn tím"),
    "CA, a device": ("operator", "VG0001"),
    "CA, a SIM": ("operator", "0900 1"),
    "CA, a serial": ("operator", "00:00:1"),
    "CA, a letter": ("operator", "123/"),
}


def main() -> None:
    common.boot()
    from django.conf import settings  # noqa: PLC0415

    settings.ALLOWED_HOSTS = ["testserver"]
    world = _world()
    _fill(world, 0, FEW)
    small = {name: _median(world, name) for name in _ASKED}
    _fill(world, FEW, MANY)
    for name in _ASKED:
        common.report(
            f"search, {name}, {_queries(world, name)} queries ({common.dialect()})",
            _median(world, name),
            small[name],
            target=1.3,
            n=MANY,
        )


def _world() -> dict[str, Any]:
    from portal.core.roles import Role  # noqa: PLC0415
    from tests import builders, story  # noqa: PLC0415

    cast = story.cast()
    elsewhere = builders.office()
    province = builders.agency("UBND TỈNH BENCH", office=cast.officer.agency)
    others = [
        builders.agency(
            f"BENCH {n}",
            office=cast.officer.agency if n % 2 else elsewhere,
            parent=province if n % 4 == 0 else None,
        )
        for n in range(AGENCIES)
    ]
    return {
        "clerk": cast.clerk,
        "officer": cast.officer,
        "operator": cast.operator,
        "auditor": builders.user(Role.AUDITOR, agency=province),
        "agency": cast.agency,
        "others": others,
        "versions": {one.pk: one.versions.get() for one in [cast.agency, *others]},
        "ca": builders.ca(),
        "random": random.Random(68),  # noqa: S311 (no secret: the same names in each run)
    }


def _fill(world: dict[str, Any], first: int, last: int) -> None:
    from tests import words  # noqa: PLC0415

    for start in range(first, last, CHUNK):
        _some(world, start, min(start + CHUNK, last))
    words.fill()
    _analyse()


def _some(world: dict[str, Any], first: int, last: int) -> None:
    """Put in a person each with certificate, device and dossier."""
    from devices.models import Device  # noqa: PLC0415
    from portal.agencies.models import Subscriber  # noqa: PLC0415
    from portal.ca.models import Certificate, KeyPair  # noqa: PLC0415
    from portal.core.text.vietnamese import search_key  # noqa: PLC0415
    from requests_app.models import Dossier, DossierItem  # noqa: PLC0415
    from requests_app.workflow import Route, State  # noqa: PLC0415
    from tests import builders  # noqa: PLC0415

    draw = world["random"].choice
    givens = " ".join(_GIVENS).split()
    people: list[Any] = []
    keys: list[Any] = []
    certificates: list[Any] = []
    devices: list[Any] = []
    dossiers: list[Any] = []
    rows: list[Any] = []
    for number in range(first, last):
        at = world["agency"] if number < OF_THE_CLERK else world["others"][number % AGENCIES]
        name = f"{draw(_FAMILIES)} {draw(_MIDDLES)} {draw(givens)}"
        if number == FEW // 2:
            name = "Lò Văn Tím"
        key = search_key(name)
        moment = builders.NOW - timedelta(minutes=number)
        person = Subscriber(kind="person", name=name, search_name=key, sort_name=key, agency=at)
        pair = KeyPair(
            storage="sim",
            algorithm="ec-p256",
            public_key=b"made up",
            fingerprint=f"{number:064x}",
            made_at=moment,
        )
        people.append(person)
        keys.append(pair)
        certificates.append(
            Certificate(
                serial=f"{number * 2654435761 % 2**64:016X}",
                kind="person",
                subscriber=person,
                agency=at,
                office=at.office,
                key=pair,
                common_name=name,
                search_name=key,
                not_before=moment,
                not_after=moment + timedelta(days=1000),
                der=b"made up",
                request_key=uuid.uuid4().hex,
                issued_at=moment,
            )
        )
        devices.append(
            Device(
                kind="sim",
                serial=f"VG{number:08d}",
                phone=f"09{number:08d}",
                custody="with_subscriber",
                condition="ok",
                key=pair,
                agency=at,
                office=at.office,
                subscriber=person,
                received_at=moment,
            )
        )
        dossier = Dossier(
            kind="mau_01_person",
            kind_version="NĐ68/2024",
            agency=at,
            agency_version=world["versions"][at.pk],
            office=at.office,
            route=Route.VIA_OFFICE,
            addressee=world["ca"],
            state=State.COMPLETED,
            is_at_ca=1,
            row_count=1,
            letter_number=f"{number % 9999 + 1}/UBND",
            created_by=world["clerk"],
            created_at=moment,
            updated_at=moment,
            sent_at=moment,
        )
        dossiers.append(dossier)
        rows.append(
            DossierItem(
                dossier=dossier,
                position=1,
                title=name,
                search_title=key,
                request_key=uuid.uuid4().hex,
            )
        )
    Subscriber.objects.bulk_create(people, batch_size=1000)
    KeyPair.objects.bulk_create(keys, batch_size=1000)
    Certificate.objects.bulk_create(certificates, batch_size=1000)
    Device.objects.bulk_create(devices, batch_size=1000)
    Dossier.objects.bulk_create(dossiers, batch_size=1000)
    DossierItem.objects.bulk_create(rows, batch_size=1000)


def _analyse() -> None:
    from django.db import connection  # noqa: PLC0415

    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _ask(world: dict[str, Any], name: str) -> Any:
    """Return what asks as the box does while one types."""
    from django.test import Client  # noqa: PLC0415

    who, typed = _ASKED[name]
    client = Client()
    client.force_login(world[who])

    def post() -> None:
        answer = client.post("/tim-kiem/goi-y/", {"q": typed})
        assert answer.status_code == HTTPStatus.OK, answer.status_code

    post()
    return post


def _median(world: dict[str, Any], name: str) -> float:
    ask = _ask(world, name)
    return statistics.median(common.seconds(ask) for _ in range(RUNS))


def _queries(world: dict[str, Any], name: str) -> int:
    from django.db import connection  # noqa: PLC0415
    from django.test.utils import CaptureQueriesContext  # noqa: PLC0415

    ask = _ask(world, name)
    with CaptureQueriesContext(connection) as captured:
        ask()
    return len(captured)


if __name__ == "__main__":
    main()
