"""A row of Mẫu 04 about a certificate on record: the clerk adds what is new."""

from __future__ import annotations

from portal.ca.models import Certificate, Storage


def row_of(certificate: Certificate, *, renews: bool, changes: bool) -> dict[str, str]:
    """Return the answers of a new row; what the register does not know stays blank."""
    device = getattr(certificate.key, "device", None)
    is_sim = certificate.key.storage == Storage.SIM
    return {
        "certificate_name": certificate.common_name,
        "certificate_serial": certificate.serial,
        "signing_phone": device.phone if device is not None and is_sim else "",
        "email": certificate.email,
        "renews": "x" if renews else "",
        "changes": "x" if changes else "",
    }
