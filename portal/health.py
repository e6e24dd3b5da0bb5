"""Is the process alive, can the portal do its work: for load balancers and people on duty.

Public: says what is wrong, never about whom.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from kombu.exceptions import KombuError

from portal.ca.authority import publication, responder
from portal.ca.tasks import check_keys
from portal.celery import app
from portal.core.background import heartbeats, status
from portal.core.models import Heartbeat, SweepRun

OK = "ok"
_TIMEOUT = 2  # seconds


@login_not_required
@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Say that this process answers."""
    return JsonResponse({"status": OK})


@login_not_required
@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Say whether database, broker, worker, beat, its sweeps, revocation list, OCSP and the keys
    of the CA are as they should be."""
    now = timezone.now()
    checks = {"broker": _broker()}
    for name, check in {"database": _background, "crl": _crl, "ocsp": _ocsp, "keys": _keys}.items():
        checks |= _with_database(name, check, now=now)
    is_ready = all(state == OK for state in checks.values())
    return JsonResponse(
        {"status": OK if is_ready else "unavailable", "checks": checks},
        status=200 if is_ready else 503,
    )


def _with_database(
    name: str, check: Callable[[datetime], dict[str, str]], *, now: datetime
) -> dict[str, str]:
    try:
        return check(now)
    except DatabaseError:
        return {name: "unreachable" if name == "database" else "unknown"}


def _background(now: datetime) -> dict[str, str]:
    silent = heartbeats.silent(now=now)
    states = {str(service): silent.get(service, OK) for service in Heartbeat.Service}
    late = sorted(status.silent_sweeps(now))
    return {"database": OK, **states, "sweeps": f"silent: {', '.join(late)}" if late else OK}


def _crl(now: datetime) -> dict[str, str]:
    last = publication.latest()
    if last is not None and last.next_update < now:
        ended = last.next_update.isoformat(timespec="seconds")
        return {"crl": f"past its nextUpdate of {ended}"}
    return {"crl": OK}


def _ocsp(now: datetime) -> dict[str, str]:
    return {"ocsp": responder.state(now=now) or OK}


def _keys(now: datetime) -> dict[str, str]:
    """What the worker found when it last compared the CA's keys, which the web cannot see."""
    found = SweepRun.objects.filter(name=check_keys.name).exclude(error="").first()
    return {"keys": found.error if found else OK}


def _broker() -> str:
    if not settings.REDIS_URL:
        folder = app.conf.broker_transport_options["data_folder_out"]
        return OK if os.access(folder, os.W_OK) else "its folder cannot be written"
    try:
        with app.connection_for_write(connect_timeout=_TIMEOUT) as connection:
            connection.ensure_connection(max_retries=1, timeout=_TIMEOUT)
    except (KombuError, OSError):
        return "unreachable"
    return OK
