"""A row of Mẫu 04 about a certificate on record: the clerk adds what is new."""

from __future__ import annotations

from portal.ca.models import Certificate, Storage
from requests_app.kinds.prefill import Filled, Selection


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


def fill(selection: Selection, /) -> list[Filled]:
    """Return a row for each certificate; the clerk says what is asked of it."""
    return [
        Filled(row_of(one, renews=False, changes=False), None)
        for one in selection.all_certificates()
    ]
