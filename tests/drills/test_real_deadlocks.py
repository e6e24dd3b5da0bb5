"""Requests that take rows of two tables in opposite orders are all answered: PostgreSQL ends one of
each two, and that one is given again."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.contrib.auth.decorators import login_not_required
from django.db import OperationalError, connection, transaction
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from pytest_django import Settings

from portal.accounts.models import LoginFailure
from portal.core.models import SweepRun
from portal.wsgi import application
from tests.builders import NOW

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]
PAIRS = 6
DAY = timedelta(days=1)
_meetings = [Barrier(2, timeout=60) for _pair in range(PAIRS)]
_tried: list[str] = []
_told: list[str | None] = []  # what the database said to those it ended


@csrf_exempt
@login_not_required
def count(request: HttpRequest, pair: int) -> HttpResponse:
    """Count in a row of each of two tables, in the order asked for; the two of a pair hold one row
    each before they go on."""
    is_first_try = request.get_full_path() not in _tried
    _tried.append(request.get_full_path())
    runs = SweepRun.objects.filter(name=pair), {"runs": F("runs") + 1}
    days = LoginFailure.objects.filter(key=pair), {"at": F("at") + DAY}
    first, second = (days, runs) if "turned" in request.GET else (runs, days)
    try:
        with transaction.atomic():
            first[0].update(**first[1])
            if is_first_try:
                _meetings[pair].wait()
            second[0].update(**second[1])
    except OperationalError as error:
        _told.append(getattr(error.__cause__, "sqlstate", None))
        raise
    return HttpResponse("counted")


urlpatterns = [path("dem/<int:pair>/", count)]


def ask(place: str) -> str:
    """Send a request to the portal's own WSGI application, as a web server's thread does."""
    begun: list[str] = []
    environ = RequestFactory().post(place).environ
    try:
        response = application(environ, lambda status, *_rest: begun.append(status))
        list(response)
        response.close()  # type: ignore[attr-defined]
    finally:
        connection.close()
    return begun[0]


def test_of_two_that_wait_for_each_other_both_are_answered(settings: Settings) -> None:
    settings.ROOT_URLCONF = sys.modules[__name__]
    SweepRun.objects.bulk_create(SweepRun(name=str(pair)) for pair in range(PAIRS))
    LoginFailure.objects.bulk_create(LoginFailure(key=str(one), at=NOW) for one in range(PAIRS))
    places = [f"/dem/{pair}/{order}" for pair in range(PAIRS) for order in ("", "?turned")]

    with ThreadPoolExecutor(len(places)) as pool:
        answers = list(pool.map(ask, places))

    assert answers == ["200 OK"] * len(places)
    assert set(_told) == {"40P01"}
    assert len(_told) >= PAIRS
    assert len(_tried) == len(places) + len(_told)
    assert set(SweepRun.objects.values_list("runs", flat=True)) == {2}
    assert set(LoginFailure.objects.values_list("at", flat=True)) == {NOW + 2 * DAY}
