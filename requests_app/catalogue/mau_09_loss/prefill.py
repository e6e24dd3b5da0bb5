"""Mẫu 09: the rows of devices that were lost. When and where is for those who know to say."""

from __future__ import annotations

from collections.abc import Sequence

from devices.lifecycle import Condition, Move
from devices.models import CustodyMove, Device
from requests_app.catalogue.mau_09_loss.form import ASKED, WILL_ASK
from requests_app.kinds.base import EffectKind
from requests_app.kinds.duplicates import standing_rows
from requests_app.kinds.prefill import Filled, Selection
from requests_app.kinds.targets import newest_certificates


def rows_of(devices: Sequence[Device]) -> list[dict[str, str]]:
    """Return the answers of each device's row, with what was told when its loss was reported."""
    # Device → what was said when it was reported lost, of those lost now.
    lost = [device.pk for device in devices if device.condition == Condition.LOST]
    reports = CustodyMove.objects.filter(device__in=lost, move=Move.REPORT_LOST).order_by("pk")
    newest, told = (
        newest_certificates(devices),
        {
            device: " ".join(note.split())  # the latest stays
            for device, note in reports.values_list("device", "note")
        },
    )
    revoking = standing_rows({EffectKind.REVOKE}).filter(
        certificate__in=[one.pk for one in newest.values()]
    )
    asked = set(revoking.values_list("certificate", flat=True))
    return [
        {
            "subscriber_name": device.subscriber.name if device.subscriber else "",
            "device_serial": device.serial,
            "certificate_serial": certificate.serial if certificate else "",
            "circumstances": told.get(device.pk, ""),
            "revocation": ASKED if certificate and certificate.pk in asked else WILL_ASK,
        }
        for device in devices
        for certificate in [newest.get(device.key_id)]
    ]


def fill(selection: Selection, /) -> list[Filled]:
    """Return a row for each device."""
    return [Filled(row, None) for row in rows_of(selection.all_devices())]
