"""What a row is about: the columns that lists, rules and joins need, filled from its answers."""

from __future__ import annotations

from collections.abc import Sequence

from devices.models import Device
from portal.accounts.models import User
from portal.core.fields import keyed_hash
from portal.core.text import search_key
from requests_app.kinds.base import Kind
from requests_app.models import DossierItem


def fill_columns(kind: Kind, items: Sequence[DossierItem], *, actor: User) -> None:
    """Set title, storage, identity hash and, where the kind is about a device, the device.

    A person or body is matched only when the row is accepted: a clerk never learns whether a
    person exists elsewhere.
    """
    for item in items:
        item.title = kind.item_title(item.answers)[:250]
        item.search_title = search_key(item.title)[:250]
        item.storage = kind.storage_of(item.answers)
        key = kind.identity_key(item.answers)
        item.identity_hash = keyed_hash(key) if key else ""
    if kind.about == "device":
        _find_devices(items, actor=actor)


def _find_devices(items: Sequence[DossierItem], *, actor: User) -> None:
    serials = {item.answers.get("device_serial", "") for item in items} - {""}
    devices = {
        device.serial: device
        for device in Device.objects.visible_to(actor)
        .filter(serial__in=serials)
        .select_related("subscriber", "key")
    }
    for item in items:
        device = devices.get(item.answers.get("device_serial", ""))
        item.device = device
        item.subscriber = device.subscriber if device else None
