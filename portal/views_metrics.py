"""What the portal tells Prometheus: whether the background lives, how long its queues are.

In the text format 0.0.4. Numbers only, never about whom; counts of long lists stop at 1,001.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import ip_network
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from devices.models import Intake
from portal.accounts.addresses import client_address
from portal.ca.authority import publication, rollover
from portal.ca.models import Authority
from portal.core.background.status import all_sweeps
from portal.core.models import Heartbeat
from portal.core.web.paging import capped_count
from portal.deadlines.models import Deadline, DeadlineKind
from portal.deadlines.querysets import CERTIFICATE_KINDS
from portal.notices.models import Mail
from requests_app.models import Dossier
from requests_app.workflow import State

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})


@dataclass(frozen=True, slots=True)
class Metric:
    """A name, what it says, and its values by label."""

    name: str
    help: str
    values: Iterable[tuple[Mapping[str, str], float]]
    kind: str = field(default="gauge")


@login_not_required
@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer whoever sends the token or asks from an address that may; to others there is none."""
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    may_read = bool(settings.METRICS_TOKEN) and hmac.compare_digest(
        given.encode(), settings.METRICS_TOKEN.encode()
    )
    if not may_read:
        with suppress(ValueError):  # no address is known
            asking = ip_network(client_address(request))
            may_read = any(
                allowed.version == asking.version and asking.subnet_of(allowed)  # type: ignore[arg-type]
                for allowed in map(ip_network, settings.METRICS_ADDRESSES)
            )
    if not may_read:
        raise Http404
    return HttpResponse(as_text(_all(timezone.now())), content_type=CONTENT_TYPE)


def as_text(metrics: Iterable[Metric]) -> str:
    """Return metrics in Prometheus' text format."""
    lines = []
    for metric in metrics:
        lines += [f"# HELP {metric.name} {metric.help}", f"# TYPE {metric.name} {metric.kind}"]
        for labels, value in metric.values:
            inner = ",".join(
                f'{name}="{text.translate(_ESCAPES)}"' for name, text in labels.items()
            )
            # In full: an age in seconds has more digits than ``:g`` shows.
            number = int(value) if value == int(value) else value
            lines.append(f"{metric.name}{f'{{{inner}}}' if inner else ''} {number}")
    return "\n".join(lines) + "\n"


def _all(now: datetime) -> Iterator[Metric]:
    beats = Heartbeat.objects.order_by("service").values_list("service", "at")
    yield Metric(
        "portal_heartbeat_age_seconds",
        "Since the last sign of life of a service.",
        [({"service": service}, _age(at, now)) for service, at in beats],
    )
    found = sorted(all_sweeps(now), key=lambda sweep: sweep.name)
    runs = [({"sweep": one.name}, one.run) for one in found]
    yield Metric(
        "portal_sweep_last_success_age_seconds",
        "Since a background sweep last got through.",
        [
            (label, _age(run.succeeded_at, now))
            for label, run in runs
            if run is not None and run.succeeded_at is not None
        ],
    )
    yield Metric(
        "portal_sweep_runs_total",
        "How often a sweep has begun.",
        [(label, run.runs if run else 0) for label, run in runs],
        kind="counter",
    )
    yield Metric(
        "portal_sweep_silent",
        "1 when a sweep has missed three of its intervals.",
        [({"sweep": one.name}, one.is_silent) for one in found],
    )
    queues: dict[str, QuerySet[Any]] = {
        "accepted_dossiers": Dossier.objects.filter(
            queue="portal", state__in=[State.ACCEPTED, State.EXECUTING]
        ),
        "unsent_mails": Mail.objects.unsent(),
        "dead_mails": Mail.objects.dead(),
        "unfinished_intakes": Intake.objects.unfinished(),
    }
    yield Metric(
        "portal_queue_length",
        "What waits for the background, at most 1001.",
        [({"queue": name}, capped_count(rows)) for name, rows in queues.items()],
    )
    # Clocks of work are as many as the work in hand; those of certificates are counted no further
    # than lists do.
    today = timezone.localdate(now)
    work = [str(kind) for kind in DeadlineKind if kind not in CERTIFICATE_KINDS]
    counted = (
        Deadline.objects.open()
        .filter(kind__in=work)
        .order_by()
        .values_list("kind")
        .annotate(open=Count("pk"), overdue=Count("pk", filter=Q(due_on__lt=today)))
    )
    counts = {kind: (standing, late) for kind, standing, late in counted}
    near = Deadline.objects.open().for_list(today)
    ending = {kind: capped_count(near.filter(kind=kind)) for kind in sorted(CERTIFICATE_KINDS)}
    standing = {kind: counts.get(kind, (0, 0))[0] for kind in work} | ending
    yield Metric(
        "portal_deadlines_open",
        "Open deadlines by kind; of certificates those of the next 90 days, at most 1001.",
        [({"kind": kind}, count) for kind, count in standing.items()],
    )
    yield Metric(
        "portal_deadlines_overdue",
        "Deadlines past their day by kind.",
        [({"kind": kind}, counts.get(kind, (0, 0))[1]) for kind in work],
    )
    lists = publication.standing_lists(now)
    yield Metric(
        "portal_crl_age_seconds",
        "Since the standing revocation list of a CA was made.",
        [({"ca": one.ca}, _age(one.this_update, now)) for one in lists],
    )
    yield Metric(
        "portal_crl_seconds_left",
        "Until the standing revocation list of a CA ends.",
        [({"ca": one.ca}, -_age(one.next_update, now)) for one in lists],
    )
    yield Metric(
        "portal_ca_seconds_left",
        "Until the certificate of a CA ends.",
        [
            ({"ca": slug}, -_age(ends, now))
            for slug, ends in Authority.objects.authorities()
            .filter(is_current=True)
            .order_by("pk")
            .values_list("slug", "not_after")
        ],
    )
    yield Metric(
        "portal_ca_step_seconds_left",
        "Until a step of the CA's desk is due, told two years ahead.",
        [
            ({"step": step.code, "ca": step.ca}, -_age(step.due_at, now))
            for step in rollover.next_steps(now)
        ],
    )


def _age(at: datetime, now: datetime) -> float:
    return round((now - at).total_seconds(), 3)
