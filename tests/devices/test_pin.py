"""The PIN after recovery and its change: who types it, what is refused, what is told."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse

from devices.lifecycle import Condition, Move
from devices.models import Device
from devices.pins import services as pins
from devices.services import make_move
from portal.accounts.models import User
from portal.agencies.models import Agency, Subscriber
from portal.audit.models import AuditEntry
from portal.ca.models import VirtualToken
from portal.ca.tokens import services as tokens
from portal.core.roles import Role
from portal.core.rules import Refused
from portal.notices.models import Notice
from tests import builders, story

pytestmark = pytest.mark.usefixtures("ca")

NOW = builders.NOW
NEW_PIN = "Moi-2026"


@pytest.fixture
def agency(db: None) -> Agency:
    return builders.agency(office=builders.office())


@pytest.fixture
def subscriber(agency: Agency) -> Subscriber:
    return builders.person("Lò Văn Khóa", at=agency)


@pytest.fixture
def device(subscriber: Subscriber) -> Device:
    """A device in its subscriber's hands, its PIN set."""
    return Device.objects.get(key=story.give_certificate(subscriber).key)


@pytest.fixture
def recovered(device: Device) -> Device:
    """The device after recovery: no PIN yet."""
    assert device.key is not None
    tokens.start_recovery(device.key, dossier=uuid4(), letter_number="01/UBND", now=NOW)
    return device


@pytest.fixture
def clerk(agency: Agency) -> User:
    return builders.user(Role.CLERK, agency=agency)


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def page(name: str, device: Device) -> str:
    return reverse(f"devices:{name}", args=[device.uuid])


def typed(device: Device, **changes: str) -> dict[str, str]:
    return {"serial_seen": device.serial, "pin": NEW_PIN, "pin_again": NEW_PIN} | changes


def opens_with(device: Device, pin: str) -> bool:
    assert device.key is not None
    try:
        tokens.unlock(device.key, pin, now=NOW)
    except (tokens.WrongPin, tokens.NoPinYet):
        return False
    return True


def test_at_the_clerks_desk_a_recovered_device_gets_its_new_pin(
    recovered: Device, clerk: User
) -> None:
    client = client_of(clerk)
    assert "Thiết bị chưa có mã PIN" in client.get(page("detail", recovered)).content.decode()

    answer = client.post(page("new_pin", recovered), typed(recovered), follow=True)

    said = answer.content.decode()
    assert "Đã đặt mã PIN mới" in said
    assert "Thiết bị chưa có mã PIN" not in said
    assert opens_with(recovered, NEW_PIN)
    entry = AuditEntry.objects.get(action="device.set_pin")
    assert (entry.target_uuid, entry.actor_uuid) == (recovered.uuid, clerk.uuid)
    assert NEW_PIN not in str(entry.data)


def test_the_subscriber_sets_it_signed_in_as_oneself(
    recovered: Device, subscriber: Subscriber, agency: Agency
) -> None:
    head = builders.user(Role.HEAD, agency=agency, person=subscriber)

    client_of(head).post(page("new_pin", recovered), typed(recovered))

    assert opens_with(recovered, NEW_PIN)
    assert not Notice.objects.filter(recipient=head).exists()


def test_the_subscriber_is_told_when_it_was_set_at_anothers_keyboard(
    recovered: Device, subscriber: Subscriber, agency: Agency, clerk: User
) -> None:
    head = builders.user(Role.HEAD, agency=agency, person=subscriber)

    client_of(clerk).post(page("new_pin", recovered), typed(recovered))

    assert recovered.serial in Notice.objects.get(recipient=head).title


@pytest.mark.parametrize("role", [Role.HEAD, Role.OFFICE_OFFICER, Role.CA_OPERATOR])
def test_nobody_else_sets_a_pin(recovered: Device, agency: Agency, role: Role) -> None:
    home = agency if role == Role.HEAD else agency.office
    user = builders.user(role, agency=None if role == Role.CA_OPERATOR else home)

    for name in ("new_pin", "change_pin"):
        assert client_of(user).post(page(name, recovered), typed(recovered)).status_code == 403
    with pytest.raises(PermissionDenied):
        pins.set_new_pin(recovered, pin=NEW_PIN, serial_seen=recovered.serial, actor=user, now=NOW)
    assert not opens_with(recovered, NEW_PIN)


def test_a_clerk_elsewhere_does_not_find_the_device(recovered: Device) -> None:
    stranger = builders.user(Role.CLERK)

    assert client_of(stranger).get(page("new_pin", recovered)).status_code == 404


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"pin": "68-nam-can", "pin_again": "68-nam-cam"}, "pin_again"),
        ({"pin": "1234567", "pin_again": "1234567"}, "pin"),
        ({"pin": "mật khẩu 1", "pin_again": "mật khẩu 1"}, "pin"),
        ({"pin": "12345678", "pin_again": "12345678"}, "pin"),
        ({"pin": ""}, "pin"),
        ({"serial_seen": ""}, "serial_seen"),
    ],
)
def test_an_unfit_pin_is_refused_beside_its_field(
    recovered: Device, clerk: User, changes: dict[str, str], field: str
) -> None:
    answer = client_of(clerk).post(page("new_pin", recovered), typed(recovered, **changes))

    assert answer.status_code == 200
    assert field in answer.context["form"].errors
    assert pins.needs_new_pin(recovered)


def test_the_device_in_hand_is_the_one_on_the_page(recovered: Device, clerk: User) -> None:
    other = typed(recovered, serial_seen="BIT4ID-999999")

    answer = client_of(clerk).post(page("new_pin", recovered), other)

    assert [one.code for one in answer.context["violations"]] == ["serial_differs"]
    assert pins.needs_new_pin(recovered)


def test_a_device_that_has_its_pin_gets_no_new_one(device: Device, clerk: User) -> None:
    answer = client_of(clerk).post(page("new_pin", device), typed(device), follow=True)

    assert "không chờ đặt mã PIN mới" in answer.content.decode()
    with pytest.raises(Refused) as refusal:
        pins.set_new_pin(device, pin=NEW_PIN, serial_seen=device.serial, actor=clerk, now=NOW)
    assert [one.code for one in refusal.value.violations] == ["no_pin_to_set"]
    assert opens_with(device, story.PIN)


def test_a_lost_device_gets_no_pin(recovered: Device, clerk: User) -> None:
    make_move(recovered, Move.REPORT_LOST, actor=clerk, now=NOW, reason="Mất túi")
    recovered.refresh_from_db()

    assert recovered.condition == Condition.LOST
    assert not pins.needs_new_pin(recovered)
    with pytest.raises(Refused):
        pins.set_new_pin(recovered, pin=NEW_PIN, serial_seen=recovered.serial, actor=clerk, now=NOW)


def test_who_knows_the_pin_changes_it(device: Device, clerk: User) -> None:
    client = client_of(clerk)
    assert page("change_pin", device) in client.get(page("detail", device)).content.decode()

    new = typed(device, old=story.PIN)
    answer = client.post(page("change_pin", device), new, follow=True)

    assert "Đã đổi mã PIN" in answer.content.decode()
    assert opens_with(device, NEW_PIN)
    assert AuditEntry.objects.filter(action="key.change_pin").count() == 1


def test_a_wrong_old_pin_costs_a_try_and_is_told(device: Device, clerk: User) -> None:
    new = typed(device, old="sai-ma-pin")

    answer = client_of(clerk).post(page("change_pin", device), new)

    assert str(settings.PIN_TRIES - 1) in answer.context["form"].errors["old"][0]
    assert NEW_PIN not in answer.content.decode()
    assert opens_with(device, story.PIN)


def test_the_last_wrong_old_pin_locks_and_the_page_leads_back(
    device: Device, subscriber: Subscriber, agency: Agency
) -> None:
    VirtualToken.objects.filter(key=device.key_id).update(tries_left=1)
    client = client_of(builders.user(Role.CLERK, agency=agency, person=subscriber))
    new = typed(device, old="sai-ma-pin")

    client.post(page("change_pin", device), new)
    answer = client.post(page("change_pin", device), new, follow=True)

    assert "không đổi mã PIN được" in answer.content.decode()
    assert VirtualToken.objects.get(key=device.key_id).locked_at is not None


def test_no_pin_is_asked_for_real_hardware(subscriber: Subscriber, clerk: User) -> None:
    key = builders.key()
    builders.certificate(subscriber=subscriber, key_pair=key)
    device = builders.in_hands_of(subscriber, key)

    said = client_of(clerk).get(page("detail", device)).content.decode()

    assert page("new_pin", device) not in said
    assert page("change_pin", device) not in said
