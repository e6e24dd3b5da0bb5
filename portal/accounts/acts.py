"""What the audit record says was done to accounts, and its words."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from portal.accounts.models import User
from portal.audit import services as audit
from portal.audit.words import ActGroup, AuditTarget

TARGETS = (AuditTarget("user", _("Tài khoản"), order=140),)
ACTS = (
    ActGroup(
        "user",
        about="user",
        order=170,
        words={
            "create": _("Tạo tài khoản"),
            "create_administrator": _("Tạo tài khoản quản trị"),
            "deactivate": _("Khóa tài khoản"),
            "follow_body": _("Chuyển tài khoản theo đơn vị kế thừa"),
            "follow_without_role": _("Chuyển tài khoản, chờ giao lại vai trò"),
            "close_with_body": _("Khóa tài khoản khi đơn vị chấm dứt"),
            "propose_reset": _("Đề nghị đặt lại mật khẩu"),
            "confirm_reset": _("Xác nhận đặt lại mật khẩu"),
            "decline_reset": _("Từ chối đặt lại mật khẩu"),
            "withdraw_reset": _("Rút đề nghị đặt lại mật khẩu"),
            "use_reset": _("Chủ tài khoản đặt mật khẩu mới"),
            "choose_first_password": _("Chủ tài khoản đặt mật khẩu lần đầu"),
            "propose_address": _("Đề nghị đổi địa chỉ thư của tài khoản"),
            "confirm_address": _("Xác nhận đổi địa chỉ thư của tài khoản"),
            "decline_address": _("Từ chối đổi địa chỉ thư của tài khoản"),
            "withdraw_address": _("Rút đề nghị đổi địa chỉ thư của tài khoản"),
            "reset_administrator": _("Đặt lại tài khoản quản trị"),
            "change_password": _("Đổi mật khẩu"),
            "choose_mailing": _("Chọn cách nhận thư báo"),
            "propose_role": _("Đề nghị giao vai trò"),
            "confirm_role": _("Xác nhận giao vai trò"),
            "decline_role": _("Từ chối giao vai trò"),
            "withdraw_role": _("Rút đề nghị giao vai trò"),
            "sign_in": _("Đăng nhập"),
            "sign_out": _("Đăng xuất"),
            "session_over": _("Phiên làm việc tự hết hạn"),
            "sign_in_refused": _("Đăng nhập bị từ chối"),
            "sign_in_while_closed": _("Thử đăng nhập trong lúc phải chờ"),
            "make_token": _("Lấy mã truy cập API"),
            "use_token": _("Dùng mã truy cập API lần đầu"),
            "end_token": _("Bỏ mã truy cập API"),
            "use_calendar_feed": _("Mở lịch thời hạn riêng lần đầu"),
            "make_calendar_feed": _("Lấy địa chỉ lịch thời hạn riêng"),
            "withdraw_calendar_feed": _("Bỏ địa chỉ lịch thời hạn riêng"),
        },
    ),
)


def act_about(action: str, user: User, data: Mapping[str, object] | None = None) -> audit.Act:
    """Return the audit act about an account."""
    agency = user.agency
    return audit.Act(
        action=action,
        target_type="user",
        target_uuid=user.uuid,
        agency_uuid=agency.uuid,
        office_uuid=agency.office.uuid if agency.office else None,
        data=data or {},
    )
