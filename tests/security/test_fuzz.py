"""Whatever bytes come in: readers refuse or read, routes answer, and nothing of ours fails.

Short in the suite; make test-long plays 100,000 of each.
"""

from __future__ import annotations

import copy
import json
import logging
import random
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import quote, urljoin

import pytest
from asn1crypto import core
from cryptography.x509 import ocsp
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from django.utils import timezone
from pytest_django import Settings

from portal.ca.authority import ceremony, keystore, responder, timestamps
from portal.ca.authority import services as authority
from portal.ca.pki import csr
from portal.core import archives
from portal.core.roles import Role
from portal.core.rules import Refused
from portal.documents import uploads
from portal.usage.systems import services as systems
from requests_app import kinds, spreadsheets
from requests_app.workflow import Action
from tests import builders, story
from tests.amounts import IS_LONG, amount
from tests.architecture import test_hostile_input as hostile
from tests.architecture import world as worlds
from tests.architecture.world import World
from tests.ca import requests as key_requests
from tests.ca import test_timestamps as stamping
from tests.ca.test_ocsp_hostile import question
from tests.flows.visitor import Form, PageReader
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


@pytest.mark.long
def test_time_stamps_are_given_or_refused(
    db: None, signing: None, tmp_path: Path, settings: Settings
) -> None:
    now = timezone.now()
    ceremony.set_up(now=now)
    settings.TSA_KEY_DIR = tmp_path / "tsa"
    timestamps.renew(now=now)
    seeds = [stamping.question(), stamping.question(nonce=2**64, req_policy="1.2.3")]

    def read(data: bytes) -> None:
        core.Sequence.load(timestamps.answer(data, now=now), strict=True)

    count = amount("FUZZ_TSA", short=200, long=MANY)
    assert failures(read, seeds, name="tsa", count=count) == []


@pytest.fixture
def world(db: None) -> Iterator[World]:
    logging.disable(logging.CRITICAL)  # of 100,000 requests pytest would keep each record
    yield worlds.build()
    logging.disable(logging.NOTSET)


@dataclass(frozen=True, slots=True)
class Filled:
    """A form as a page shows it to ``role``: where it goes, and what each field offers."""

    role: Role | None
    path: str
    form: Form
    offered: dict[str, list[str]]


class Offers(PageReader):
    """Reads forms with all that their fields offer, chosen or not."""

    def __init__(self) -> None:
        super().__init__()
        self.offered: dict[str, list[str]] = {}

    def _start_input(self, attrs: dict[str, str]) -> None:
        super()._start_input(attrs)
        form, name = self._target(attrs), attrs.get("name", "")
        if form is not None and name and attrs.get("type") in ("checkbox", "radio"):
            form.values.setdefault(name, [])
            self.offered.setdefault(name, []).append(attrs.get("value", "on"))

    def _start_option(self, attrs: dict[str, str]) -> None:
        super()._start_option(attrs)
        if self._select is not None:
            self.offered.setdefault(self._select[1], []).append(attrs.get("value", ""))


def shown(world: World, rows: list[hostile.Row]) -> list[Filled]:
    """Return the forms of these pages, as whoever may open them sees them."""
    found: dict[tuple[Any, ...], Filled] = {}
    for row in rows:
        able = [one for code, roles in row.access.own.items() if code == 200 for one in roles]
        for role in sorted(able)[: None if IS_LONG else 1] if row.method == "GET" else ():
            response = world.clients[role].get(row.path)
            if "text/html" in response.headers.get("Content-Type", ""):
                page = Offers()
                page.feed(response.content.decode())
                for form in page.forms:
                    path = urljoin(row.path, form.action) if form.action else row.path
                    # Each page has those to search and to sign out.
                    same = role, path.partition("?")[0], *form.values, *form.buttons
                    found[same] = Filled(role, path, form, page.offered)
    return [*found.values()]


GOOD = (
    "01/09/2026", "2026-09-01", "09/2026", "2026", "1", "3", "on", "Nội dung", "Lò Văn An",
    "012345678901", "12/UBND", "0912345678", "an@laichau.gov.vn", story.PIN, builders.PASSWORD,
)  # fmt: skip


def files() -> dict[str, bytes]:
    return {
        "a.pdf": story.blank_pdf(),
        "a.xlsx": SHEET,
        "a.csv": b"serial;moment;id\n01;2026-09-01T09:00:00+07:00;1\n",
        "a.csr": key_requests.pem(key_requests.ec_key()).encode(),
        "a.png": b"\x89PNG\r\n\x1a\n",
    }


def as_filled(one: Filled, chance: random.Random, uploads: dict[str, bytes]) -> hostile.Ask:
    """Return the form sent with something of the right type in each field but for a few."""
    sent: dict[str, Any] = {}
    for name, values in one.form.values.items():
        offered = [value for value in one.offered.get(name, ()) if value]
        usual = chance.choice(offered) if offered else chance.choice(GOOD)
        sent[name] = values if any(values) and chance.random() < 0.7 else usual
        if offered and chance.random() < 0.2:
            sent[name] = chance.sample(offered, chance.randint(0, min(3, len(offered))))
    for name in chance.sample([*sent], min(len(sent), chance.choice((0, 0, 1, 1, 2)))):
        sent[name] = chance.choice(hostile.VALUES)
    buttons = [(name, value) for name, value in one.form.buttons.values() if name]
    sent |= chance.sample(buttons, min(1, len(buttons)))
    if one.form.method == "get":
        return hostile._asking("GET", f"{one.path.partition('?')[0]}?{hostile._encoded(sent)}")
    if not one.form.files:
        return hostile._asking("POST", one.path, hostile._encoded(sent))
    for name in one.form.files:
        label = chance.choice([*uploads])
        content = uploads[label] if chance.random() < 0.5 else changed(uploads[label], chance)
        sent[name] = SimpleUploadedFile(label, content)
    # Django's own writer of such bodies takes no half of a surrogate.
    fields = {
        name: json.loads(json.dumps(sent[name]).replace("\\ud800", "")) for name in one.form.values
    }
    body = encode_multipart(BOUNDARY, sent | fields)
    return hostile._asking("POST", one.path, body, MULTIPART_CONTENT)


def bodies_of_the_api(world: World) -> list[dict[str, Any]]:
    """Return what programs send, each whole."""
    answers = builders.person_answers(1)
    row = str(world.own.dossier.items.get().uuid)
    event = {"id": "1", "serial": world.own.certificate.serial, "moment": "2026-09-01T09:00:00Z"}
    pin = {"pin": story.PIN, "reason": "Thiếu", "reason_code": "other"}
    steps = [{"action": action} | pin for action in Action.values]
    decisions = [{"row": row, "decision": said, "reason": "x"} for said in ("accepted", "refused")]
    versioned: list[dict[str, Any]] = [
        {"rows": [answers, {}]},
        {"answers": answers},
        {"letter_number": "1/UBND", "letter_date": "2026-09-01", "contact": story.CONTACT},
        {"answers": [{"question": "x", "takes": False, "words": "Đúng"}]},
        *({"decisions": [one]} for one in decisions),
        *steps,
    ]
    return [
        *({"version": 1} | one for one in versioned),
        {"kind": "mau_05_revoke", "variant": ""},
        {"username": world.own.people[Role.CLERK].username, "password": builders.PASSWORD},
        {"sent_at": "2026-09-01T09:00:00Z", "events": [event, event | {"kind": "letter"}]},
    ]


def turned(body: Any, chance: random.Random) -> Any:
    """Return the body with one value, at any depth, made another."""
    whole = copy.deepcopy(body)
    at = whole
    while True:
        key = chance.choice([*at]) if isinstance(at, dict) else chance.randrange(len(at))
        if not (isinstance(at[key], dict | list) and at[key] and chance.random() < 0.8):
            at[key] = chance.choice((*hostile.JSON_VALUES, *GOOD))
            return whole
        at = at[key]


@pytest.mark.long
@pytest.mark.both
def test_every_route_answers(
    world: World, tmp_path: Path, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.TSA_KEY_DIR = tmp_path / "tsa"
    authority.open_for_signing()
    timestamps.renew(now=timezone.now())
    keystore.close()
    officer = world.own.people[Role.OFFICE_OFFICER]
    token = systems.make_token(world.own.system, actor=officer, now=timezone.now())
    der = {"pki:timestamp": stamping.question(), "pki:ocsp": question(), "pki:ca_ocsp": question()}
    rows = hostile._rows(world)
    chance = sequence("routes")
    forms = shown(world, rows if IS_LONG else chance.sample(rows, 12))
    programs, sheets = bodies_of_the_api(world), files()
    roles = list(world.clients)
    asked: set[tuple[str, str]] = set()
    found: set[str] = set()
    count = amount("FUZZ_ROUTES", short=120, long=MANY)
    for _ in range(count):
        if chance.random() < 0.4:
            form = chance.choice(forms)
            ask = as_filled(form, chance, sheets)
            found.add(hostile._asked(world, form.role, f"form {form.path}", ask))
            continue
        row, role = chance.choice(rows), chance.choice(roles)
        asked.add((row.method, row.route))
        method, path = row.method, row.path
        if chance.random() < 0.2:
            path = path.replace(str(world.own.dossier.uuid), str(world.own.draft.uuid))
        if row.in_path and chance.random() < 0.2:
            known = chance.choice(row.in_path)
            odd = changed(known.encode(), chance).decode("utf-8", "replace")
            path = path.replace(known, quote(odd, safe="") or "x")
        names = [*row.access.data, *chance.sample(NAMES, 4)]
        sent: dict[str, Any] = dict(row.access.data)
        for name in chance.sample(names, min(len(names), chance.randint(1, 3))):
            value = chance.choice(hostile.VALUES)
            turn = changed(value.encode("utf-8", "surrogatepass")[:300], chance)
            sent[name] = chance.choice((value, turn.decode("utf-8", "replace")))
        headers = chance.choice(hostile.HEADERS) if chance.random() < 0.2 else {}
        if row.route == "api:usage_events":
            headers = {"HTTP_AUTHORIZATION": f"Bearer {token}"}
        if row.route in der:
            ask = hostile._asking(method, path, changed(der[row.route], chance), **headers)
        elif row.route.startswith("api:") and method != "GET" and chance.random() < 0.8:
            whole = chance.choice(programs)
            sent = whole if chance.random() < 0.2 else turned(whole, chance)
            ask = hostile._asking(method, path, json.dumps(sent), "application/json", **headers)
        else:
            ask = _sent(method, path, sent, chance, headers)
        found.add(hostile._asked(world, role, f"{method} {path} {sent!r:.200}", ask))
    found.discard("")
    with capsys.disabled():
        told = {
            "drill": "fuzz of routes",
            "requests": count,
            "forms": len(forms),
            "rows": len(asked),
            "failures": len(found),
        }
        print(f"\n{json.dumps(told)}", flush=True)  # noqa: T201 (the figures of a drill)
    assert sorted(found) == []
    assert len(asked) == len(rows) or not IS_LONG


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
