"""A worker ends at any statement: what it had not finished is done once, nothing twice."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection

from devices.ledger import ledger_agrees
from devices.models import Device
from portal.agencies.models import Affiliation, Subscriber
from portal.audit.models import AuditEntry
from portal.ca.models import Certificate
from portal.estate import services
from portal.estate.models import Delivery, Verdict
from portal.notices.models import Notice
from tests import story
from tests.amounts import amount
from tests.builders import NOW
from tests.estate import made
from tests.estate.made import hand_in
from tests.story import Cast

pytestmark = pytest.mark.django_db
KILLS = amount("ESTATE_KILLS", short=20, long=200)
ROWS = 24
HEAD = ("Họ và tên", "Số CCCD", "Đơn vị", "Số serial", "Hết hạn", "Số token")


class Killed(BaseException):
    """What no code of ours catches, as it catches no SIGKILL."""


@contextmanager
def killed_at(statement: int) -> Iterator[None]:
    """Let the statement of this number be the last; what its transaction wrote is rolled back."""
    left = statement

    def count(execute: Any, *arguments: Any) -> Any:
        nonlocal left
        left -= 1
        if left == 0:
            raise Killed
        return execute(*arguments)

    with connection.execute_wrapper(count):
        yield


@pytest.fixture(autouse=True)
def _pieces(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for rows in ("PIECE", "JUDGED_AT_ONCE"):  # several transactions for few rows
        monkeypatch.setattr(services, rows, 5)
    with time_machine.travel(NOW, tick=False):
        yield


def listed(people: Cast, rows: int = ROWS) -> bytes:
    body = people.agency.name
    return made.csv(
        HEAD,
        *(
            (
                f"Lò Văn {chr(65 + number)}", f"0120900{number:05d}", body, f"AB{number:06X}",
                "01/01/2028", f"TK-{number}",
            )
            for number in range(rows)
        ),
    )  # fmt: skip


def work_on(delivery: Delivery, dice: random.Random, kills: int, now: datetime) -> int:
    """Go on until nothing is left to do; return how many of ``kills`` workers ended on the way."""
    landed = 0
    while delivery.is_in_work:
        now += services.LEASE + timedelta(seconds=1)  # a dead worker's lease has run out
        try:
            with killed_at(dice.randrange(1, 60) if landed < kills else 0):
                services.work(now=now)
        except Killed:
            landed += 1
        delivery.refresh_from_db()
    return landed


@pytest.mark.long
@pytest.mark.django_db(transaction=True)  # a kill ends a transaction of the worker's own
def test_no_kill_loses_or_repeats_anything() -> None:
    dice = random.Random(68)  # noqa: S311
    people, landed = story.cast(), 0
    before = people_and_places()
    while landed < KILLS:
        delivery = services.hand_in(
            [services.HandedIn("a.csv", listed(people))],
            title="Đợt thử",
            actor=people.officer,
            now=NOW,
        )
        landed += work_on(delivery, dice, 5, NOW)
        assert delivery.counts[Verdict.NEW] == ROWS
        later = NOW + timedelta(hours=2)
        services.start(delivery, actor=people.officer, now=later)
        delivery.refresh_from_db()
        landed += work_on(delivery, dice, 5, later)

        assert delivery.state == Delivery.State.DONE
        assert delivery.rows.filter(carried_at__isnull=False).count() == ROWS
        assert Certificate.objects.count() == Device.objects.count() == ROWS
        assert delivery.counts["made_certificates"] == delivery.counts["made_devices"] == ROWS
        assert all(ledger_agrees(device) for device in Device.objects.all())
        assert people_and_places() == [number + ROWS for number in before]
        cause = f"delivery:{delivery.uuid}"
        assert Notice.objects.filter(recipient=people.clerk, cause=cause).count() == 1
        carries = AuditEntry.objects.filter(action="estate.carry", target_uuid=delivery.uuid)
        assert sum(entry.data["rows"] for entry in carries) == ROWS

        later += timedelta(hours=2)
        services.undo(delivery, actor=people.officer, now=later)
        delivery.refresh_from_db()
        landed += work_on(delivery, dice, 5, later)
        assert delivery.state == Delivery.State.UNDONE
        assert not Certificate.objects.exists()
        assert people_and_places() == before
        services.drop(delivery, actor=people.officer, now=NOW)
    assert landed >= KILLS


def people_and_places() -> list[int]:
    return [Subscriber.objects.count(), Affiliation.objects.count()]


def test_of_two_who_bring_the_same_list_in_the_second_finds_it_there() -> None:
    people = story.cast()
    first, second = (hand_in(people.officer, ("a.csv", listed(people, 6))) for _number in range(2))
    assert first.counts[Verdict.NEW] == second.counts[Verdict.NEW] == 6  # both judged before
    for one in (first, second):
        services.start(one, actor=people.officer, now=NOW)
    made.worked(first)
    second.refresh_from_db()
    assert Certificate.objects.count() == Device.objects.count() == 6
    assert first.counts["made_certificates"] == 6
    assert not second.counts.get("made_certificates")
    assert second.counts[Verdict.SAME] == 6
    assert not services.to_carry(second).exists()
