"""Mẫu 09: devices the sender had in its hands or its subscribers', each loss confirmed once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db.models import Max
from django.urls import reverse

from devices.lifecycle import Condition, Move
from devices.models import CustodyMove, Device
from portal.ca.models import Certificate
from portal.core.rules import Violation
from requests_app import kinds
from requests_app.kinds.base import EffectKind
from requests_app.kinds.duplicates import Asked, asked_twice
from requests_app.kinds.senders import devices_of_sender
from requests_app.kinds.targets import serial_of
from requests_app.models import Dossier, DossierItem
from requests_app.rules import devices as rules
from requests_app.rules import register
from requests_app.workflow import State

_OTHERS = (EffectKind.RECORD_LOSS,)


def violations(dossier: Dossier, items: Sequence[DossierItem], *, now: datetime) -> list[Violation]:
    """Return what stops the rows of minutes of loss."""
    devices = [item.device for item in items if item.device is not None]
    theirs = devices_of_sender(dossier.agency_id, devices)
    confirmed = _confirmed(devices)
    keys = [device.key_id for device in devices if device.key_id]
    on_keys: dict[int | None, set[str]] = defaultdict(set)
    for key, serial in Certificate.objects.filter(key__in=keys).values_list("key", "serial"):
        on_keys[key].add(serial)
    found: list[Violation | None] = []
    for item in items:
        row, device, answers = item.position, item.device, item.answers
        if device is None or device.pk not in theirs:
            found.append(register.device_is_known(False, answers.get("device_serial", ""), row))
            continue
        holder = device.subscriber.name if device.subscriber else ""
        name, serials = answers.get("subscriber_name", ""), on_keys[device.key_id]
        found += [
            *_of_standing(device, confirmed.get(device.pk), row=row),
            register.name_is_the_registered(name, holder, row, thing="Thiết bị"),
            rules.certificate_is_on_device(serial_of(answers), serials, device.serial, row),
        ]
    others = asked_twice(dossier, items, by=_OTHERS)
    return [*(violation for violation in found if violation), *others]


def of_device(device: Device, *, asked: Asked | None = None) -> list[Violation]:
    """Return why the loss of ``device`` can't be told on a Mẫu 09; empty when it can."""
    found = _of_standing(device, _confirmed([device]).get(device.pk), row=None)
    if device.agency_id is None:
        return found  # of the stock: nobody makes minutes of it
    item = DossierItem(device=device, title=str(device))
    others = asked_twice(Dossier(agency_id=device.agency_id), [item], by=_OTHERS, asked=asked)
    return [*found, *others]


def _of_standing(device: Device, minutes: Dossier | None, *, row: int | None) -> list[Violation]:
    link = reverse("devices:detail", args=[device.uuid])
    found = [
        rules.agency_answers_for(device.custody, device.serial, row, link=link),
        rules.loss_is_not_confirmed_yet(
            minutes.letter_number if minutes else "",
            device.serial,
            row,
            link=reverse("requests_app:detail", args=[minutes.uuid]) if minutes else "",
        ),
    ]
    return [violation for violation in found if violation]


def _confirmed(devices: Iterable[Device]) -> dict[int, Dossier]:
    """Return device → the minutes the CA received about the loss it is still in."""
    lost = [device.pk for device in devices if device.condition == Condition.LOST]
    since = dict(
        CustodyMove.objects.filter(device__in=lost, move=Move.REPORT_LOST)
        .values_list("device")
        .annotate(Max("at"))
    )
    codes = kinds.codes_with(EffectKind.RECORD_LOSS)
    rows = DossierItem.objects.filter(
        device__in=lost, dossier__kind__in=codes, dossier__state=State.COMPLETED
    ).select_related("dossier")
    found = {}
    for row in rows.defer("answers"):
        minutes, lost_at = row.dossier, since.get(row.device_id or 0)
        # Minutes that ended before the loss was entered speak of an earlier one.
        is_of_this = lost_at is None or (minutes.ended_at and minutes.ended_at >= lost_at)
        if row.device_id and is_of_this:
            found[row.device_id] = minutes
    return found
