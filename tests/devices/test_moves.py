"""Trouble and the way back; the ledger through any legal life."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices import services
from devices.lifecycle import LIFE, Condition, Custody, Move, has_a_page, moves_open_to
from devices.models import CustodyMove, Device
from portal.accounts.models import User
from portal.audit.models import AuditEntry
from portal.ca.models import Certificate, VirtualToken
from portal.core.roles import Role
from portal.core.rules import Refused
from portal.notices.models import Notice
from tests import builders
from tests.builders import NOW
from tests.devices.builders import device_at, stock

pytestmark = pytest.mark.django_db


def codes(refusal: pytest.ExceptionInfo[Refused]) -> set[str]:
    return {violation.code for violation in refusal.value.violations}


def clerk_of(device: Device) -> User:
    return builders.user(Role.CLERK, agency=device.agency)


def report_lost(device: Device) -> User:
    clerk = clerk_of(device)
    services.make_move(device, Move.REPORT_LOST, reason="Mất trên xe", actor=clerk, now=NOW)
    device.refresh_from_db()
    return clerk


def test_a_loss_needs_a_reason_and_the_ca_and_the_office_are_told() -> None:
    device = device_at(Custody.WITH_SUBSCRIBER)
    operator = builders.user(Role.CA_OPERATOR)
    officer = builders.user(Role.OFFICE_OFFICER, agency=device.office)

    with pytest.raises(Refused) as refusal:
        services.make_move(device, Move.REPORT_LOST, reason=" ", actor=clerk_of(device), now=NOW)
    assert codes(refusal) == {"no_reason"}
    report_lost(device)

    assert (device.custody, device.condition) == (Custody.WITH_SUBSCRIBER, Condition.LOST)
    told = Notice.objects.filter(cause__startswith="device_report_lost")
    assert {notice.recipient for notice in told} >= {operator, officer}
    assert AuditEntry.objects.filter(action="device.report_lost").count() == 1


@pytest.mark.parametrize("before", [Condition.OK, Condition.LOCKED, Condition.DAMAGED])
def test_a_found_device_returns_to_the_condition_it_had(before: Condition) -> None:
    device = device_at(Custody.WITH_SUBSCRIBER)
    move = {Condition.LOCKED: Move.LOCK, Condition.DAMAGED: Move.REPORT_DAMAGED}.get(before)
    if move:
        services.make_move(device, move, reason="x", actor=clerk_of(device), now=NOW)
    clerk = report_lost(device)

    services.make_move(device, Move.FIND, reason="Trong ngăn bàn", actor=clerk, now=NOW)

    device.refresh_from_db()
    assert (device.custody, device.condition) == (Custody.WITH_SUBSCRIBER, before)
    assert services.ledger_agrees(device)


def test_a_found_device_whose_certificate_ended_meanwhile_is_to_be_returned() -> None:
    device = device_at(Custody.WITH_SUBSCRIBER)
    clerk = report_lost(device)
    Certificate.objects.filter(key=device.key).update(
        revoked_at=NOW, revocation_reason="key_compromise", crl_entry=b"x"
    )

    services.make_move(device, Move.FIND, reason="Trong ngăn bàn", actor=clerk, now=NOW)

    device.refresh_from_db()
    assert (device.custody, device.condition) == (Custody.TO_BE_RETURNED, Condition.OK)
    assert services.ledger_agrees(device)
    assert Notice.objects.filter(recipient=clerk, cause__startswith="device_recall").exists()


def test_the_way_back_goes_hand_to_hand_to_the_end() -> None:
    device = device_at(Custody.WITH_SUBSCRIBER)
    clerk = clerk_of(device)
    officer = builders.user(Role.OFFICE_OFFICER, agency=device.office)
    operator = builders.user(Role.CA_OPERATOR)
    paper = ("dossier", None, "Biên bản Mẫu 08")

    services.make_move(device, Move.RECALL, reason="Thu hồi chứng thư", actor=None, now=NOW)
    services.make_move(device, Move.TAKE_BACK, actor=clerk, now=NOW)
    services.make_move(device, Move.PASS_TO_OFFICE, actor=officer, now=NOW, paper=paper)
    services.make_move(device, Move.RETURN_TO_CA, actor=operator, now=NOW, paper=paper)
    services.make_move(device, Move.RETIRE, reason="Hết hạn", actor=operator, now=NOW)

    device.refresh_from_db()
    assert device.custody == Custody.RETIRED
    assert services.ledger_agrees(device)
    assert device.moves.get(move=Move.RETURN_TO_CA).document_label == "Biên bản Mẫu 08"


def test_nobody_recalls_by_hand() -> None:
    device = device_at(Custody.WITH_SUBSCRIBER)

    for actor in (clerk_of(device), builders.user(Role.CA_OPERATOR)):
        with pytest.raises(Refused) as refusal:
            services.make_move(device, Move.RECALL, reason="x", actor=actor, now=NOW)
        assert codes(refusal) == {"illegal_move"}


@pytest.mark.parametrize("move", [move for move in Move if has_a_page(move)] + [Move.ALLOCATE])
def test_moves_that_ask_for_more_have_no_short_cut(move: Move) -> None:
    device = device_at(Custody.AT_AGENCY)

    with pytest.raises(Refused):
        services.make_move(device, move, reason="x", actor=clerk_of(device), now=NOW)
    with pytest.raises(Refused):
        services.make_move(device, move, reason="x", actor=None, now=NOW)


def test_another_agencys_clerk_moves_nothing_even_through_the_service() -> None:
    device = device_at(Custody.WITH_SUBSCRIBER)
    stranger = builders.user(Role.CLERK)

    with pytest.raises(Device.DoesNotExist):
        services.make_move(device, Move.TAKE_BACK, actor=stranger, now=NOW)


def test_a_refused_move_leaves_no_trace() -> None:
    device = device_at(Custody.WITH_SUBSCRIBER)
    clerk = report_lost(device)
    moves, entries = CustodyMove.objects.count(), AuditEntry.objects.count()

    with pytest.raises(Refused):
        services.make_move(device, Move.TAKE_BACK, actor=clerk, now=NOW)

    assert (CustodyMove.objects.count(), AuditEntry.objects.count()) == (moves, entries)
    device.refresh_from_db()
    assert device.condition == Condition.LOST


def test_tokens_out_of_tries_are_noted_once() -> None:
    device = device_at(Custody.WITH_SUBSCRIBER)
    clerk = clerk_of(device)
    assert device.key is not None
    VirtualToken.objects.create(
        key=device.key, sealed_key=b"", salt=b"", recovery_key=b"", tries_left=0, locked_at=NOW
    )

    assert services.lock_exhausted(now=NOW) == 1
    assert services.lock_exhausted(now=NOW) == 0

    device.refresh_from_db()
    assert device.condition == Condition.LOCKED
    assert services.ledger_agrees(device)
    assert Notice.objects.filter(cause__startswith="device_lock", recipient=clerk).exists()


def test_a_device_changed_behind_the_ledgers_back_does_not_agree() -> None:
    device = stock().devices.get()
    assert services.ledger_agrees(device)

    device.condition = Condition.DAMAGED
    assert not services.ledger_agrees(device)

    device.condition = Condition.OK
    CustodyMove.objects.filter(device=device).update(to_custody=Custody.AT_CA)
    assert not services.ledger_agrees(device)


class Life:
    """One device walked by chance through moves that are legal, by whoever may make them."""

    def __init__(self) -> None:
        self.office = builders.office()
        self.agency = builders.agency(office=self.office)
        self.actors: dict[Role | None, User | None] = {
            None: None,
            Role.CLERK: builders.user(Role.CLERK, agency=self.agency),
            Role.OFFICE_OFFICER: builders.user(Role.OFFICE_OFFICER, agency=self.office),
            Role.CA_OPERATOR: builders.user(Role.CA_OPERATOR),
        }
        self.device = device_at(Custody.ALLOCATED, agency=self.agency)

    def open(self) -> list[tuple[Move, Role | None]]:
        here = {"custody": self.device.custody, "condition": self.device.condition}
        return [(rule.move, role) for role in self.actors for rule in moves_open_to(role, **here)]

    def make(self, move: Move, role: Role | None) -> None:
        device, actor = self.device, self.actors[role]
        if move == Move.SEND:
            assert actor is not None
            services.send([device], channel="hand", actor=actor, now=NOW)
        elif move == Move.RECEIVE:
            assert actor is not None
            shipment = device.shipment_items.get().shipment
            services.receive(shipment, serials=[device.serial], actor=actor, now=NOW)
        elif move == Move.HAND_OVER:
            assert actor is not None
            services.hand_over(device, pin="", serial_seen=device.serial, actor=actor, now=NOW)
        else:
            services.make_move(device, move, reason="Vì vậy", actor=actor, now=NOW)
        self.device = Device.objects.get(pk=device.pk)


@settings(max_examples=25)
@given(choices=st.lists(st.integers(0, 99), max_size=14))
def test_the_ledger_agrees_through_any_legal_life(choices: list[int]) -> None:
    life = Life()
    made = 2  # taken in, allocated

    for choice in choices:
        moves = life.open()
        if not moves:
            break
        life.make(*moves[choice % len(moves)])
        made += 1

        assert services.ledger_agrees(life.device)
        assert CustodyMove.objects.filter(device=life.device).count() == made


def test_the_table_has_no_move_the_walk_could_not_make() -> None:
    walked = {Move.SEND, Move.RECEIVE, Move.HAND_OVER}
    plain = {rule.move for rule in LIFE} - walked - {Move.TAKE_IN, Move.ALLOCATE}

    assert not any(has_a_page(move) for move in plain)
