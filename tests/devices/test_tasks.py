"""The sweeps: run twice they do what they do once."""

from __future__ import annotations

import pytest
from django.utils import timezone
from pytest_django import Settings

from devices import tasks
from devices.lifecycle import Custody
from devices.models import Device
from devices.services import take_in
from portal.ca.models import Certificate, KeyPair
from portal.core.roles import Role
from tests import builders
from tests.builders import NOW
from tests.devices.builders import device_at

pytestmark = pytest.mark.django_db


def test_the_sweep_makes_every_key_once(ca: None) -> None:
    serials = [f"VG{number:03d}" for number in range(12)]
    operator = builders.user(Role.CA_OPERATOR)
    take_in("token", serials, batch="1", actor=operator, now=NOW)

    tasks.make_keys()
    tasks.make_keys()

    assert KeyPair.objects.count() == 12
    assert not Device.objects.filter(key__isnull=True).exists()


def test_where_no_keys_can_be_made_the_sweep_says_so_and_the_lot_waits(
    caplog: pytest.LogCaptureFixture, settings: Settings
) -> None:
    settings.SIMULATION = False
    operator = builders.user(Role.CA_OPERATOR)
    intake = take_in("token", ["VG001"], batch="1", actor=operator, now=NOW)

    tasks.make_keys()

    assert "no keys are made" in caplog.text
    intake.refresh_from_db()
    assert (intake.ended_at, intake.claimed_until) == (None, None)


def test_the_sweep_for_locked_tokens_has_nothing_to_do_at_first() -> None:
    tasks.lock_exhausted()

    assert not Device.objects.exists()


def test_the_sweep_of_expired_certificates_goes_on_until_all_were_seen() -> None:
    agency = builders.agency(office=builders.office())
    devices = [device_at(Custody.WITH_SUBSCRIBER, agency=agency) for _one in range(3)]
    Certificate.objects.update(not_after=timezone.now())

    tasks.recall_expired()
    tasks.recall_expired()

    found = Device.objects.filter(pk__in=[device.pk for device in devices])
    assert {device.custody for device in found} == {Custody.TO_BE_RETURNED}
    assert found[0].moves.filter(move="recall").count() == 1
