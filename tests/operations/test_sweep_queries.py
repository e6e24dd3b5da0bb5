"""What the sweeps ask of the database: little when idle, as much for fifty things as for ten."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from devices import services as devices
from devices.models import Device
from portal.ca.models import Certificate, VirtualToken
from portal.ca.register import expiry, installation
from portal.core.background.sweeps import Sweep, in_order
from portal.notices.models import Mail
from tests import builders
from tests.builders import NOW

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
FEW, MANY = 10, 50
MOST_IDLE = 12  # with BEGIN, savepoints and the row locks they are taken for


@pytest.mark.parametrize("sweep", in_order(), ids=lambda sweep: sweep.name)
def test_a_sweep_with_nothing_to_do_asks_little(sweep: Sweep) -> None:
    sweep.run_to_the_end(NOW)

    with CaptureQueriesContext(connection) as asked:
        sweep.run_to_the_end(NOW)

    assert len(asked) <= MOST_IDLE


def run_out(count: int) -> list[Device]:
    """Devices of one body with their subscribers, whose certificates have just ended."""
    body = builders.agency(office=builders.office())
    made = []
    for _one in range(count):
        person = builders.person(at=body)
        certificate = builders.certificate(subscriber=person, not_after=NOW - DAY)
        made.append(builders.in_hands_of(person, certificate.key))
    return made


def replaced(count: int) -> list[Certificate]:
    """Certificates of one body whose successors are older than a week."""
    body = builders.agency(office=builders.office())
    made = []
    for _one in range(count):
        old = builders.certificate(subscriber=builders.person(at=body))
        new = builders.certificate(subscriber=old.subscriber, key_pair=old.key)
        Certificate.objects.filter(pk=new.pk).update(predecessor=old)
        made.append(old)
    return made


@pytest.mark.parametrize(
    ("prepare", "sweep"),
    [
        (run_out, lambda: devices.recall_expired(now=NOW)),
        (replaced, lambda: installation.revoke_superseded(now=NOW)),
    ],
    ids=["recall_expired", "revoke_superseded"],
)
def test_fifty_cost_as_many_queries_as_ten(
    prepare: Callable[[int], list[object]], sweep: Callable[[], int]
) -> None:
    prepare(1)
    sweep()  # reads what is kept in memory and makes its mark
    asked = []
    for count in (FEW, MANY):
        prepare(count)
        with CaptureQueriesContext(connection) as queries:
            assert sweep() == count
        asked.append(len(queries))

    assert asked[0] == asked[1]


def _plan_of(rows: str) -> str:
    """Return how the database looks for what an idle sweep looks for."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")  # the tables are all but empty
    found = {
        "unclocked": Certificate.objects.filter(
            clocked_at__isnull=True, revoked_at__isnull=True, not_after__gt=NOW
        ).order_by("not_after", "pk"),
        "unsettled": Certificate.objects.unsettled(NOW).order_by("issued_at", "pk"),
        "locked": VirtualToken.objects.filter(locked_at__isnull=False),
        "mail": Mail.objects.unsent().unclaimed(NOW).order_by("pk"),
    }[rows]
    return found.explain()


@pytest.mark.parametrize(
    ("rows", "index"),
    [
        ("unclocked", "ca_certificate_unclocked"),
        ("unsettled", "ca_certificate_unsettled"),
        ("locked", "ca_virtualtoken_locked"),
        ("mail", "notices_mail_waiting"),
    ],
)
def test_what_waits_is_found_by_its_index(rows: str, index: str) -> None:
    assert index in _plan_of(rows)


def test_a_replacement_is_looked_at_once_whatever_became_of_the_old_one() -> None:
    standing, gone = replaced(2)
    Certificate.objects.filter(pk=gone.pk).update(not_after=NOW)

    assert [installation.revoke_superseded(now=NOW) for _ in range(2)] == [1, 0]

    settled = Certificate.objects.filter(settled_at=NOW).values_list("predecessor", flat=True)
    assert set(settled) == {standing.pk, gone.pk}
    assert not Certificate.objects.unsettled(NOW).exists()


def test_a_certificate_is_looked_at_for_a_missing_clock_once() -> None:
    one = builders.certificate(not_after=NOW + 400 * DAY)

    assert [expiry.open_missing(now=NOW), expiry.open_missing(now=NOW)] == [1, 0]

    one.refresh_from_db()
    assert one.clocked_at == NOW


def test_asked_for_it_is_looked_at_again() -> None:
    one = builders.certificate(not_after=NOW + 400 * DAY)
    expiry.open_missing(now=NOW)

    expiry.asked([one], now=NOW)

    one.refresh_from_db()
    assert one.clocked_at is None
    assert expiry.open_missing(now=NOW) == 1
