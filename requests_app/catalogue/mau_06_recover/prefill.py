"""Mẫu 06: the rows of locked devices, from the certificates on them."""

from __future__ import annotations

from collections.abc import Sequence

from devices.models import Device
from requests_app.kinds.prefill import Filled, Selection
from requests_app.kinds.targets import newest_certificates


def rows_of(devices: Sequence[Device]) -> list[dict[str, str]]:
    """Return the answers of each device's row; what the register does not know stays blank."""
    newest = newest_certificates(devices)
    rows = []
    for device in devices:
        certificate = newest.get(device.key_id)
        holder = device.subscriber.name if device.subscriber else ""
        rows.append(
            {
                "device_serial": device.serial,
                "certificate_name": certificate.common_name if certificate else holder,
                "workplace": device.agency.name if device.agency else "",
                "email": certificate.email if certificate else "",
            }
        )
    return rows


def fill(selection: Selection, /) -> list[Filled]:
    """Return a row for each device."""
    return [Filled(row, None) for row in rows_of(selection.all_devices())]
