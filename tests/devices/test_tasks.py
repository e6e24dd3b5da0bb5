"""The sweeps: run twice they do what they do once."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from devices import tasks
from devices.models import Device
from devices.services import take_in
from portal.ca.models import KeyPair
from portal.core.roles import Role
from tests import builders
from tests.builders import NOW

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
