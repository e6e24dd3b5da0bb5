"""Two people, or two workers, at once: exactly one wins, and the other hears of it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from time import sleep

import pytest
from django.db import connection, transaction

from devices import services
from devices.lifecycle import Custody, Move
from devices.models import CustodyMove, Device
from devices.services import Allocation, allocate_many, take_from_stock, take_in
from portal.ca.models import Certificate, KeyPair
from portal.core.roles import Role
from portal.core.rules import Refused
from portal.deadlines.models import Deadline, DeadlineKind
from tests import builders
from tests.builders import NOW
from tests.devices.builders import LETTER, device_at, stock

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]


def at_once(*acts: Callable[[], object]) -> list[object]:
    """Run the acts in threads that start together; return their results or what they raised."""
    ready = Barrier(len(acts))

    def run(act: Callable[[], object]) -> object:
        try:
            ready.wait()
            return act()
        except Refused as refusal:
            return refusal.violations[0].code
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def test_two_clerks_hand_over_at_once() -> None:
    device = device_at(Custody.AT_AGENCY)
    clerks = [builders.user(Role.CLERK, agency=device.agency) for _one in range(2)]

    results = at_once(
        *(
            lambda clerk=clerk: services.hand_over(
                device, pin="", serial_seen=device.serial, actor=clerk, now=NOW
            )
            for clerk in clerks
        )
    )

    assert results.count("illegal_move") == 1
    assert CustodyMove.objects.filter(move=Move.HAND_OVER).count() == 1


def test_two_workers_take_different_devices_from_the_stock() -> None:
    stock(6)
    agency = builders.agency(office=builders.office())
    person = builders.person(at=agency)

    def issue() -> list[int]:
        with transaction.atomic():
            found = take_from_stock("token", 3)
            allocate_many(
                [Allocation(device, person) for device in found],
                agency=agency,
                office=agency.office,
                document=LETTER,
                actor=None,
                now=NOW,
            )
        return [device.pk for device in found]

    first, second = at_once(issue, issue)

    assert isinstance(first, list)
    assert isinstance(second, list)
    assert len({*first, *second}) == 6
    assert CustodyMove.objects.filter(move=Move.ALLOCATE).count() == 6


def test_two_workers_make_each_key_once(ca: None) -> None:
    take_in(
        "token",
        [f"VG{number:03d}" for number in range(12)],
        batch="1",
        actor=builders.user(Role.CA_OPERATOR),
        now=NOW,
    )

    def work() -> int:
        made = 0
        while count := services.make_next_keys(now=NOW, most=2):
            made += count
        return made

    at_once(work, work)
    work()

    assert KeyPair.objects.count() == 12
    assert Device.objects.filter(key__isnull=False).count() == 12


def test_two_sweeps_recall_each_device_once() -> None:
    agency = builders.agency(office=builders.office())
    for _one in range(6):
        device_at(Custody.WITH_SUBSCRIBER, agency=agency)
    Certificate.objects.update(not_after=NOW)

    def sweep() -> int:
        seen = 0
        while count := services.recall_expired(now=NOW, most=2):
            seen += count
        return seen

    first, second = at_once(sweep, sweep)

    assert isinstance(first, int)
    assert isinstance(second, int)
    assert first + second == 6
    assert CustodyMove.objects.filter(move=Move.RECALL).count() == 6
    assert Deadline.objects.filter(kind=DeadlineKind.DEVICE_RETURN).count() == 6
    assert all(services.ledger_agrees(device) for device in Device.objects.all())


def test_a_device_given_back_while_it_is_recalled_is_owed_once() -> None:
    device = device_at(Custody.WITH_SUBSCRIBER)
    clerk = builders.user(Role.CLERK, agency=device.agency)
    Certificate.objects.update(not_after=NOW)

    at_once(
        lambda: services.recall_expired(now=NOW),
        lambda: services.take_back([device], serials_seen=[device.serial], actor=clerk, now=NOW),
    )

    device = Device.objects.get(pk=device.pk)
    assert device.custody == Custody.BACK_AT_AGENCY
    assert services.ledger_agrees(device)
    assert Deadline.objects.open().filter(kind=DeadlineKind.DEVICE_RETURN).count() == 1


def test_a_loss_reported_while_the_device_changes_its_agency_is_owed_by_the_new_one() -> None:
    device = device_at(Custody.WITH_SUBSCRIBER)
    to = builders.agency(office=builders.office())
    told = Barrier(2)

    def pass_on() -> None:
        with transaction.atomic():
            services.transfer([device], to=to, paper=("", None, "Mẫu 04"), now=NOW)
            told.wait()
            sleep(0.3)  # the other waits for the lock meanwhile

    def lose() -> None:
        told.wait()
        services.make_move(device, Move.REPORT_LOST, reason="x", actor=None, now=NOW)

    at_once(pass_on, lose)

    clock = Deadline.objects.get(kind=DeadlineKind.LOSS_MINUTES)
    assert clock.agency == to
    assert services.ledger_agrees(Device.objects.get(pk=device.pk))
