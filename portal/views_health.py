"""Is the process alive, can the portal do its work: for load balancers and people on duty.

Public: says what is wrong, never about whom.
"""

from __future__ import annotations

import os
from contextlib import suppress

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from kombu.exceptions import KombuError

from portal.audit import verification
from portal.audit.tasks import write_checkpoint
from portal.ca.authority import publication, responder, rollover
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
    """Say whether database, broker, worker, beat, its sweeps, revocation list, OCSP, the keys
    of the CA and the audit are as they should be."""
    now = timezone.now()
    checks = {"broker": OK}
    if settings.REDIS_URL:
        try:
            with app.connection_for_write(connect_timeout=_TIMEOUT) as connection:
                connection.ensure_connection(max_retries=1, timeout=_TIMEOUT)
        except (KombuError, OSError):
            checks["broker"] = "unreachable"
    elif not os.access(app.conf.broker_transport_options["data_folder_out"], os.W_OK):
        checks["broker"] = "its folder cannot be written"

    checks["database"] = "unreachable"
    with suppress(DatabaseError):
        silent = heartbeats.silent(now=now)
        states = {str(service): silent.get(service, OK) for service in Heartbeat.Service}
        late = sorted(status.silent_sweeps(now))
        sweeps = f"silent: {', '.join(late)}" if late else OK
        checks |= {"database": OK, **states, "sweeps": sweeps}

    checks["crl"] = "unknown"
    with suppress(DatabaseError):
        ended = [one for one in publication.standing_lists(now) if one.next_update < now]
        checks["crl"] = OK
        for one in ended:
            moment = one.next_update.isoformat(timespec="seconds")
            checks["crl"] = f"past its nextUpdate of {moment} ({one.ca})"

    checks["ocsp"] = "unknown"
    with suppress(DatabaseError):
        checks["ocsp"] = responder.state(now=now) or OK

    # What the CA's desk must do within two years, each with its day: none stops the portal today.
    ahead: list[dict[str, str]] = []
    with suppress(DatabaseError):
        ahead = [
            {"step": step.code, "ca": step.ca, "due": f"{step.due_at:%Y-%m-%d}", "in": step.stage}
            for step in rollover.next_steps(now)
        ]

    # What the worker found when it last compared the CA's keys, which the web cannot see.
    checks["keys"] = "unknown"
    with suppress(DatabaseError):
        fault = SweepRun.objects.filter(name=check_keys.name).exclude(error="").first()
        checks["keys"] = fault.error if fault else OK

    # What the sweep found when it last attested the audit, and what is gone since.
    checks["audit"] = "unknown"
    with suppress(DatabaseError):
        broken = SweepRun.objects.filter(name=write_checkpoint.name).exclude(error="").first()
        checks["audit"] = verification.alarm() or (broken.error if broken else OK)
    is_ready = all(state == OK for state in checks.values())
    return JsonResponse(
        {"status": OK if is_ready else "unavailable", "checks": checks, "ahead": ahead},
        status=200 if is_ready else 503,
    )
