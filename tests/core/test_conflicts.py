"""A request that met a conflict is given again as it came, or says so and keeps what was typed."""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError, connection, transaction
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters
from pytest_django import Settings
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portal.core.background import sweeps
from portal.core.database import conflicts
from portal.core.database.conflicts import TRIES, is_conflict, repeated
from portal.core.models import SweepRun
from portal.urls import urlpatterns as portal_urls
from portal.wsgi import application

pytestmark = pytest.mark.django_db(transaction=True)
_meets: list[int] = []  # the tries that are to meet a conflict
_seen: list[dict[str, Any]] = []


@pytest.fixture(autouse=True)
def _own_views(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    settings.ROOT_URLCONF = sys.modules[__name__]
    monkeypatch.setattr(conflicts, "PAUSE", 0)
    _seen.clear()
    yield
    _meets.clear()


def meet_a_conflict() -> None:
    """Let the database itself give up this transaction."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '40P01'; END $$")
    other = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
    with closing(other), connection.cursor() as cursor:
        cursor.execute("ROLLBACK")  # what this transaction holds, the other wants
        other.execute("BEGIN IMMEDIATE")
        cursor.execute("PRAGMA busy_timeout = 0")
        try:
            cursor.execute("BEGIN IMMEDIATE")
        finally:
            cursor.execute("PRAGMA busy_timeout = 20000")


@csrf_exempt
@login_not_required
@sensitive_post_parameters("secret")
def write(request: HttpRequest) -> HttpResponse:
    """Write a row, and keep what came of the request besides."""
    file = request.FILES.get("file")
    _seen.append({**request.POST.dict(), "file": file.read() if file else b""})
    request.session["times"] = request.session.get("times", 0) + 1
    messages.success(request, "Đã lưu")
    if "commits" in request.POST:
        SweepRun.objects.create(name=f"before {len(_seen)}")
    with transaction.atomic():
        SweepRun.objects.create(name=f"try {len(_seen)}")
        if len(_seen) in _meets:
            meet_a_conflict()
    told = [str(one) for one in messages.get_messages(request)]
    return HttpResponse(json.dumps({"times": request.session["times"], "told": told}))


@csrf_exempt
@login_not_required
def write_twice(_request: HttpRequest) -> HttpResponse:
    """Make a row that another made a moment before; who looks again sees it."""
    _seen.append({})
    if len(_seen) > 1:
        return HttpResponse("known")
    with transaction.atomic():
        SweepRun.objects.create(name="the same")
        SweepRun.objects.bulk_create([SweepRun(name="the same")])
    return HttpResponse("made")


class WriteJson(APIView):
    """The same for a program."""

    authentication_classes = ()
    permission_classes = ()

    def post(self, request: Request) -> Response:
        _seen.append(dict(request.data))
        with transaction.atomic():
            SweepRun.objects.create(name=f"try {len(_seen)}")
            if len(_seen) in _meets:
                meet_a_conflict()
        return Response(request.data)


urlpatterns = [
    *portal_urls,
    path("thu/", write),
    path("thu-hai/", write_twice),
    path("api/thu", login_not_required(WriteJson.as_view())),
]


def ask(place: str, data: Any, **options: Any) -> tuple[int, dict[str, str], bytes]:
    """Send a request to the portal's own WSGI application, as a web server does."""
    environ = RequestFactory().post(place, data, **options).environ
    begun: list[Any] = []
    response: Any = application(environ, lambda *begin: begun.append(begin))
    body = b"".join(response)
    response.close()
    ((status, headers),) = begun
    return int(status.split()[0]), dict(headers), body


def rows() -> set[str]:
    return set(SweepRun.objects.values_list("name", flat=True))


def test_a_request_that_met_a_conflict_is_repeated_whole_and_nothing_is_doubled() -> None:
    _meets.append(1)
    file = SimpleUploadedFile("a.bin", b"x" * 3_000_000)

    status, _headers, body = ask("/thu/", {"name": "Lò Thị Nhận", "file": file})

    assert status == 200
    assert json.loads(body) == {"times": 1, "told": ["Đã lưu"]}
    assert [(one["name"], len(one["file"])) for one in _seen] == [("Lò Thị Nhận", 3_000_000)] * 2
    assert rows() == {"try 2"}


def test_a_program_s_request_is_repeated_too() -> None:
    _meets.append(1)

    status, _headers, body = ask("/api/thu", {"rows": [1, 2]}, content_type="application/json")

    assert (status, json.loads(body)) == (200, {"rows": [1, 2]})
    assert rows() == {"try 2"}


def test_after_the_last_try_a_page_offers_what_was_typed_again_but_for_secrets() -> None:
    _meets.extend(range(1, TRIES + 1))

    status, headers, body = ask(
        "/thu/?x=1", {"name": "<Lò>\nThị", "secret": "bi-mat", "pin": "68-thu-nghiem"}
    )

    page = body.decode()
    assert status == 503
    assert int(headers["Retry-After"]) > 0
    assert len(_seen) == TRIES
    assert "&lt;Lò&gt;\nThị</textarea>" in page
    assert 'action="/thu/?x=1"' in page
    assert "bi-mat" not in page
    assert "68-thu-nghiem" not in page
    assert "sessionid" not in headers.get("Set-Cookie", "")
    assert rows() == set()


def test_after_the_last_try_a_program_is_told_to_come_again() -> None:
    _meets.extend(range(1, TRIES + 1))

    status, headers, body = ask("/api/thu", {}, content_type="application/json")

    assert (status, json.loads(body)["code"]) == (503, "busy")
    assert int(headers["Retry-After"]) > 0


def test_what_has_committed_something_is_not_repeated_and_says_so() -> None:
    _meets.append(1)

    status, _headers, body = ask("/thu/", {"commits": "1", "name": "Lò"})

    assert (status, len(_seen)) == (503, 1)
    assert "textarea" not in body.decode()
    assert rows() == {"before 1"}


def test_who_made_a_row_a_moment_after_another_looks_again() -> None:
    status, _headers, body = ask("/thu-hai/", {})

    assert (status, body) == (200, b"known")


def test_a_transaction_after_a_commit_is_repeated_by_itself() -> None:
    tries: list[int] = []

    def work() -> int:
        with transaction.atomic():
            tries.append(1)
            SweepRun.objects.create(name=f"try {len(tries)}")
            if len(tries) < TRIES:
                meet_a_conflict()
        return len(tries)

    assert repeated(work) == TRIES
    assert rows() == {f"try {TRIES}"}


def test_a_sweep_that_met_a_conflict_is_not_broken_and_is_silent_when_it_never_gets_through() -> (
    None
):
    def work() -> int:
        with transaction.atomic():
            meet_a_conflict()
        return 1

    sweep = sweeps.noted("portal.trial.tasks.sweep", work)

    assert sweep() == 0

    (run,) = SweepRun.objects.all()
    assert (run.failed_at, run.error, run.succeeded_at) == (None, "", None)


def test_other_faults_are_no_conflicts() -> None:
    with pytest.raises(Exception, match="no_such_table") as caught, connection.cursor() as cursor:
        cursor.execute("SELECT * FROM no_such_table")
    assert not is_conflict(caught.value)
    assert not is_conflict(OperationalError("connection refused"))
