"""Mẫu 06: the row of a locked device, from the certificate on it."""

from __future__ import annotations

from devices.models import Device
from requests_app.services.targets import newest_certificates


def row_of(device: Device) -> dict[str, str]:
    """Return the answers of one device's row; what the register does not know stays blank."""
    certificate = newest_certificates([device]).get(device.key_id)
    holder = device.subscriber.name if device.subscriber else ""
    return {
        "device_serial": device.serial,
        "certificate_name": certificate.common_name if certificate else holder,
        "workplace": device.agency.name if device.agency else "",
        "email": certificate.email if certificate else "",
    }
