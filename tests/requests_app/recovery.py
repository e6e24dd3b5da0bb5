"""Locked devices and the requests to unlock them, for the tests of Mẫu 06."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from devices import services as devices
from devices.lifecycle import Move
from devices.models import Device
from portal.ca.models import Certificate, VirtualToken
from requests_app.catalogue.mau_06_recover.prefill import rows_of
from requests_app.models import Dossier, Procedure
from requests_app.workflow import Route
from tests import builders, story
from tests.builders import NOW

CONTACT = story.CONTACT | {"workplace": "UBND xã Tân Uyên"}


def cast(route: Route = Route.OFFICE_ONLY) -> story.Cast:
    """The people of a recovery, and the rule it goes by."""
    return story.cast(route, procedure=Procedure.RECOVER)


def locked(people: story.Cast, name: str = "Lò Văn Khóa", *, storage: str = "token") -> Device:
    """A device on which the last try was wrong, entered in the ledger by the sweep."""
    certificate = story.give_certificate(builders.person(name, at=people.agency), storage=storage)
    return lock(certificate)


def lock(certificate: Certificate, *, now: datetime = NOW) -> Device:
    token = VirtualToken.objects.filter(key=certificate.key_id)
    token.update(tries_left=0, locked_at=now)
    devices.lock_exhausted(now=now)
    return Device.objects.get(key=certificate.key_id)


def real_hardware(people: story.Cast) -> Device:
    """A locked device whose key the portal has no half of."""
    person = builders.person(at=people.agency)
    key = builders.key()
    builders.certificate(subscriber=person, key_pair=key)
    device = builders.in_hands_of(person, key)
    reason = "Nhập sai mật khẩu"
    devices.make_move(device, Move.LOCK, actor=people.clerk, now=NOW, reason=reason)
    device.refresh_from_db()
    return device


def row(device: Device, **changes: str) -> Mapping[str, str]:
    """A right row for a device."""
    return rows_of([device])[0] | changes


def draft(people: story.Cast, *rows: Mapping[str, str]) -> Dossier:
    return story.draft_of(people, "mau_06_recover", rows, contact=CONTACT)


def confirmed(people: story.Cast, *found: Device, refuse: int = 0) -> Dossier:
    """Sent, decided and confirmed: the worker's turn."""
    sent = story.send_in_ink(draft(people, *map(row, found)), people)
    return story.confirm(story.decide(sent, people, refuse=refuse), people)
