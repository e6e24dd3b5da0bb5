"""What the audit record says was done to deliveries of what existed before, and its words."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from portal.audit import services as audit
from portal.audit.words import ActGroup, AuditTarget
from portal.estate.models import Delivery

TARGETS = (AuditTarget("delivery", _("Đợt đưa hiện trạng vào"), order=175),)
ACTS = (
    ActGroup(
        "estate",
        about="delivery",
        order=34,
        words={
            "hand_in": _("Tải lên danh sách, tệp chứng thư hiện có"),
            "columns": _("Ghi ý nghĩa các cột của danh sách"),
            "decide": _("Quyết định điều chưa rõ của danh sách"),
            "start": _("Cho đưa hiện trạng vào"),
            "carry": _("Đưa chứng thư, thuê bao, thiết bị hiện có vào"),
            "undo": _("Gỡ ra những gì đã đưa vào"),
            "mend": _("Xử lý chênh lệch giữa danh sách và hệ thống"),
            "answer": _("Trả lời Sở về chứng thư qua đối chiếu"),
            "drop": _("Bỏ đợt đưa hiện trạng vào"),
        },
    ),
)


def delivery_act(action: str, delivery: Delivery, **data: object) -> audit.Act:
    """Return the audit act about a delivery."""
    return audit.Act(
        action=action,
        target_type="delivery",
        target_uuid=delivery.uuid,
        agency_uuid=delivery.office.uuid,
        office_uuid=delivery.office.uuid,
        data=data,
    )
