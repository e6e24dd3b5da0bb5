"""What the audit record says was done to bodies and subscribers, and its words."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from portal.agencies.models import Agency
from portal.audit import services as audit
from portal.audit.words import ActGroup, AuditTarget

TARGETS = (
    AuditTarget("agency", _("Đơn vị"), order=100),
    AuditTarget("subscriber", _("Thuê bao"), order=110),
)
ACTS = (
    ActGroup(
        "agency",
        about="agency",
        order=120,
        words={
            "register": _("Thêm đơn vị"),
            "change": _("Thay đổi thông tin đơn vị"),
            "succeed": _("Ghi nhận sáp nhập, chia tách đơn vị"),
            "settle_names": _("Xem lại cách viết tên đơn vị"),
            "take_effect": _("Thông tin đơn vị bắt đầu có hiệu lực"),
            "add_signer": _("Ghi nhận người được ký thay mặt đơn vị"),
            "end_signer": _("Ghi ngày kết thúc quyền ký"),
            "hand_on_bodies": _("Chuyển các đơn vị sang Sở khác theo dõi"),
        },
    ),
    ActGroup(
        "subscriber",
        about="subscriber",
        order=130,
        words={
            "reveal": _("Xem số định danh cá nhân"),
        },
    ),
)


def agency_act(action: str, agency: Agency, data: Mapping[str, object]) -> audit.Act:
    """Return the audit act about a body."""
    return audit.Act(
        action=action,
        target_type="agency",
        target_uuid=agency.uuid,
        agency_uuid=agency.uuid,
        office_uuid=agency.office.uuid if agency.office else None,
        data={"name": agency.name, **data},
    )
