"""What load balancers and people on duty are told."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import NoReturn

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from portal.ca.models import Authority, Crl
from portal.celery import app
from portal.core import tasks
from portal.core.background import heartbeats, status
from portal.core.models import Heartbeat, SweepRun


def beat_both(*, ago: timedelta = timedelta()) -> None:
    for service in Heartbeat.Service:
        heartbeats.write(service, now=timezone.now() - ago)


def run_all_sweeps() -> None:
    now = timezone.now()
    SweepRun.objects.bulk_create(
        SweepRun(name=name, began_at=now, succeeded_at=now) for name in status.intervals()
    )


def ready() -> tuple[int, dict[str, str]]:
    response = Client().get(reverse("readyz"))
    return response.status_code, response.json()["checks"]


def test_the_process_answers_without_the_database() -> None:
    assert Client().get(reverse("healthz")).json() == {"status": "ok"}


@pytest.mark.django_db
def test_all_is_well() -> None:
    beat_both()
    run_all_sweeps()

    code, checks = ready()

    assert code == 200
    names = ["broker", "database", "worker", "beat", "sweeps", "crl", "ocsp", "keys", "audit"]
    assert checks == dict.fromkeys(names, "ok")


@pytest.mark.django_db
def test_a_silent_sweep_is_named_though_beat_and_worker_live() -> None:
    beat_both()
    run_all_sweeps()
    an_hour_ago = timezone.now() - timedelta(hours=1)
    SweepRun.objects.filter(name__endswith=".remind").update(succeeded_at=an_hour_ago)

    code, checks = ready()

    assert code == 503
    assert checks["sweeps"] == "silent: portal.notices.tasks.remind"


@pytest.mark.django_db
def test_a_silent_beat_is_named() -> None:
    beat_both(ago=timedelta(minutes=3))
    heartbeats.write(Heartbeat.Service.WORKER, now=timezone.now())

    code, checks = ready()

    assert code == 503
    assert checks["worker"] == "ok"
    assert checks["beat"].startswith("silent since ")


@pytest.mark.django_db
def test_services_that_never_ran_are_named() -> None:
    code, checks = ready()

    assert code == 503
    assert checks["worker"] == checks["beat"] == "never heard of"


@pytest.mark.django_db
def test_a_revocation_list_past_its_next_update_is_named() -> None:
    beat_both()
    now = timezone.now()
    Authority.objects.create(
        role="issuing",
        slug="issuing",
        certificate=b"made up",
        not_before=now - timedelta(days=1),
        not_after=now + timedelta(days=9999),
    )
    Crl.objects.create(
        number=1,
        this_update=now - timedelta(hours=25),
        next_update=now - timedelta(hours=1),
        der=b"made up",
        entries=0,
    )

    code, checks = ready()

    assert code == 503
    assert checks["crl"].startswith("past its nextUpdate of ")


@pytest.mark.django_db
def test_an_unreachable_database_is_named() -> None:
    def away(*_query: object) -> NoReturn:
        raise OperationalError("connection refused")

    with connection.execute_wrapper(away):
        code, checks = ready()

    assert code == 503
    assert checks["database"] == "unreachable"
    assert checks["crl"] == "unknown"


@pytest.mark.django_db
def test_a_broker_that_is_away_is_named(settings: Settings) -> None:
    beat_both()
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    usual = {name: app.conf[name] for name in ("broker_url", "broker_transport")}
    app.conf.update(broker_url=settings.REDIS_URL, broker_transport=None)
    try:
        code, checks = ready()
    finally:
        app.conf.update(usual)

    assert code == 503
    assert checks["broker"] == "unreachable"


@pytest.mark.django_db
def test_a_broker_folder_that_is_gone_is_named(settings: Settings, tmp_path: Path) -> None:
    beat_both()
    usual = app.conf.broker_transport_options
    app.conf.broker_transport_options = usual | {"data_folder_out": str(tmp_path / "gone")}
    try:
        code, checks = ready()
    finally:
        app.conf.broker_transport_options = usual

    assert code == 503
    assert checks["broker"] == "its folder cannot be written"


@pytest.mark.django_db
def test_the_command_tells_a_container_whether_a_service_lives() -> None:
    with pytest.raises(CommandError, match="never heard of"):
        call_command("heartbeat", "beat")

    tasks.beat_heartbeat()

    call_command("heartbeat", "beat")


@pytest.mark.django_db(transaction=True)
def test_a_worker_says_by_itself_that_it_lives() -> None:
    heartbeats.beat_for_worker()

    call_command("heartbeat", "worker")
