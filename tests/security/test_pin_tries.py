"""A colleague's token is not locked by trying PINs at it."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse

from devices.models import Device
from devices.pins import services as pins
from portal.accounts.models import User
from portal.agencies.models import Agency, Subscriber
from portal.ca.models import VirtualToken
from portal.ca.tokens import services as tokens
from portal.core.roles import Role
from portal.core.rules import Refused
from tests import builders, story

pytestmark = [pytest.mark.usefixtures("ca"), pytest.mark.django_db]
NOW = builders.NOW
NEW_PIN = "Moi-2026"


@pytest.fixture
def agency(db: None) -> Agency:
    return builders.agency(office=builders.office())


@pytest.fixture
def person(agency: Agency) -> Subscriber:
    return builders.person("Lò Văn Khóa", at=agency)


@pytest.fixture
def device(person: Subscriber) -> Device:
    return Device.objects.get(key=story.give_certificate(person).key)


@pytest.fixture
def clerk(agency: Agency) -> User:
    return builders.user(Role.CLERK, agency=agency)


def tries_left(device: Device) -> int:
    return VirtualToken.objects.get(key=device.key_id).tries_left


def attempt(device: Device, actor: User, *, old: str = "sai-ma-pin", serial: str = "") -> str:
    """Return what a try at the PIN is answered with."""
    try:
        pins.change_pin(device, old=old, new=NEW_PIN, serial_seen=serial, actor=actor, now=NOW)
    except Refused as refusal:
        return refusal.violations[0].code
    except (PermissionDenied, tokens.WrongPin, tokens.Locked) as error:
        return type(error).__name__
    return "changed"


def test_who_has_an_account_is_the_only_one_to_try(
    device: Device, person: Subscriber, agency: Agency, clerk: User
) -> None:
    holder = builders.user(Role.HEAD, agency=agency, person=person)

    assert attempt(device, clerk, serial=device.serial) == "PermissionDenied"
    browser = Client()
    browser.force_login(clerk)
    page = reverse("devices:change_pin", args=[device.uuid])
    assert browser.post(page, {"old": "x"}).status_code == 403
    assert tries_left(device) == settings.PIN_TRIES
    assert attempt(device, holder, old=story.PIN) == "changed"


def test_at_the_clerks_desk_the_device_is_at_hand(device: Device, clerk: User) -> None:
    assert attempt(device, clerk) == "serial_differs"
    assert tries_left(device) == settings.PIN_TRIES
    assert attempt(device, clerk, old=story.PIN, serial=device.serial) == "changed"


def test_at_the_clerks_desk_half_of_the_tries_stay_the_holders(device: Device, clerk: User) -> None:
    answers = [attempt(device, clerk, serial=device.serial) for _time in range(20)]

    assert answers.count("WrongPin") == settings.PIN_TRIES // 2
    assert answers[-1] == "tries_are_the_holders"
    assert tries_left(device) == settings.PIN_TRIES // 2
    assert device.key is not None
    tokens.unlock(device.key, story.PIN, now=NOW)  # it opens


@pytest.mark.parametrize("role", [Role.HEAD, Role.IT_OFFICER, Role.OFFICE_OFFICER])
def test_nobody_else_tries(device: Device, agency: Agency, role: Role) -> None:
    home = agency.office if role == Role.OFFICE_OFFICER else agency
    user = builders.user(role, agency=home)

    assert attempt(device, user, serial=device.serial) == "PermissionDenied"
    assert tries_left(device) == settings.PIN_TRIES
