"""Mẫu 09: the row of a device that was lost. When and where is for those who know to say."""

from __future__ import annotations

from devices.lifecycle import Condition, Move
from devices.models import Device
from requests_app.kinds.base import EffectKind
from requests_app.kinds.mau_09_loss import ASKED, WILL_ASK
from requests_app.services.row_rules.duplicates import standing_rows
from requests_app.services.targets import newest_certificates


def row_of(device: Device) -> dict[str, str]:
    """Return the answers of one device's row, with what was told when its loss was reported."""
    certificate = newest_certificates([device]).get(device.key_id)
    return {
        "subscriber_name": device.subscriber.name if device.subscriber else "",
        "device_serial": device.serial,
        "certificate_serial": certificate.serial if certificate else "",
        "circumstances": _told(device),
        "revocation": ASKED if certificate and _is_asked_for(certificate.pk) else WILL_ASK,
    }


def _told(device: Device) -> str:
    if device.condition != Condition.LOST:
        return ""
    reports = device.moves.filter(move=Move.REPORT_LOST).order_by("-pk")
    return " ".join((reports.values_list("note", flat=True).first() or "").split())


def _is_asked_for(certificate: int) -> bool:
    return standing_rows({EffectKind.REVOKE}).filter(certificate=certificate).exists()
