"""The sums agree with the ledger through any legal life of several devices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from devices import services
from devices.lifecycle import LIFE, PLACES, Condition, Custody, Move, has_a_page, moves_open_to
from devices.models import CustodyMove, Device
from devices.querysets import DeviceQuerySet
from devices.summary.services import by_place
from devices.summary.views import of_bodies, of_place
from portal.accounts.models import User
from portal.agencies.models import Agency
from portal.ca.models import Certificate
from portal.core.roles import Role
from portal.core.rules import Refused
from portal.deadlines.models import Deadline, DeadlineKind
from tests import builders
from tests.builders import NOW
from tests.devices.builders import device_at

pytestmark = pytest.mark.django_db

PAPER = ("dossier", None, "Biên bản Mẫu 08")
CLEAR = (Custody.TO_BE_RETURNED, Custody.BACK_AT_AGENCY)


class World:
    """Two bodies of one office with three devices, walked by chance through legal moves."""

    def __init__(self) -> None:
        office = builders.office()
        self.bodies = [builders.agency(office=office) for _one in range(2)]
        self.office = office
        self.clerks = {body.pk: builders.user(Role.CLERK, agency=body) for body in self.bodies}
        self.officer = builders.user(Role.OFFICE_OFFICER, agency=office)
        self.operator = builders.user(Role.CA_OPERATOR)
        self.keys = [device_at(Custody.ALLOCATED, agency=body).pk for body in self.bodies]
        self.keys.append(device_at(Custody.WITH_SUBSCRIBER, agency=self.bodies[0]).pk)
        self.now = NOW

    def device(self, number: int) -> Device:
        return Device.objects.get(pk=self.keys[number % len(self.keys)])

    def actor(self, role: Role | None, device: Device) -> User | None:
        if role == Role.CLERK:
            assert device.agency_id is not None
            return self.clerks[device.agency_id]
        others: dict[Role | None, User] = {
            Role.OFFICE_OFFICER: self.officer,
            Role.CA_OPERATOR: self.operator,
        }
        return others.get(role)

    def open(self, device: Device) -> list[tuple[Move, Role | None]]:
        here = {"custody": device.custody, "condition": device.condition}
        roles: list[Role | None] = [None, Role.CLERK, Role.OFFICE_OFFICER, Role.CA_OPERATOR]
        return [(rule.move, role) for role in roles for rule in moves_open_to(role, **here)]

    def make(self, device: Device, move: Move, role: Role | None) -> None:
        """Make the move as the pages and dossiers do; what the rules refuse changes nothing."""
        actor = self.actor(role, device)
        try:
            if how := self._with_a_page().get(move):
                how(device, actor)
            else:
                services.make_move(device, move, reason="Vì vậy", actor=actor, now=self.now)
        except Refused:
            pass

    def end(self, device: Device, *, is_told: bool) -> None:
        """Let the certificates of the device end: by revocation, or by themselves."""
        certificates = Certificate.objects.filter(key=device.key, revoked_at__isnull=True)
        if is_told:
            certificates.update(revoked_at=self.now, revocation_reason="cessation", crl_entry=b"x")
            assert device.key_id is not None
            services.open_return([device.key_id], paper=PAPER, reason="x", now=self.now)
        else:
            certificates.update(not_after=self.now)
            while services.recall_expired(now=self.now):
                pass

    def _with_a_page(self) -> Mapping[Move, Callable[..., object]]:
        now = self.now
        return {
            Move.SEND: lambda device, actor: services.send(
                [device], channel="hand", actor=actor, now=now
            ),
            Move.RECEIVE: lambda device, actor: services.receive(
                device.shipment_items.get().shipment,
                serials=[device.serial],
                actor=actor,
                now=now,
            ),
            Move.HAND_OVER: lambda device, actor: services.hand_over(
                device, pin="", serial_seen=device.serial, actor=actor, now=now
            ),
            Move.TAKE_BACK: lambda device, actor: services.take_back(
                [device], serials_seen=[device.serial], actor=actor, now=now
            ),
            Move.GIVE_AGAIN: lambda device, actor: services.give_again(
                device, serials_seen=[device.serial], reason="x", actor=actor, now=now
            ),
            Move.CHANGE_HOLDER: lambda device, actor: services.change_holder(
                device, holder="Văn thư mới", reason="x", actor=actor, now=now
            ),
            Move.PASS_TO_OFFICE: lambda device, actor: services.take_returned(
                [device], Move.PASS_TO_OFFICE, paper=PAPER, actor=actor, now=now
            ),
            Move.RETURN_TO_CA: lambda device, actor: services.take_returned(
                [device], Move.RETURN_TO_CA, paper=PAPER, actor=actor, now=now
            ),
            Move.TRANSFER: lambda device, _actor: services.transfer(
                [device], to=self._other(device), paper=PAPER, now=now
            ),
            Move.READDRESS: lambda device, _actor: services.readdress(
                [device], to=self._other(device), paper=PAPER, now=now
            ),
        }

    def _other(self, device: Device) -> Agency:
        return next(body for body in self.bodies if body.pk != device.agency_id)


def check(world: World, now: datetime) -> None:
    """What must hold after every move."""
    everything = Device.objects.all()
    assert services.sums(everything) == services.sums_in_ledger(everything)
    for reader in (*world.clerks.values(), world.officer, world.operator):
        theirs = Device.objects.visible_to(reader)
        assert services.sums(theirs) == services.sums_in_ledger(theirs)
        check_places(theirs)
    for device in everything:
        assert services.ledger_agrees(device)
    assert not CustodyMove.objects.filter(document_label="").exists()
    owed = {
        kind: set(Deadline.objects.open().filter(kind=kind).values_list("target_uuid", flat=True))
        for kind in (DeadlineKind.DEVICE_RETURN, DeadlineKind.LOSS_MINUTES)
    }
    for device in everything.spent(now).exclude(condition=Condition.LOST):
        assert (device.uuid in owed[DeadlineKind.DEVICE_RETURN]) == (device.custody in CLEAR)
        assert device.custody not in (Custody.WITH_SUBSCRIBER, Custody.AT_AGENCY)
    for device in everything.exclude(condition=Condition.LOST):
        assert device.uuid not in owed[DeadlineKind.LOSS_MINUTES]


def check_places(devices: DeviceQuerySet) -> None:
    """Each device is at one place, in lists and sums alike, and what each body has adds up."""
    counted = services.sums(devices)
    at = {place: devices.at(place).count() for place, _label in PLACES}
    assert +by_place(counted) == +Counter(at)
    for place, _label in PLACES:
        row = of_place(place, counted)
        assert sum(cell.count for cell in row.cells) == row.total.count == at[place]
    for column in ("body", "office"):
        if not (rows := of_bodies(devices, column)):
            assert not devices
            continue
        *bodies, in_all = rows
        for row in (*bodies, in_all):
            assert sum(cell.count for cell in row.cells) == row.total.count
        assert sum(row.total.count for row in bodies) == in_all.total.count == devices.count()
        by_column = zip(*([cell.count for cell in row.cells] for row in bodies), strict=True)
        assert list(map(sum, by_column)) == [cell.count for cell in in_all.cells]


@settings(max_examples=20)
@given(
    steps=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 40), st.integers(0, 9)), max_size=14)
)
def test_sums_and_ledger_agree_through_any_legal_life(steps: list[tuple[int, int, int]]) -> None:
    with transaction.atomic():  # each example begins anew
        world = World()
        for number, choice, fate in steps:
            device = world.device(number)
            moves = world.open(device)
            if fate == 9:
                world.end(device, is_told=choice % 2 == 0)
            elif moves:
                world.make(device, *moves[choice % len(moves)])
            world.now += timedelta(minutes=1)

            check(world, world.now)
        transaction.set_rollback(True)


def test_the_walk_can_make_every_move_of_the_table() -> None:
    assert {move for move in Move if has_a_page(move)} - {Move.TAKE_IN} == set(
        World()._with_a_page()
    )
    assert {rule.move for rule in LIFE} == set(Move)


def test_a_column_changed_behind_the_ledgers_back_is_seen_in_the_sums() -> None:
    device = device_at(Custody.WITH_SUBSCRIBER)

    Device.objects.filter(pk=device.pk).update(condition=Condition.DAMAGED)

    everything = Device.objects.all()
    assert services.sums(everything) != services.sums_in_ledger(everything)


def test_bodies_beyond_the_pages_room_are_one_line_and_still_add_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("devices.summary.views.MOST_BODIES", 1)
    office = builders.office()
    for _one in range(3):
        device_at(Custody.WITH_SUBSCRIBER, agency=builders.agency(office=office))

    first, others, in_all = of_bodies(Device.objects.all(), "body")

    assert [row.total.count for row in (first, others, in_all)] == [1, 2, 3]
