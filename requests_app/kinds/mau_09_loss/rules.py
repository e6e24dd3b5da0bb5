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
    serials = _certificates_on(devices)
    found: list[Violation] = []
    for item in items:
        if item.device is None or item.device_id not in theirs:
            serial = item.answers.get("device_serial", "")
            unknown = register.device_is_known(False, serial, item.position)
            found += [unknown] if unknown else []
        else:
            minutes = confirmed.get(item.device.pk)
            found += _of_standing(item.device, minutes, row=item.position)
            found += _of_answers(item, item.device, serials[item.device.key_id])
    return [*found, *asked_twice(dossier, items, by=_OTHERS)]


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


def _of_answers(item: DossierItem, device: Device, serials: set[str]) -> list[Violation]:
    holder = device.subscriber.name if device.subscriber else ""
    named = item.answers.get("subscriber_name", "")
    found = [
        register.name_is_the_registered(named, holder, item.position, thing="Thiết bị"),
        rules.certificate_is_on_device(
            serial_of(item.answers), serials, device.serial, item.position
        ),
    ]
    return [violation for violation in found if violation]


def _certificates_on(devices: Iterable[Device]) -> dict[int | None, set[str]]:
    """Return key → the numbers of the certificates on it."""
    keys = [device.key_id for device in devices if device.key_id]
    found: dict[int | None, set[str]] = defaultdict(set)
    for key, serial in Certificate.objects.filter(key__in=keys).values_list("key", "serial"):
        found[key].add(serial)
    return found


def _confirmed(devices: Iterable[Device]) -> dict[int, Dossier]:
    """Return device → the minutes the CA received about the loss it is still in."""
    lost = [device.pk for device in devices if device.condition == Condition.LOST]
    since = dict(
        CustodyMove.objects.filter(device__in=lost, move=Move.REPORT_LOST)
        .values_list("device")
        .annotate(Max("at"))
    )
    codes = [kind.code for kind in kinds.KINDS.values() if kind.effect is EffectKind.RECORD_LOSS]
    rows = DossierItem.objects.filter(
        device__in=lost, dossier__kind__in=codes, dossier__state=State.COMPLETED
    ).select_related("dossier")
    return {
        row.device_id: row.dossier
        for row in rows.defer("answers")
        if row.device_id and _is_of_this_loss(row.dossier, since.get(row.device_id))
    }


def _is_of_this_loss(minutes: Dossier, since: datetime | None) -> bool:
    """Say whether minutes speak of a loss that was entered at ``since``: none ended before it."""
    return since is None or (minutes.ended_at is not None and minutes.ended_at >= since)
