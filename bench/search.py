"""The search box: many people, devices, certificates and dossiers against a thousand of each."""

from __future__ import annotations

import os
import random
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from http import HTTPStatus
from itertools import count
from typing import Any

import common

FEW = 1_000
MANY = int(os.environ.get("BENCH_ROWS", "200000"))
RUNS = 25
AGENCIES = 200
CHUNK = 5_000
BLOCK = 20_000  # drawn by name; the rest are copies of them
OF_THE_CLERK = 10  # of each kind, at any size
FIRST_KEY = 10**6  # keys are given in turn to a person, a key pair, ... of each number
_KINDS = (
    "agencies.Subscriber",
    "ca.KeyPair",
    "ca.Certificate",
    "devices.Device",
    "requests_app.Dossier",
    "requests_app.DossierItem",
)
_WORDS = {"agencies.SubscriberWord": "subscriber", "requests_app.ItemWord": "item"}

_FAMILIES = ["Nguyễn"] * 38 + ["Trần"] * 11 + ["Lê"] * 10 + ["Phạm"] * 7 + ["Hoàng"] * 5
_FAMILIES += ["Vũ", "Đặng", "Bùi", "Đỗ", "Hồ", "Ngô", "Dương", "Lý", "Lò", "Vàng", "Giàng", "Tẩn"]
_MIDDLES = ["Văn"] * 4 + ["Thị"] * 4 + ["Thị Thu", "Đức", "Minh", "Ngọc", "Hữu", "Quang", "Xuân"]
_GIVENS = (
    "An Anh Bình Chi Cường Dung Dũng Đạt Giang Hà Hải Hạnh Hiền Hoa Hòa Hùng Hương Khánh Lan Linh",
    "Long Mai Minh Nam Nga Ngọc Nhung Oanh Phúc Phương Quân Quỳnh Sơn Tâm Thảo Thắng Tuấn Yến",
)

_OFTEN = ("Nguyễn Văn An", "Nguyễn Thị Thu Hà") * 2

# What is typed, by whom: common words, words apart, words that never meet, and numbers.
_ASKED = {
    "clerk, a common name": ("clerk", "nguyen"),
    "clerk, a whole name": ("clerk", "Nguyễn Văn An"),
    "clerk, words apart": ("clerk", "nguyen thu ha"),
    "clerk, a device": ("clerk", "VG000"),
    "clerk, a letter": ("clerk", "12"),
    "officer, a common name": ("officer", "nguyen"),
    "officer, words apart": ("officer", "nguyen thu ha"),
    "officer, a rare name": ("officer", "lò văn tím"),
    "officer, a letter": ("officer", "12"),
    "officer, a rare letter": ("officer", "998/"),
    "officer, a device": ("officer", "VG000005"),
    "officer, a SIM": ("officer", "0900 000 5"),
    "officer, a serial": ("officer", "00:00:01:3"),
    "auditor, a common name": ("auditor", "nguyen"),
    "auditor, a rare name": ("auditor", "lò văn tím"),
    "auditor, a letter": ("auditor", "12"),
    "auditor, a device": ("auditor", "VG000005"),
    "auditor, a SIM": ("auditor", "0900 000 5"),
    "auditor, a serial": ("auditor", "00:00:01:3"),
    "CA, a common name": ("operator", "nguyen"),
    "CA, a whole name": ("operator", "Nguyễn Văn An"),
    "CA, words apart": ("operator", "nguyen thu ha"),
    "CA, words in another order": ("operator", "ha nguyen"),
    "CA, words that never meet": ("operator", "tran nguyen"),
    "CA, a rare name": ("operator", "lò văn tím"),
    "CA, a device": ("operator", "VG000"),
    "CA, a SIM": ("operator", "0900 00"),
    "CA, a serial": ("operator", "00:00:0"),
    "CA, a letter": ("operator", "12"),
    "CA, a rare letter": ("operator", "998/"),
    "CA, a rare device": ("operator", "VG00000999"),
    "CA, a rare SIM": ("operator", "0900000999"),
}


def main() -> None:
    common.boot()
    from django.conf import settings  # noqa: PLC0415

    settings.ALLOWED_HOSTS = ["testserver"]
    world = _world()
    _fill(world, 0, FEW)
    few = _copied()
    _fill(world, FEW, MANY)
    for name in _ASKED:
        with few():
            small, _count = _ask(world, name)
        large, queries = _ask(world, name)
        seconds = {small: float("inf"), large: float("inf")}
        for _ in range(RUNS):
            with few():
                seconds[small] = min(seconds[small], common.processor_seconds(small))
            seconds[large] = min(seconds[large], common.processor_seconds(large))
        common.report(
            f"search, {name}, {queries} queries ({common.dialect()})",
            seconds[large],
            seconds[small],
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
        "keys": count(FIRST_KEY),
    }


def _copied() -> Callable[[], AbstractContextManager[None]]:
    """Copy the database as it stands; return what lets everything speak to the copy meanwhile."""
    from django.db import connection, connections  # noqa: PLC0415

    name = connection.settings_dict["NAME"]
    copy = f"{name}_few"
    if connection.vendor == "postgresql":
        connection.close()
        with connection._nodb_cursor() as cursor:
            cursor.execute(f'DROP DATABASE IF EXISTS "{copy}"')
            cursor.execute(f'CREATE DATABASE "{copy}" TEMPLATE "{name}"')
    else:
        with connection.cursor() as cursor:
            cursor.execute("VACUUM INTO %s", [copy])
    connections.settings["few"] = connections.settings["default"] | {"NAME": copy}

    @contextmanager
    def few() -> Iterator[None]:
        usual = connections["default"]
        other = connections["few"]
        other.alias = "default"
        connections["default"] = other
        try:
            yield
        finally:
            connections["default"] = usual

    return few


def _fill(world: dict[str, Any], first: int, last: int) -> None:
    from django.db import connection, transaction  # noqa: PLC0415

    from portal.core.database.bulk import analyse  # noqa: PLC0415

    if connection.vendor == "sqlite":  # or every chunk reads the indexes anew from the disk
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA cache_size = -2000000")
            cursor.execute("PRAGMA synchronous = OFF")
    drawn = min(last, first + BLOCK)
    for start in range(first, drawn, CHUNK):
        with transaction.atomic():
            _some(world, start, min(start + CHUNK, drawn))
    _multiply(first, drawn, last)
    analyse()
    connection.close()  # what is measured has the portal's own settings


def _multiply(first: int, drawn: int, last: int) -> None:
    """Copy the rows from ``first`` to ``drawn`` until ``last`` are there, inside the database.

    Names and bodies come again; numbers, keys and moments are those ``_some`` would have given.
    Indexes are taken away meanwhile: made at the end, each is one sorting.
    """
    from django.apps import apps  # noqa: PLC0415
    from django.db import connection  # noqa: PLC0415

    from tests import builders  # noqa: PLC0415

    if drawn == last:
        return
    is_sqlite = connection.vendor == "sqlite"
    number = f"((t.id - {FIRST_KEY}) / {len(_KINDS)} + s.shift)"
    eight = f"printf('%%08d', {number})" if is_sqlite else f"lpad(({number})::text, 8, '0')"
    hashed = f"{number} * 2654435761"
    serial = (
        f"printf('%%016X', {hashed})" if is_sqlite else f"upper(lpad(to_hex({hashed}), 16, '0'))"
    )
    anew = (
        "lower(hex(randomblob(16)))" if is_sqlite else "replace(gen_random_uuid()::text, '-', '')"
    )
    moment = (
        f"datetime('{builders.NOW:%Y-%m-%d %H:%M:%S}', -{number} || ' minutes')"
        if is_sqlite
        else f"'{builders.NOW.isoformat()}'::timestamptz - {number} * interval '1 minute'"
    )
    given = {
        "uuid": anew if is_sqlite else "gen_random_uuid()",
        "request_key": anew,
        "fingerprint": f"'copy ' || {eight}",
        "letter_number": f"({number} %% 9999 + 1) || '/UBND'",
        "phone": f"'09' || {eight}",
        **dict.fromkeys(
            ("made_at", "not_before", "issued_at", "received_at", "created_at", "updated_at"),
            moment,
        ),
    }
    given["sent_at"] = given["created_at"]
    ours = {apps.get_model(label): place for place, label in enumerate(_KINDS)}
    step = f"s.shift * {len(_KINDS)}"
    series = (
        "WITH RECURSIVE s(shift) AS (SELECT %s UNION ALL "
        "SELECT shift + %s FROM s WHERE shift + %s < %s) "
    )
    block = drawn - first
    with connection.cursor() as cursor:
        tables = [model._meta.db_table for model in ours]
        tables += [apps.get_model(label)._meta.db_table for label in _WORDS]
        indexes = _indexes(cursor, tables)
        for name, _definition in indexes:
            cursor.execute(f'DROP INDEX "{name}"')
        for label in (*_KINDS, *_WORDS):
            model = apps.get_model(label)
            fields = list(model._meta.concrete_fields)
            if model not in ours:  # words have keys of the database's own
                fields = [field for field in fields if not field.primary_key]
            values = []
            for field in fields:
                column = f't."{field.column}"'
                if field.primary_key or field.related_model in ours:
                    values.append(f"{column} + {step}")
                elif field.column == "serial":
                    values.append(f"'VG' || {eight}" if label == "devices.Device" else serial)
                else:
                    values.append(given.get(field.column, column))
            of = "t.id" if model in ours else f't."{_WORDS[label]}_id"'
            names = ", ".join(f'"{field.column}"' for field in fields)
            cursor.execute(
                f'INSERT INTO "{model._meta.db_table}" ({names}) {series}'  # noqa: S608 (our own)
                f'SELECT {", ".join(values)} FROM s, "{model._meta.db_table}" t '
                f"WHERE {of} >= %s AND {of} < %s"
                f" AND ({of} - {FIRST_KEY}) / {len(_KINDS)} + s.shift < %s",
                [
                    *(block, block, block, last - first),
                    FIRST_KEY + first * len(_KINDS),
                    FIRST_KEY + drawn * len(_KINDS),
                    last,
                ],
            )
        for _name, definition in indexes:
            cursor.execute(definition)


def _indexes(cursor: Any, tables: list[str]) -> list[tuple[str, str]]:
    """Return name and definition of the indexes that are no table's own constraint."""
    if cursor.db.vendor == "sqlite":
        asked = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
        asked += f" AND tbl_name IN ({', '.join(['%s'] * len(tables))})"
        cursor.execute(asked, tables)
    else:
        cursor.execute(
            "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = ANY(%s)"
            " AND indexname NOT IN (SELECT conname FROM pg_constraint)",
            [tables],
        )
    return list(cursor.fetchall())


def _some(world: dict[str, Any], first: int, last: int) -> None:
    """Put in a person each with certificate, device and dossier."""
    from devices.models import Device  # noqa: PLC0415
    from portal.agencies.models import Subscriber, SubscriberWord  # noqa: PLC0415
    from portal.ca.models import Certificate, KeyPair  # noqa: PLC0415
    from portal.core.text.vietnamese import search_key  # noqa: PLC0415
    from portal.search.words import add, phrases  # noqa: PLC0415
    from requests_app.models import Dossier, DossierItem, ItemWord  # noqa: PLC0415
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
        if number < FEW and number % 20 < len(_OFTEN):  # found at any size: the answers are alike
            name = _OFTEN[number % 20]
        if number in (FEW // 2, FEW // 2 - 1):  # a quarter has one, another the other
            name = "Lò Văn Tím"
        key = search_key(name)
        moment = builders.NOW - timedelta(minutes=number)
        person = Subscriber(
            pk=next(world["keys"]),
            kind="person",
            name=name,
            search_name=key,
            sort_name=key,
            agency=at,
        )
        pair = KeyPair(
            pk=next(world["keys"]),
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
                pk=next(world["keys"]),
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
                pk=next(world["keys"]),
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
            pk=next(world["keys"]),
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
                pk=next(world["keys"]),
                dossier=dossier,
                position=1,
                title=name,
                search_title=key,
                request_key=uuid.uuid4().hex,
            )
        )
    for made in (people, keys, certificates, devices, dossiers, rows):
        _insert(made)
    found_by = {one.pk: (phrases(one.search_name), one.agency) for one in people}
    add(SubscriberWord, "subscriber", _words(found_by))
    found_by = {row.pk: (phrases(row.search_title), row.dossier.agency) for row in rows}
    add(ItemWord, "item", _words(found_by))


def _words(found_by: dict[int, Any]) -> dict[int, list[tuple[str, int, int | None]]]:
    return {
        key: [(text, at.pk, at.office_id) for text in texts]
        for key, (texts, at) in found_by.items()
    }


def _insert(made: list[Any]) -> None:
    """As ``bulk_create``, in a fraction of its time."""
    from portal.core.database.bulk import insert_rows  # noqa: PLC0415

    fields = made[0]._meta.concrete_fields
    rows = ([field.pre_save(one, add=True) for field in fields] for one in made)
    insert_rows(type(made[0]), [field.attname for field in fields], rows)


def _ask(world: dict[str, Any], name: str) -> tuple[Callable[[], None], int]:
    """Return what asks as the box does while one types, and with how many queries."""
    from django.db import connection  # noqa: PLC0415
    from django.test import Client  # noqa: PLC0415
    from django.test.utils import CaptureQueriesContext  # noqa: PLC0415

    who, typed = _ASKED[name]
    client = Client()
    client.force_login(world[who])

    def post() -> None:
        answer = client.post("/tim-kiem/goi-y/", {"q": typed})
        assert answer.status_code == HTTPStatus.OK, answer.status_code

    post()
    with CaptureQueriesContext(connection) as captured:
        post()
    return post, len(captured)


if __name__ == "__main__":
    main()
