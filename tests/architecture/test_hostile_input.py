"""Whatever is sent to whatever route by whomever: an answer, never a failure of ours.

The suite asks a sample, the same each time; HOSTILE_INPUT=1 asks for all of it.
"""

from __future__ import annotations

import json
import random
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest
from django.http import QueryDict
from django.test import Client
from django.urls import get_resolver, reverse
from django.utils.datastructures import MultiValueDict
from rest_framework import serializers

from portal.core.roles import Role
from tests.amounts import amount
from tests.architecture.test_access import ACCESS, Access
from tests.architecture.world import World, kwargs_of, leaving_no_trace, routes

WHOLE = amount("HOSTILE_INPUT", short=0, long=1) == 1

VALUES = (
    "\x00",
    "a\x00b",
    "\ud800",
    "\ufffd\u202e\U0001f469",
    "9" * 20,
    "9" * 5000,
    "-1",
    "-" + "9" * 30,
    "٣",
    "1e999",
    "NaN",
    "true",
    "null",
    "%",
    "%00",
    "' OR 1=1 --",
    "../" * 30,
    "0001-01-01",
    "9999-12-31",
    "01/01/0001",
    "31/12/9999",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-12:00",
    "0001-01",
    "9999-12",
    "0000-00",
    "2026-13",
    "10000-01",
    "00000000-0000-0000-0000-000000000000",
    "00000000-0000-0000-0000-00000000000g",
    "none~1",
    "0001-01-01T00:00:00+14:00~1",
    "9999-12-31T23:59:59-12:00~999999999999999999",
    "\x00~1",
    "9" * 18 + "~" + "9" * 18,
    "cD0wMDAxLTAxLTAx",  # a cursor of the API: p=0001-01-01
    "cD05OTk5LTEyLTMxJTIwMjM6NTk6NTkuOTk5OTk5LTEyOjAw",
    "cD0lMDA=",
    "bz05OTk5OTk5OTk5OTk5OTk5OTk5OTk5OQ==",
    "cj0xJnA9OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk=",
    "{}",
    "[",
    "x" * 10_000,
)
JSON_VALUES: tuple[Any, ...] = (
    None, True, 0, -1, 10**30, 1e308, "", "\x00", "\ud800", "9" * 5000, "0001-01-01", "9999-12-31",
    [], [None], [[[]]], [{}], {}, {"\x00": "\x00"}, {"\ud800": 1}, {"a": {"b": {}}}, ["\x00"],
    [{"row": "x", "decision": "x"}], [{"full_name": "\x00"}], {"full_name": "a\x00b"},
    {"full_name": "\ud800"}, [{"full_name": {"x": 1}}],
)  # fmt: skip
PATH_VALUES = (
    "%00", "a%00b", "%ED%A0%80", "%FF%FE", "9" * 30, "-1", "0001-01-01", "9999-12-31",
    "0000-00-00", "2026-02-30", "x" * 3000, "%2e%2e%2f", "%25", "null", "chung%20thu",
    "00000000-0000-0000-0000-000000000000", "00000000-0000-0000-0000-00000000000g",
    "%F0%9F%91%A9", "AAAA%0d%0aSet-Cookie:x", "%3Cscript%3E",
)  # fmt: skip
METHODS = ("HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "GET", "POST", "BREW")
HEADERS: tuple[dict[str, str], ...] = (
    {"HTTP_HOST": "evil.example"},
    {"HTTP_HOST": "a b\x00"},
    {"HTTP_HOST": "[::1"},
    {"HTTP_HOST": ""},
    {"HTTP_COOKIE": "sessionid=\x00; csrftoken=\x00"},
    {"HTTP_COOKIE": 'sessionid="' + "\\000" * 32 + '"'},  # NUL, as cookies write it
    {"HTTP_COOKIE": "sessionid=" + "x" * 9000},
    {"HTTP_COOKIE": "messages=\xff\xfe; django_language=\x00"},
    {"HTTP_COOKIE": "=;;==;a"},
    {"HTTP_ACCEPT": "garbage"},
    {"HTTP_ACCEPT": "application/xml;q=abc, */*;q=9"},
    {"HTTP_ACCEPT": "\x00/\xff"},
    {"HTTP_ACCEPT_LANGUAGE": "x" * 9000},
    {"HTTP_ACCEPT_LANGUAGE": "vi;q=\x00, ../../etc;q=1"},
    {"HTTP_ACCEPT_ENCODING": "gzip;q=x, \x00"},
    {"HTTP_RANGE": "bytes=-1"},
    {"HTTP_RANGE": "bytes=99999999999999999999-1,0-0,\x00"},
    {"HTTP_IF_MODIFIED_SINCE": "Thu, 32 Foo 99999 99:99:99 GMT"},
    {"HTTP_IF_MODIFIED_SINCE": "Mon, 01 Jan 0001 00:00:00 GMT"},
    {"HTTP_IF_NONE_MATCH": '"\x00", W/"' + "x" * 5000},
    {"HTTP_REFERER": "http://[::1"},
    {"HTTP_REFERER": "\x00" * 10},
    {"HTTP_ORIGIN": "http://[::1"},
    {"HTTP_X_FORWARDED_FOR": "\x00, 999.999.999.999, " + "1" * 500},
    {"HTTP_X_FORWARDED_PROTO": "\x00"},
    {"REMOTE_ADDR": ""},
    {"HTTP_AUTHORIZATION": "Token"},
    {"HTTP_AUTHORIZATION": "Token \x00"},
    {"HTTP_AUTHORIZATION": "Token \xff\xff \xff"},
    {"HTTP_AUTHORIZATION": "Token " + "x" * 9000},
    {"HTTP_AUTHORIZATION": "Bearer \x00"},
    {"HTTP_AUTHORIZATION": "Basic ====="},
    {"HTTP_HX_REQUEST": "true", "HTTP_HX_CURRENT_URL": "http://[::1"},
    {"HTTP_HX_REQUEST": "true", "HTTP_HX_CURRENT_URL": "\x00", "HTTP_HX_TARGET": "\x00"},
    {
        "HTTP_HX_REQUEST": "true",
        "HTTP_HX_CURRENT_URL": "%ff",
        "HTTP_HX_CURRENT_URL_URI_AUTOENCODED": "true",
    },
    {"CONTENT_TYPE": "text/html; charset=rot13"},
    {"CONTENT_TYPE": "text/html; charset=hex"},
    {"CONTENT_TYPE": "text/html; charset*=utf-99''x"},
    {"CONTENT_TYPE": "application/x-www-form-urlencoded; charset=utf-99"},
    {"CONTENT_TYPE": "multipart/form-data"},
    {"CONTENT_LENGTH": "-1"},
    {"CONTENT_LENGTH": "abc"},
)
_MULTIPART = "multipart/form-data; boundary=x"
_FORM = "application/x-www-form-urlencoded"
_JSON = "application/json"


def _part(head: str, content: str) -> bytes:
    text = f"--x\r\nContent-Disposition: form-data; {head}\r\n\r\n{content}\r\n--x--\r\n"
    return text.encode("latin-1")


BODIES: tuple[tuple[str, bytes], ...] = (
    (_MULTIPART, b""),
    (_MULTIPART, b"rubbish"),
    (_MULTIPART, _part('name="file"; filename="a\0.pdf"\r\nContent-Type: \xff', "%PDF-")),
    (_MULTIPART, _part('name="file"; filename="a.xlsx"', "PK\x03\x04")),
    (_MULTIPART, _part('name="a"\r\nContent-Transfer-Encoding: base64', "=")),
    (_MULTIPART + "; charset=rot13", _part('name="a"', "x")),
    (_MULTIPART + "; charset=utf-16", _part('name="a"', "x")),
    ("multipart/form-data; boundary=" + "x" * 500, b"--x"),
    ("multipart/form-data; boundary=\xff", b"--x"),
    (_FORM, b"&".join(b"a%d=1" % number for number in range(5001))),
    (_FORM, b"\xff\xfe=\xff"),
    (_FORM, b"=&&&==&%&%zz=%"),
    (_FORM + "; charset=utf-16", "version=1".encode("utf-16")),
    (_FORM + "; charset=idna", b"version=1"),
    ("application/json", b""),
    ("application/json", b"{"),
    ("application/json", b"\xff\xfe"),
    ("application/json", b'{"version": NaN, "reason": Infinity}'),
    ("application/json", b'{"version": 1e400}'),
    ("application/json", b'{"version": ' + b"9" * 6000 + b"}"),
    ("application/json", b"[" * 100_000),
    ("application/json", b"[]"),
    ("application/json", b'"x"'),
    ("application/json", b"null"),
    ("application/json; charset=utf-99", b"{}"),
    ("application/json; charset=rot13", b"{}"),
    ("text/plain", b"x"),
    ("", b"x"),
    ("\x00/\x00", b"x"),
)  # fmt: skip

Ask = Callable[[Client], Any]
Case = tuple[str, Role | None, Ask]


def _asked(world: World, role: Role | None, name: str, ask: Ask) -> str:
    """Return what went wrong, "" when there was an answer; nothing that is asked leaves a trace."""
    client = world.clients[role]
    with leaving_no_trace(client):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                status = ask(client).status_code
            return f"{name} by {role}: {status}" if status >= 500 else ""
        except Exception as error:
            ours = [
                f"{frame.filename.removeprefix(str(settings.BASE_DIR))}:{frame.lineno}"
                for frame in traceback.extract_tb(error.__traceback__)
                if "site-packages" not in frame.filename
            ]
            return f"{name} by {role}: {type(error).__name__} {str(error)[:80]!r} at {ours[-1]}"


def _roles(access: Access) -> list[Role | None]:
    """Return one of those who get furthest and one of everybody else."""
    able = [role for code in sorted(access.own) if code < 400 for role in access.own[code]]
    first = sorted(set(able), key=str)
    rest = [role for role in [*Role, None] if role not in first]
    return [*first[:1], *rest[:1]]


@dataclass(frozen=True, slots=True)
class Row:
    """One row of ACCESS with the path to what is one's own."""

    method: str
    route: str
    path: str
    in_path: tuple[str, ...]
    access: Access


def _rows(world: World) -> list[Row]:
    takes = routes(get_resolver().url_patterns)
    found = []
    for row, access in ACCESS.items():
        method, _, route = row.partition(" ")
        if route != "readyz":  # says 503 of its own accord
            kwargs = kwargs_of(route, takes[route], world.own)
            path = reverse(route, kwargs=kwargs)
            in_path = tuple(quote(str(value)) for value in kwargs.values())
            found.append(Row(method, route, path, in_path, access))
    return found


def _names_read(world: World, role: Role | None, method: str, path: str, data: Any) -> list[str]:
    """Return the names of parameters and fields a view looks for, by watching it look."""
    names: set[str] = set()

    class Watched(QueryDict):
        def __getitem__(self, key: Any) -> Any:
            names.add(str(key))
            return super().__getitem__(key)

        def get(self, key: Any, default: Any = None) -> Any:
            names.add(str(key))
            return super().get(key, default)

        def getlist(self, key: Any, default: Any = None) -> Any:
            names.add(str(key))
            return super().getlist(key, default)

        def __contains__(self, key: Any) -> bool:
            names.add(str(key))
            return super().__contains__(key)

    def watch(request: WSGIRequest) -> None:
        query = Watched(request.META.get("QUERY_STRING", ""), encoding="utf-8")
        request.GET = query
        if method == "POST":
            request.POST  # noqa: B018 (reads the body)
            body = Watched(mutable=True)
            MultiValueDict.update(body, request.POST)
            request._post = body  # type: ignore[attr-defined]

    client = world.clients[role]
    handler = client.handler
    usual = handler.get_response

    def watched(request: Any) -> Any:
        watch(request)
        return usual(request)

    handler.get_response = watched  # type: ignore[method-assign]
    try:
        _asked(
            world,
            role,
            path,
            lambda one: one.get(path) if method == "GET" else one.post(path, data),
        )
    finally:
        del handler.get_response
    return sorted(names - {"csrfmiddlewaretoken"})


def _asking(method: str, path: str, body: Any = "", kind: str = _FORM, **headers: Any) -> Ask:
    return lambda client: client.generic(method, path, body, content_type=kind, **headers)


def _send(method: str, path: str, data: Mapping[str, Any]) -> Ask:
    if method == "GET":
        return _asking("GET", f"{path}?{_encoded(data)}")
    return _asking("POST", path, _encoded(data))


def _encoded(data: Mapping[str, Any]) -> str:
    return urlencode(data, errors="surrogatepass")


def _values(world: World, rows: list[Row]) -> Iterator[Case]:
    """Each parameter and each field that a view reads, with each value."""
    rows = [row for row in rows if row.method == "GET" or not row.route.startswith("api:")]
    if not WHOLE:
        rows = random.Random(68).sample(rows, 45)  # noqa: S311 (watching a view costs a page)
    for row in rows:
        able = _roles(row.access)
        for name in _names_read(world, able[0], row.method, row.path, row.access.data):
            # Who is refused is refused before anything is read: a few values show it.
            for role, values in zip(able, (VALUES, VALUES[:3]), strict=False):
                for value in values:
                    sent = {**row.access.data, name: value}
                    label = f"{row.method} {row.route} {name}={value[:40]!r}"
                    yield label, role, _send(row.method, row.path, sent)


def _paths(_world: World, rows: list[Row]) -> Iterator[Case]:
    for row in rows:
        for known in row.in_path:
            for value in PATH_VALUES:
                odd = row.path.replace(known, value)
                for role in _roles(row.access):
                    yield f"{row.method} {odd[:120]}", role, _asking(row.method, odd)


def _methods(_world: World, rows: list[Row]) -> Iterator[Case]:
    for row in rows:
        for method in METHODS:
            for role in _roles(row.access):
                yield f"{method} {row.route}", role, _asking(method, row.path)


def _headers(_world: World, rows: list[Row]) -> Iterator[Case]:
    for row in rows:
        for headers in HEADERS:
            label = f"{row.method} {row.route} {str(headers)[:80]}"
            yield label, _roles(row.access)[0], _asking(row.method, row.path, **headers)


def _bodies(_world: World, rows: list[Row]) -> Iterator[Case]:
    for row in rows:
        for kind, body in BODIES if row.method != "GET" else ():
            label = f"{row.method} {row.route} {kind[:60]!r} {body[:60]!r}"
            yield label, _roles(row.access)[0], _asking(row.method, row.path, body, kind)


def _json(_world: World, rows: list[Row]) -> Iterator[Case]:
    names = sorted(_names_of_serializers(serializers.Serializer))
    for row in rows:
        if not row.route.startswith("api:") or row.method == "GET":
            continue
        for name in names:
            for value in JSON_VALUES:
                sent = json.dumps({**row.access.data, name: value})
                label = f"{row.method} {row.route} {name}: {str(value)[:60]!a}"
                role = _roles(row.access)[0]
                yield label, role, _asking(row.method, row.path, sent, _JSON)


def _names_of_serializers(one: type[Any]) -> set[str]:
    names = set(getattr(one, "_declared_fields", {}))
    return names.union(*(_names_of_serializers(child) for child in one.__subclasses__()))


# What is asked, and how much of it the suite asks.
KINDS = {_values: 180, _paths: 60, _methods: 60, _headers: 60, _bodies: 50, _json: 50}


@pytest.mark.long
@pytest.mark.django_db
def test_nothing_that_is_sent_ends_in_a_failure(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    failures: set[str] = set()
    rows = _rows(world)
    for kind, sample in KINDS.items():
        cases = list(kind(world, rows))
        assert len(cases) > sample
        if not WHOLE:
            cases = random.Random(68).sample(cases, sample)  # noqa: S311 (the same each time)
        failures |= {_asked(world, role, name, ask) for name, role, ask in cases}
        with capsys.disabled():
            asked = {"drill": "hostile input", kind.__name__: len(cases)}
            print(f"\n{json.dumps(asked)}")  # noqa: T201

    assert failures == {""}
