"""Rows the portal can fill in by itself from what was chosen: a kind's ``prefill.fill``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from devices.models import Device
from portal.accounts.models import User
from portal.agencies.models import Subscriber
from portal.ca.models import Certificate
from requests_app.kinds.targets import newest_certificates


class Filled(NamedTuple):
    """The answers of a row, and whose number may stand in it."""

    answers: dict[str, str]
    subscriber: Subscriber | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What was chosen on a page; the actor sees all of it."""

    actor: User
    certificates: Sequence[Certificate]
    devices: Sequence[Device]
    now: datetime

    def all_certificates(self) -> list[Certificate]:
        """Return the certificates, and those issued last on the devices."""
        newest = newest_certificates(self.devices)
        on_devices = (newest.get(device.key_id) for device in self.devices)
        pks = [one.pk for one in [*self.certificates, *on_devices] if one is not None]
        return certificates_of(self.actor, pks)

    def all_devices(self) -> list[Device]:
        """Return the devices, and those the certificates' keys are in."""
        of_keys = (getattr(one.key, "device", None) for one in self.certificates)
        pks = [one.pk for one in [*self.devices, *of_keys] if one is not None]
        return devices_of(self.actor, pks)


class Fill(Protocol):
    """Returns the rows of a kind for what was chosen."""

    def __call__(self, selection: Selection, /) -> list[Filled]: ...


def certificates_of(actor: User, pks: Sequence[int]) -> list[Certificate]:
    """Return the actor's certificates in that order, each once."""
    found = Certificate.objects.visible_to(actor).select_related(
        "subscriber__organisation", "key__device", "agency"
    )
    by_pk = {one.pk: one for one in found.filter(pk__in=pks)} if pks else {}
    if missing := set(pks) - set(by_pk):
        raise Certificate.DoesNotExist(f"not visible: {sorted(missing)}")
    return [by_pk[pk] for pk in dict.fromkeys(pks)]


def devices_of(actor: User, pks: Sequence[int]) -> list[Device]:
    """Return the actor's devices in that order, each once."""
    found = Device.objects.visible_to(actor).select_related("subscriber", "agency", "key")
    by_pk = {one.pk: one for one in found.filter(pk__in=pks)} if pks else {}
    if missing := set(pks) - set(by_pk):
        raise Device.DoesNotExist(f"not visible: {sorted(missing)}")
    return [by_pk[pk] for pk in dict.fromkeys(pks)]
