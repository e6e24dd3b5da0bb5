"""Whatever bytes come in: readers refuse or read, routes answer, and nothing of ours fails.

Short in the suite; make test-long plays 100,000 of each.
"""

from __future__ import annotations

import json
import random
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from io import BytesIO
from typing import Any
from urllib.parse import quote

import pytest
from cryptography.x509 import ocsp
from django.utils import timezone

from portal.ca.authority import ceremony, keystore, responder
from portal.ca.authority import services as authority
from portal.ca.pki import csr
from portal.core import archives
from portal.core.rules import Refused
from portal.documents import uploads
from requests_app import kinds, spreadsheets
from tests import builders
from tests.amounts import amount
from tests.architecture import test_hostile_input as hostile
from tests.architecture import world as worlds
from tests.architecture.world import World
from tests.ca import requests as key_requests
from tests.ca.test_ocsp_hostile import question
from tests.security.fuzzing import changed, failures, sequence

MANY = 100_000
NAMES = (
    "page", "q", "after", "before", "state", "kind", "day", "since", "until", "agency", "version",
    "do", "action", "reason", "file", "row", "rows", "token", "thang", "nam", "export", "limit",
    "offset", "cursor", "ordering", "contact", "answers", "number", "date", "serial", "pin", "next",
)  # fmt: skip


@pytest.fixture
def signing() -> Iterator[None]:
    authority.open_for_signing()
    yield
    keystore.close()


@pytest.mark.long
def test_the_responder_answers_whatever_it_is_asked(db: None, signing: None) -> None:
    now = timezone.now()
    ceremony.set_up(now=now)
    seeds = [question(), question(serial=2**64, algorithm="sha256", copies=3, nonce=b"12345678")]

    def read(data: bytes) -> None:
        ocsp.load_der_ocsp_response(responder.answer(data, now=now)).response_status  # noqa: B018

    count = amount("FUZZ_OCSP", short=1000, long=MANY)
    assert failures(read, seeds, name="ocsp", count=count) == []


@pytest.mark.long
def test_key_requests_are_read_or_refused() -> None:
    key = key_requests.ec_key()
    seeds = [key_requests.der(key), key_requests.pem(key).encode()]

    def read(data: bytes) -> None:
        csr.text_of_file("a.csr", data)
        csr.read.cache_clear()

    count = amount("FUZZ_CSR", short=1000, long=MANY)
    assert failures(read, seeds, name="csr", count=count, refusals=(Refused,)) == []


KIND = kinds.get("mau_01_person")
SHEET = spreadsheets.export(KIND, [builders.person_answers(number) for number in (1, 2)])


def in_a_part(data: bytes, chance: random.Random) -> bytes:
    """Return the package with one of its parts changed, whole as a package."""
    parts = archives.parts_of(data, most_parts=500, most_bytes=2**26)
    name = chance.choice(sorted(parts))
    return archives.stored(parts | {name: changed(parts[name], chance)}).getvalue()


@pytest.mark.long
@pytest.mark.parametrize("depth", ["package", "part"])
def test_sheets_are_read_or_refused(depth: str) -> None:
    chance = sequence(depth)

    def read(data: bytes) -> None:
        content = in_a_part(SHEET, chance) if depth == "part" else data
        with suppress(Refused):
            uploads.check(content)
        with suppress(Refused):
            spreadsheets.read(KIND, content, today=builders.TODAY)

    count = amount("FUZZ_SHEET", short=60, long=MANY)
    assert failures(read, [SHEET], name="sheet", count=count) == []


@pytest.fixture
def world(db: None) -> World:
    return worlds.build()


@pytest.mark.long
@pytest.mark.both
def test_every_route_answers(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    rows = hostile._rows(world)
    chance = sequence("routes")
    roles = list(world.clients)
    found: set[str] = set()
    count = amount("FUZZ_ROUTES", short=120, long=MANY)
    for _ in range(count):
        row, role = chance.choice(rows), chance.choice(roles)
        method, path = row.method, row.path
        if row.in_path and chance.random() < 0.2:
            known = chance.choice(row.in_path)
            odd = changed(known.encode(), chance).decode("utf-8", "replace")
            path = path.replace(known, quote(odd, safe="") or "x")
        names = [*row.access.data, *chance.sample(NAMES, 4)]
        sent: dict[str, Any] = dict(row.access.data)
        for name in chance.sample(names, min(len(names), chance.randint(1, 3))):
            value = chance.choice(hostile.VALUES)
            turned = changed(value.encode("utf-8", "surrogatepass")[:300], chance)
            sent[name] = chance.choice((value, turned.decode("utf-8", "replace")))
        headers = chance.choice(hostile.HEADERS) if chance.random() < 0.2 else {}
        ask = _sent(method, path, sent, chance, headers)
        found.add(hostile._asked(world, role, f"{method} {path} {sent!r:.200}", ask))
    found.discard("")
    with capsys.disabled():
        told = {"drill": "fuzz of routes", "requests": count, "failures": len(found)}
        print(f"\n{json.dumps(told)}", flush=True)  # noqa: T201 (the figures of a drill)
    assert sorted(found) == []


def _sent(
    method: str, path: str, sent: dict[str, Any], chance: random.Random, headers: dict[str, str]
) -> hostile.Ask:
    if method == "GET":
        return hostile._asking("GET", f"{path}?{hostile._encoded(sent)}", **headers)
    if chance.random() < 0.3:
        kind, body = chance.choice(hostile.BODIES)
        return hostile._asking(method, path, changed(body[:5000], chance), kind, **headers)
    return hostile._asking(method, path, hostile._encoded(sent), **headers)


def test_a_part_under_a_false_name_is_looked_at() -> None:
    parts = archives.parts_of(SHEET, most_parts=500, most_bytes=2**26)
    sheet = "xl/worksheets/sheet1.xml"
    laughs = b'<!DOCTYPE a [<!ENTITY b "c">]>'
    renamed = {name: data.replace(b"sheet1.xml", b"sheet1.bin") for name, data in parts.items()}
    renamed["xl/worksheets/sheet1.bin"] = laughs + renamed.pop(sheet).partition(b"?>")[2]

    with pytest.raises(Refused) as refused:
        spreadsheets.read(KIND, archives.stored(renamed).getvalue(), today=builders.TODAY)

    assert [one.code for one in refused.value.violations] == ["damaged_workbook"]


def falsely_small(size: int) -> bytes:
    """Return a zip whose header says that a part of ``size`` bytes has but ten."""
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"\0" * size)
    data = bytearray(stream.getvalue())
    directory = data.index(b"PK\x01\x02")
    for at in (22, directory + 24):
        data[at : at + 4] = (10).to_bytes(4, "little")
    return bytes(data)


def test_a_false_size_inflates_nothing_beyond_it() -> None:
    with pytest.raises(archives.Unreadable):
        archives.parts_of(falsely_small(300 * 1024 * 1024), most_parts=9, most_bytes=2**30)


def test_what_shrinks_beyond_measure_is_refused() -> None:
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"\0" * (8 * 1024 * 1024))

    with pytest.raises(archives.TooLarge):
        archives.parts_of(stream.getvalue(), most_parts=9, most_bytes=2**30)
