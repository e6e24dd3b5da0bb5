"""Mẫu 08: devices that are back at the agency, each in one open set of minutes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.urls import reverse

from devices.lifecycle import Condition, Custody
from devices.models import Device
from portal.agencies.querysets import ancestors_of
from portal.core.rules import Violation
from requests_app.kinds.base import EffectKind
from requests_app.kinds.duplicates import Asked, asked_twice
from requests_app.kinds.targets import serial_of
from requests_app.models import Dossier, DossierItem
from requests_app.rules import register
from requests_app.rules import returns as rules


def violations(dossier: Dossier, items: Sequence[DossierItem], *, now: datetime) -> list[Violation]:
    """Return what stops the rows of minutes of giving back."""
    # The body and the predecessors that went over to it: their devices are its own.
    bodies = {dossier.agency.pk, *ancestors_of(dossier.agency.pk)}
    found: list[Violation | None] = []
    for item in items:
        row, device, certificate = item.position, item.device, item.certificate
        if device is None or device.agency_id not in bodies:
            serial = item.answers.get("device_serial", "")
            found.append(register.device_is_known(False, serial, row))
            continue
        on_device = certificate.serial if certificate else ""
        found += [
            *_of_place(device, row),
            rules.certificate_is_the_devices(
                serial_of(item.answers), on_device, device.serial, row
            ),
            rules.reason_holds(
                item.answers.get("reason", ""),
                is_expired=certificate is not None and certificate.not_after <= now,
                is_revoked=certificate is not None and certificate.revoked_at is not None,
                row=row,
            ),
        ]
    others = asked_twice(dossier, items, by={EffectKind.GIVE_BACK})
    return [*(violation for violation in found if violation), *others]


def of_device(device: Device, *, asked: Asked | None = None) -> list[Violation]:
    """Return why ``device`` can't be given back on a Mẫu 08 now; empty when it can."""
    item = DossierItem(device=device, title=str(device))
    found = [violation for violation in _of_place(device, None) if violation]
    if device.agency_id is None:
        return found  # of the stock: it stands in nobody's minutes
    sender = Dossier(agency_id=device.agency_id)
    others = asked_twice(sender, [item], by={EffectKind.GIVE_BACK}, asked=asked)
    return [*found, *others]


def _of_place(device: Device, row: int | None) -> list[Violation | None]:
    link = reverse("devices:detail", args=[device.uuid])
    is_lost = device.condition == Condition.LOST
    if is_lost:
        return [rules.device_is_in_hand(is_lost, device.serial, row, link=link)]
    is_back = device.custody == Custody.BACK_AT_AGENCY
    where = str(Custody(device.custody).label)
    return [rules.device_is_back(is_back, device.serial, where, row, link=link)]
