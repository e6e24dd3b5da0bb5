"""What Prometheus is told, and who may ask."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from portal.ca.models import Authority, Crl
from portal.core import checks
from portal.core.background import heartbeats
from portal.core.models import Heartbeat, SweepRun
from portal.core.roles import Role
from portal.deadlines.models import Counts, Deadline, DeadlineKind
from portal.notices.models import MOST_TRIES, Mail
from portal.views_metrics import Metric, as_text
from requests_app.workflow import State
from tests import builders
from tests.builders import NOW, TODAY
from tests.deadlines.test_list import deadline

pytestmark = pytest.mark.django_db
TOKEN = "0123456789abcdef0123456789abcdef"
REMIND = "portal.notices.tasks.remind"
LINE = re.compile(r'[a-z_]+(\{[a-z]+="[^"\\\n]*"(,[a-z]+="[^"\\\n]*")*\})? -?[0-9]+(\.[0-9]+)?')


def ask(**headers: str) -> int:
    return Client().get("/metrics", headers=headers).status_code


def read(settings: Settings) -> dict[str, str]:
    settings.METRICS_TOKEN = TOKEN
    text = Client().get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).text
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert all(LINE.fullmatch(line) for line in lines)
    return dict(line.rsplit(" ", 1) for line in lines)


def test_unless_somebody_is_let_in_there_is_no_such_page() -> None:
    assert ask() == ask(Authorization="Bearer ") == 404


def test_the_token_opens_and_nothing_else_does(settings: Settings) -> None:
    settings.METRICS_TOKEN = TOKEN

    assert ask(Authorization=f"Bearer {TOKEN}") == 200
    for wrong in ("", f"Bearer {TOKEN}x", "Bearer ", "Basic ữ"):
        assert ask(Authorization=wrong) == 404


@pytest.mark.parametrize(
    ("allowed", "address", "code"),
    [
        ("10.0.0.0/24", "10.0.0.7", 200),
        ("10.0.0.7", "10.0.0.7", 200),
        ("10.0.0.7", "10.0.0.8", 404),
        ("2001:db8::/32", "2001:db8::1", 200),
        ("2001:db8::/32", "10.0.0.7", 404),
        ("10.0.0.0/24", "", 404),
    ],
)
def test_an_address_that_may_asks_without_a_token(
    settings: Settings, allowed: str, address: str, code: int
) -> None:
    settings.METRICS_ADDRESSES = [allowed]

    assert Client().get("/metrics", REMOTE_ADDR=address).status_code == code


@time_machine.travel(NOW, tick=False)
def test_ages_and_runs_are_told_and_who_is_silent(settings: Settings) -> None:
    ago = timedelta(seconds=90)
    heartbeats.write(Heartbeat.Service.BEAT, now=NOW - ago)
    SweepRun.objects.create(name=REMIND, began_at=NOW, succeeded_at=NOW - ago, runs=1_234_567)
    Authority.objects.create(
        role="issuing",
        slug="issuing",
        certificate=b"made up",
        not_before=NOW - ago,
        not_after=NOW + timedelta(days=6 * 365),
    )
    Crl.objects.create(
        number=1, this_update=NOW - ago, next_update=NOW + 2 * ago, der=b"made up", entries=0
    )

    told = read(settings)

    assert told['portal_heartbeat_age_seconds{service="beat"}'] == "90"
    assert f'portal_sweep_last_success_age_seconds{{sweep="{REMIND}"}}' in told
    assert told[f'portal_sweep_runs_total{{sweep="{REMIND}"}}'] == "1234567"
    assert told[f'portal_sweep_silent{{sweep="{REMIND}"}}'] == "0"
    assert told['portal_sweep_silent{sweep="portal.ca.tasks.publish_crl"}'] == "1"
    assert told['portal_crl_age_seconds{ca="issuing"}'] == "90"
    assert told['portal_crl_seconds_left{ca="issuing"}'] == "180"
    assert told['portal_ca_seconds_left{ca="issuing"}'] == str(6 * 365 * 86_400)
    assert told['portal_ca_step_seconds_left{step="next_issuing",ca="issuing"}'] == str(
        360 * 86_400
    )


@time_machine.travel(NOW, tick=False)
def test_queues_and_deadlines_are_counted(settings: Settings) -> None:
    agency = builders.agency()
    deadline(agency, TODAY)
    deadline(agency, TODAY - timedelta(days=1))
    deadline(agency, TODAY - timedelta(days=1), done=True)
    for ahead in (90, 91):
        door = deadline(agency, TODAY + timedelta(days=ahead))
        Deadline.objects.filter(pk=door.pk).update(
            kind=DeadlineKind.RENEWAL_DOOR, counts=Counts.FIXED
        )
    for state in (State.ACCEPTED, State.EXECUTING, State.SUBMITTED):
        builders.dossier(state=state)
    clerk = builders.user(Role.CLERK)
    for attempts in (0, 1, MOST_TRIES):
        Mail.objects.create(
            recipient=clerk, address="x@laichau.gov.vn", message_id=f"<{uuid.uuid4()}@thu>",
            subject="Thử", created_at=NOW, attempts=attempts,
        )  # fmt: skip

    told = read(settings)

    assert told['portal_deadlines_open{kind="ca_issue"}'] == "2"
    assert told['portal_deadlines_overdue{kind="ca_issue"}'] == "1"
    assert told['portal_deadlines_open{kind="device_return"}'] == "0"
    assert told['portal_deadlines_open{kind="renewal_door"}'] == "1"
    assert told['portal_queue_length{queue="accepted_dossiers"}'] == "2"
    assert told['portal_queue_length{queue="unsent_mails"}'] == "2"
    assert told['portal_queue_length{queue="dead_mails"}'] == "1"
    assert told['portal_queue_length{queue="unfinished_intakes"}'] == "0"


def test_asking_costs_the_same_however_much_there_is(
    settings: Settings, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    agency = builders.agency()
    for ahead in range(4):
        deadline(agency, TODAY + timedelta(days=ahead))

    # heartbeats, sweeps, four queues, clocks of work, two of certificates, revocation list
    with django_assert_num_queries(14):
        read(settings)


def test_labels_are_escaped() -> None:
    text = as_text([Metric("trial", "A trial.", [({"name": 'a"b\\c\nd'}, 1.5)])])

    assert text == '# HELP trial A trial.\n# TYPE trial gauge\ntrial{name="a\\"b\\\\c\\nd"} 1.5\n'


def test_a_short_token_and_open_addresses_are_named_before_deployment(settings: Settings) -> None:
    settings.METRICS_TOKEN = "short"
    settings.METRICS_ADDRESSES = ["10.0.0.0/8", "0.0.0.0/0", "everybody"]

    found = checks.metrics_token_is_long() + checks.metrics_addresses_are_narrow()

    assert [one.id for one in found] == ["portal.E003", "portal.W004", "portal.E004"]


def test_metrics_that_are_off_or_well_kept_pass(settings: Settings) -> None:
    for token, addresses in (("", []), (TOKEN, ["10.0.0.7", "2001:db8::/64"])):
        settings.METRICS_TOKEN, settings.METRICS_ADDRESSES = token, addresses
        assert checks.metrics_token_is_long() == checks.metrics_addresses_are_narrow() == []
