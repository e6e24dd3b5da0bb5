"""Mẫu 07: hand-overs that happened, each told of once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from devices import services as devices
from devices.models import HandoverNotice
from portal.core.rules import Violation
from requests_app.models import Dossier, DossierItem
from requests_app.rules.register import device_is_known


def violations(dossier: Dossier, items: Sequence[DossierItem], *, now: datetime) -> list[Violation]:
    """Return what stops the rows of a hand-over notice."""
    waiting = set(
        devices.handed_over_without_notice(dossier.agency).values_list("pk", flat=True)
    ) | set(
        HandoverNotice.objects.filter(document_uuid=dossier.uuid).values_list(
            "move__device", flat=True
        )
    )
    unknown = [
        device_is_known(
            item.device_id is not None, item.answers.get("device_serial", ""), item.position
        )
        for item in items
    ]
    not_handed_over = [
        Violation(
            "not_handed_over",
            f"Thiết bị {item.device.serial} chưa được bàn giao, hoặc việc bàn giao đã được "
            "thông báo bằng văn bản khác.",
            "Điều 11 Nghị định 68/2024/NĐ-CP",
            row=item.position,
            way_out="Bàn giao ở trang Thiết bị trước, hoặc bỏ dòng này.",
        )
        for item in items
        if item.device is not None and item.device_id not in waiting
    ]
    return [violation for violation in [*unknown, *not_handed_over] if violation]
