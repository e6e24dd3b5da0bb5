"""Handing over, the first PIN, and the Mẫu 07 that must follow."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from devices import services
from devices.lifecycle import Custody, Move
from devices.models import Device, HandoverNotice
from devices.services import Allocation, allocate_many
from portal.accounts.models import User
from portal.audit.models import AuditEntry
from portal.ca.models import Certificate, VirtualToken
from portal.ca.tokens import services as tokens
from portal.core.roles import Role
from portal.core.rules import Refused
from portal.deadlines.models import Deadline, DeadlineKind
from portal.notices.models import Notice
from tests import builders
from tests.builders import NOW, TODAY
from tests.devices.builders import LETTER, device_at

PIN = "Lai-Chau-2026"


def codes(refusal: pytest.ExceptionInfo[Refused]) -> set[str]:
    return {violation.code for violation in refusal.value.violations}


def waiting_device() -> tuple[Device, User]:
    """A device at the agency and its clerk."""
    device = device_at(Custody.AT_AGENCY)
    return device, builders.user(Role.CLERK, agency=device.agency)


@pytest.mark.django_db
def test_a_hand_over_opens_the_clock_of_mau_07() -> None:
    device, clerk = waiting_device()

    move = services.hand_over(device, pin="", serial_seen=device.serial, actor=clerk, now=NOW)

    device.refresh_from_db()
    assert device.custody == Custody.WITH_SUBSCRIBER
    assert services.ledger_agrees(device)
    assert device.subscriber is not None
    assert (move.holder, move.happened_on) == (device.subscriber.name, TODAY)
    deadline = Deadline.objects.get()
    assert (deadline.kind, deadline.target_uuid) == (DeadlineKind.HANDOVER_NOTICE, device.uuid)
    assert (deadline.agency, deadline.office) == (device.agency, device.office)
    assert AuditEntry.objects.filter(action="device.hand_over", target_uuid=device.uuid).exists()


@pytest.mark.django_db
def test_another_serial_seen_is_refused_and_nothing_changes() -> None:
    device, clerk = waiting_device()

    with pytest.raises(Refused) as refusal:
        services.hand_over(device, pin="", serial_seen="VG999999", actor=clerk, now=NOW)

    assert codes(refusal) == {"serial_differs"}
    device.refresh_from_db()
    assert device.custody == Custody.AT_AGENCY
    assert not Deadline.objects.exists()


@pytest.mark.django_db
def test_a_serial_typed_with_spaces_and_small_letters_is_the_same() -> None:
    device, clerk = waiting_device()
    typed = f" {device.serial[:3].lower()} {device.serial[3:]} "

    services.hand_over(device, pin="", serial_seen=typed, actor=clerk, now=NOW)

    device.refresh_from_db()
    assert device.custody == Custody.WITH_SUBSCRIBER


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("days", "code"), [(1, "in_the_future"), (0, None), (-1, "before_receipt")]
)
def test_the_day_of_a_hand_over_lies_between_receipt_and_today(days: int, code: str | None) -> None:
    device, clerk = waiting_device()
    on = TODAY + timedelta(days=days)

    def hand_over() -> None:
        services.hand_over(device, pin="", serial_seen=device.serial, actor=clerk, now=NOW, on=on)

    if code is None:
        hand_over()
    else:
        with pytest.raises(Refused) as refusal:
            hand_over()
        assert codes(refusal) == {code}


@pytest.mark.django_db
def test_the_clock_runs_from_the_day_it_happened_not_the_day_it_is_typed() -> None:
    device, clerk = waiting_device()
    monday = NOW + timedelta(days=3)

    services.hand_over(device, pin="", serial_seen=device.serial, actor=clerk, now=monday, on=TODAY)

    assert Deadline.objects.get().received_on == TODAY
    assert device.moves.get(move=Move.HAND_OVER).happened_on == TODAY


@pytest.mark.django_db
def test_a_device_whose_certificate_ended_is_not_handed_over() -> None:
    device, clerk = waiting_device()
    Certificate.objects.filter(key=device.key).update(not_after=NOW)

    with pytest.raises(Refused) as refusal:
        services.hand_over(device, pin="", serial_seen=device.serial, actor=clerk, now=NOW)

    assert codes(refusal) == {"no_valid_certificate"}


@pytest.mark.django_db
def test_an_organisations_device_is_handed_to_its_van_thu() -> None:
    agency = builders.agency(office=builders.office())
    device = device_at(Custody.AT_AGENCY, agency=agency, subscriber=builders.organisation(agency))
    clerk = builders.user(Role.CLERK, agency=agency)

    move = services.hand_over(device, pin="", serial_seen=device.serial, actor=clerk, now=NOW)

    assert move.holder == clerk.full_name


@pytest.mark.django_db
def test_a_person_with_an_account_hears_of_the_hand_over() -> None:
    agency = builders.agency(office=builders.office())
    person = builders.person(at=agency)
    told = builders.user(Role.HEAD, agency=agency, person=person)
    device = device_at(Custody.AT_AGENCY, agency=agency, subscriber=person)
    clerk = builders.user(Role.CLERK, agency=agency)

    services.hand_over(device, pin="", serial_seen=device.serial, actor=clerk, now=NOW)

    assert Notice.objects.get(cause__startswith="device_handed_over").recipient == told


@pytest.mark.django_db
@pytest.mark.parametrize("role", sorted(set(Role) - {Role.CLERK}))
def test_only_a_clerk_hands_over(role: Role) -> None:
    device, _clerk = waiting_device()
    body = {Role.OFFICE_OFFICER: device.office, Role.OFFICE_HEAD: device.office}
    other = builders.user(role, agency=body.get(role, device.agency))

    with pytest.raises((Refused, Device.DoesNotExist)):
        services.hand_over(device, pin="", serial_seen=device.serial, actor=other, now=NOW)

    device.refresh_from_db()
    assert device.custody == Custody.AT_AGENCY


def real_device(clerk: User) -> Device:
    """A device at the clerk's agency with a real key in a virtual token."""
    agency = clerk.agency
    operator = builders.user(Role.CA_OPERATOR)
    services.take_in("token", ["VG777001"], batch="1", actor=operator, now=NOW)
    services.make_next_keys(now=NOW)
    device = Device.objects.select_related("key").get(serial="VG777001")
    person = builders.person(at=agency)
    allocate_many(
        [Allocation(device, person)],
        agency=agency,
        office=agency.office,
        document=LETTER,
        actor=None,
        now=NOW,
    )
    builders.certificate(subscriber=person, key_pair=device.key)
    shipment = services.send([device], channel="hand", actor=operator, now=NOW)
    services.receive(shipment, serials=[device.serial], actor=clerk, now=NOW)
    return Device.objects.select_related("key").get(pk=device.pk)


@pytest.mark.django_db(transaction=True)
def test_the_subscriber_sets_the_first_pin_and_it_opens_the_key(ca: None) -> None:
    clerk = builders.user(Role.CLERK)
    device = real_device(clerk)
    assert device.key is not None
    with pytest.raises(tokens.NoPinYet):
        tokens.unlock(device.key, PIN, now=NOW)

    services.hand_over(device, pin=PIN, serial_seen=device.serial, actor=clerk, now=NOW)

    assert tokens.unlock(device.key, PIN, now=NOW).public_key() is not None


@pytest.mark.django_db(transaction=True)
def test_an_unfit_pin_hands_nothing_over(ca: None) -> None:
    clerk = builders.user(Role.CLERK)
    device = real_device(clerk)

    with pytest.raises(Refused) as refusal:
        services.hand_over(device, pin="1234", serial_seen=device.serial, actor=clerk, now=NOW)

    assert codes(refusal) == {"pin_length"}
    device.refresh_from_db()
    assert device.custody == Custody.AT_AGENCY
    assert not VirtualToken.objects.get().has_first_pin


@pytest.mark.django_db
def test_mau_07_closes_the_clocks_of_the_devices_it_names() -> None:
    first, second = device_at(Custody.WITH_SUBSCRIBER), device_at(Custody.WITH_SUBSCRIBER)
    letter = ("dossier", uuid4(), "Mẫu 07 số 15/UBND")
    assert first.agency is not None

    assert services.attach_notice([first], document=letter, actor=None, now=NOW) == 1

    assert not services.handed_over_without_notice(first.agency).exists()
    assert Deadline.objects.open().get().target_uuid == second.uuid
    assert second.agency is not None
    owed = services.handed_over_without_notice(second.agency).get()
    assert owed == second
    assert owed.handed_over_on == TODAY  # type: ignore[attr-defined]


@pytest.mark.django_db
def test_a_corrected_mau_07_tells_of_exactly_what_it_names_now() -> None:
    first, second = device_at(Custody.WITH_SUBSCRIBER), device_at(Custody.WITH_SUBSCRIBER)
    letter = ("dossier", uuid4(), "Mẫu 07 số 15/UBND")
    services.attach_notice([first], document=letter, actor=None, now=NOW)

    services.attach_notice([second], document=letter, actor=None, now=NOW)
    services.attach_notice([second], document=letter, actor=None, now=NOW)

    assert HandoverNotice.objects.get().move.device == second
    assert Deadline.objects.open().get().target_uuid == first.uuid


@pytest.mark.django_db
def test_a_withdrawn_mau_07_leaves_the_hand_over_owed() -> None:
    device = device_at(Custody.WITH_SUBSCRIBER)
    letter = ("dossier", uuid4(), "Mẫu 07 số 15/UBND")
    services.attach_notice([device], document=letter, actor=None, now=NOW)

    assert services.detach_notice(letter, actor=None, now=NOW) == 1

    assert device.agency is not None
    assert services.handed_over_without_notice(device.agency).exists()
    assert Deadline.objects.open().get().target_uuid == device.uuid


@pytest.mark.django_db
def test_a_hand_over_is_told_of_once_and_only_after_it_happened() -> None:
    device, waiting = device_at(Custody.WITH_SUBSCRIBER), device_at(Custody.AT_AGENCY)
    services.attach_notice([device], document=("dossier", uuid4(), "A"), actor=None, now=NOW)

    with pytest.raises(Refused) as again:
        services.attach_notice([device], document=("dossier", uuid4(), "B"), actor=None, now=NOW)
    with pytest.raises(Refused) as early:
        services.attach_notice([waiting], document=("dossier", uuid4(), "C"), actor=None, now=NOW)

    assert codes(again) == {"notice_sent_already"}
    assert codes(early) == {"not_handed_over"}


@pytest.mark.django_db
def test_many_devices_are_handed_over_in_one_go_or_none() -> None:
    first, clerk = waiting_device()
    assert first.agency is not None
    second = device_at(Custody.AT_AGENCY, agency=first.agency)
    both = [first, second]

    with pytest.raises(Refused) as refusal:
        services.hand_over_many(both, serials_seen=[first.serial], actor=clerk, now=NOW)
    untouched = Device.objects.filter(custody=Custody.AT_AGENCY).count()
    moves = services.hand_over_many(
        both, serials_seen=[one.serial for one in both], actor=clerk, now=NOW
    )

    assert codes(refusal) == {"serial_differs"}
    assert untouched == 2
    assert {move.holder for move in moves} == {
        one.subscriber.name for one in both if one.subscriber
    }
    assert Deadline.objects.filter(kind=DeadlineKind.HANDOVER_NOTICE).count() == 2
    assert all(services.ledger_agrees(Device.objects.get(pk=one.pk)) for one in both)


@pytest.mark.django_db
@time_machine.travel(NOW)
def test_the_page_of_many_hands_over_what_was_ticked_and_scanned(client: Client) -> None:
    first, clerk = waiting_device()
    assert first.agency is not None
    second, third = (device_at(Custody.AT_AGENCY, agency=first.agency) for _one in range(2))
    client.force_login(clerk)
    address = reverse("devices:hand_over_many")

    listed = client.get(address).text
    wrong = client.post(address, {"seen": first.serial, "typed": "VG-LA", "on": "20/11/2026"})
    answer = client.post(
        address, {"seen": first.serial, "typed": second.serial.lower(), "on": "20/11/2026"}
    )

    assert all(one.serial in listed for one in (first, second, third))
    assert wrong.status_code == 200
    assert answer.status_code == 302
    places = dict(Device.objects.values_list("pk", "custody"))
    assert [places[one.pk] for one in (first, second, third)] == [
        Custody.WITH_SUBSCRIBER,
        Custody.WITH_SUBSCRIBER,
        Custody.AT_AGENCY,
    ]
