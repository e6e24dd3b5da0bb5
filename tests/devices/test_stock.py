"""The stock: lists checked, keys made in the background, devices allocated once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from pytest_django import DjangoAssertNumQueries

from devices import services
from devices.lifecycle import Condition, Custody, IllegalMove, Move
from devices.models import CustodyMove, Device, Intake
from devices.serials import MOST_AT_ONCE, NewDevice, check_new_devices, read_list, read_range
from devices.services import Allocation, allocate_many, take_from_stock, take_in
from devices.stock.services import LEASE
from portal.audit.models import AuditEntry
from portal.ca.models import KeyPair, Storage, VirtualToken
from portal.ca.register.services import make_keys
from portal.core.roles import Role
from portal.core.rules import Refused
from portal.notices.models import Notice
from tests import builders
from tests.builders import NOW
from tests.devices.builders import LETTER, stock

pytestmark = pytest.mark.django_db


def codes(refusal: pytest.ExceptionInfo[Refused]) -> set[str]:
    return {violation.code for violation in refusal.value.violations}


def test_a_lot_enters_the_stock_with_one_ledger_row_each_and_one_audit_entry() -> None:
    operator = builders.user(Role.CA_OPERATOR)

    intake = take_in("token", ["vg 0001", "VG0002"], batch="Lô 1", actor=operator, now=NOW)

    assert intake.count == 2
    devices = list(intake.devices.order_by("serial"))
    assert [device.serial for device in devices] == ["VG0001", "VG0002"]
    assert all(device.key is None for device in devices)
    assert all(services.ledger_agrees(device) for device in devices)
    entry = AuditEntry.objects.get(action="device.take_in")
    assert entry.target_uuid == intake.uuid
    assert entry.data["count"] == 2


def test_only_an_operator_keeps_the_stock() -> None:
    for role in set(Role) - {Role.CA_OPERATOR}:
        with pytest.raises(IllegalMove):
            take_in("token", ["VG0001"], batch="Lô 1", actor=builders.user(role), now=NOW)

    assert not Intake.objects.exists()


def test_the_same_list_handed_in_again_changes_nothing() -> None:
    operator = builders.user(Role.CA_OPERATOR)
    take_in("token", ["VG0001", "VG0002"], batch="Lô 1", actor=operator, now=NOW)

    with pytest.raises(Refused) as refusal:
        take_in("token", ["VG0002", "VG0003"], batch="Lô 2", actor=operator, now=NOW)

    assert codes(refusal) == {"serial_known"}
    assert Device.objects.count() == 2
    assert Intake.objects.count() == 1


@pytest.mark.parametrize(
    ("listed", "code"),
    [
        ([], "no_device"),
        ([NewDevice("VG 1 %")], "not_a_serial"),
        ([NewDevice("VG001"), NewDevice("VG001")], "listed_twice"),
        ([NewDevice("VG001", iccid="123")], "not_an_iccid"),
        ([NewDevice("A01", "8" * 19), NewDevice("A02", "8" * 19)], "listed_twice"),
        ([NewDevice("VG001", phone="912345678")], "not_a_phone"),
        ([NewDevice(f"VG{n:05d}") for n in range(MOST_AT_ONCE + 1)], "too_many"),
    ],
)
def test_an_odd_list_is_named(listed: list[NewDevice], code: str) -> None:
    assert {violation.code for violation in check_new_devices(listed)} == {code}


def test_a_pasted_list_is_read_line_by_line() -> None:
    text = "vg001\n\n  sim-2\t8984 0123 4567 8901 234\t0912345678\nsim-3, 89840123456789012345\n"

    assert read_list(text) == [
        NewDevice("VG001"),
        NewDevice("SIM-2", "8984012345678901234", "0912345678"),
        NewDevice("SIM-3", "89840123456789012345"),
    ]


def test_a_range_keeps_its_zeros() -> None:
    serials = [one.serial for one in read_range("vg-0098", "VG-0101")]

    assert serials == ["VG-0098", "VG-0099", "VG-0100", "VG-0101"]


@pytest.mark.parametrize(
    ("first", "last", "code"),
    [
        ("VG001", "VH009", "not_a_range"),
        ("VG009", "VG001", "not_a_range"),
        ("VG9", "VG10", "not_a_range"),
        ("VG", "VG", "not_a_range"),
        ("VG00001", "VG09999", "too_many"),
    ],
)
def test_what_is_no_range_is_refused(first: str, last: str, code: str) -> None:
    with pytest.raises(Refused) as refusal:
        read_range(first, last)

    assert codes(refusal) == {code}


def test_sims_need_a_carrier() -> None:
    operator = builders.user(Role.CA_OPERATOR)

    with pytest.raises(Refused) as refusal:
        take_in("sim", ["SIM001"], batch="Lô 1", actor=operator, now=NOW)

    assert codes(refusal) == {"no_carrier"}


def test_an_hsm_is_the_agencys_own_and_enters_no_stock() -> None:
    with pytest.raises(Refused) as refusal:
        take_in("hsm", ["HSM001"], batch="1", actor=builders.user(Role.CA_OPERATOR), now=NOW)

    assert codes(refusal) == {"not_of_the_ca"}
    assert not Intake.objects.exists()


def test_keys_are_made_some_at_a_time_and_the_operator_is_told_at_the_end(ca: None) -> None:
    operator = builders.user(Role.CA_OPERATOR)
    intake = take_in("token", ["VG001", "VG002", "VG003"], batch="Lô 1", actor=operator, now=NOW)

    assert services.make_next_keys(now=NOW, most=2) == 2
    intake.refresh_from_db()
    assert (intake.keys_made, intake.ended_at) == (2, None)
    assert services.has_keys_to_make()

    assert services.make_next_keys(now=NOW, most=2) == 1
    intake.refresh_from_db()
    assert (intake.keys_made, intake.ended_at) == (3, NOW)
    assert services.make_next_keys(now=NOW) == 0
    assert KeyPair.objects.count() == VirtualToken.objects.count() == 3
    assert Notice.objects.get().recipient == operator


def test_a_killed_worker_is_followed_without_a_key_too_many(ca: None) -> None:
    intake = take_in(
        "token",
        ["VG001", "VG002", "VG003"],
        batch="1",
        actor=builders.user(Role.CA_OPERATOR),
        now=NOW,
    )
    # Killed after the keys were stored and before any device got one: the lease still stands.
    (orphan,) = make_keys(Storage.TOKEN, 1, now=NOW)
    Intake.objects.update(claimed_until=NOW + LEASE)

    assert services.make_next_keys(now=NOW + LEASE / 2) == 0
    later = NOW + LEASE + timedelta(seconds=1)
    assert services.make_next_keys(now=later) == 3

    assert KeyPair.objects.count() == 3
    assert intake.devices.filter(key=orphan).exists()


def test_a_lot_with_nothing_left_to_do_does_not_hold_up_the_next(ca: None) -> None:
    operator = builders.user(Role.CA_OPERATOR)
    idle = take_in("token", ["VG001"], batch="1", actor=operator, now=NOW)
    idle.devices.update(condition=Condition.DAMAGED)
    take_in("token", ["VG002"], batch="2", actor=operator, now=NOW)

    assert services.make_next_keys(now=NOW) == 1

    idle.refresh_from_db()
    assert (idle.keys_made, idle.ended_at) == (0, NOW)


def test_only_sound_devices_with_a_key_leave_the_stock_oldest_first() -> None:
    first, second, damaged = stock(3).devices.order_by("pk")
    Device.objects.filter(pk=damaged.pk).update(condition=Condition.DAMAGED)
    take_in("token", ["KHONG-KHOA"], batch="1", actor=builders.user(Role.CA_OPERATOR), now=NOW)

    with transaction.atomic():
        assert take_from_stock("token", 1) == [first]
        assert take_from_stock("token", 9) == [first, second]
        assert take_from_stock("sim", 1) == []


def test_a_sim_comes_from_the_carrier_asked_for() -> None:
    (sim,) = stock(kind="sim").devices.all()

    with transaction.atomic():
        assert take_from_stock("sim", 1, carrier="Viettel") == [sim]
        assert take_from_stock("sim", 1, carrier="Mobifone") == []


def test_allocating_fifty_takes_two_statements(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    devices = list(stock(50).devices.all())
    agency = builders.agency(office=builders.office())
    person = builders.person(at=agency)
    allocations = [Allocation(device, person) for device in devices]

    with transaction.atomic(), django_assert_num_queries(2):
        allocate_many(
            allocations, agency=agency, office=agency.office, document=LETTER, actor=None, now=NOW
        )

    for device in Device.objects.all():
        assert device.custody == Custody.ALLOCATED
        assert (device.agency, device.office, device.subscriber) == (agency, agency.office, person)
        assert services.ledger_agrees(device)
    move = CustodyMove.objects.filter(move=Move.ALLOCATE)[0]
    assert (move.document_type, move.document_label) == ("dossier", LETTER[2])


def test_a_sim_gets_its_number_when_it_is_allocated() -> None:
    (sim,) = stock(kind="sim").devices.all()
    agency = builders.agency()
    person = builders.person(at=agency)
    allocation = Allocation(sim, person, phone="0912345678", converts_number=True)

    with transaction.atomic():
        allocate_many(
            [allocation], agency=agency, office=None, document=LETTER, actor=None, now=NOW
        )

    sim.refresh_from_db()
    assert (sim.phone, sim.converts_number) == ("0912345678", True)


def test_a_device_is_allocated_once() -> None:
    (device,) = stock().devices.all()
    stale = Device.objects.get(pk=device.pk)
    agency = builders.agency()
    person = builders.person(at=agency)
    with transaction.atomic():
        allocate_many(
            [Allocation(device, person)],
            agency=agency,
            office=None,
            document=LETTER,
            actor=None,
            now=NOW,
        )

    with pytest.raises(Refused) as refusal, transaction.atomic():
        allocate_many(
            [Allocation(stale, person)],
            agency=agency,
            office=None,
            document=LETTER,
            actor=None,
            now=NOW,
        )

    assert codes(refusal) == {"not_in_stock"}
    assert CustodyMove.objects.filter(move=Move.ALLOCATE).count() == 1
