"""What the audit record says was done to devices, and its words."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from portal.audit.words import ActGroup, AuditTarget

TARGETS = (
    AuditTarget("device", _("Thiết bị"), order=70),
    AuditTarget("intake", _("Đợt nhập kho"), order=80),
    AuditTarget("shipment", _("Đợt gửi thiết bị"), order=90),
    AuditTarget("stocktaking", _("Kiểm kê thiết bị"), order=95),
)
ACTS = (
    ActGroup(
        "device",
        about="device",
        order=110,
        words={
            "take_in": _("Nhập kho thiết bị"),
            "make_keys": _("Sinh khóa cho thiết bị trong kho"),
            "allocate": _("Cấp thiết bị cho chứng thư"),
            "send": _("Gửi thiết bị"),
            "receive": _("Nhận thiết bị"),
            "hand_over": _("Bàn giao thiết bị cho thuê bao"),
            "attach_notice": _("Ghi thiết bị vào biên bản bàn giao"),
            "detach_notice": _("Bỏ thiết bị khỏi biên bản bàn giao"),
            "recall": _("Yêu cầu thu hồi thiết bị"),
            "take_back": _("Thuê bao nộp lại thiết bị"),
            "pass_to_office": _("Nộp thiết bị về Sở KH&CN"),
            "return_to_ca": _("Nộp thiết bị về Cục"),
            "retire": _("Thanh lý thiết bị"),
            "lock": _("Thiết bị bị khóa"),
            "unlock": _("Khôi phục thiết bị"),
            "recover": _("Khôi phục các thiết bị của hồ sơ"),
            "set_pin": _("Đặt mã PIN mới sau khôi phục"),
            "report_damaged": _("Báo thiết bị hỏng"),
            "report_lost": _("Báo thất lạc thiết bị"),
            "find": _("Tìm lại được thiết bị"),
            "transfer": _("Chuyển thiết bị sang đơn vị khác quản lý"),
            "readdress": _("Chuyển thiết bị đang giao sang đơn vị kế thừa"),
            "give_again": _("Giao lại thiết bị cho thuê bao"),
            "change_holder": _("Đổi người giữ thiết bị"),
            "bring_in": _("Đưa thiết bị có từ trước, đang ở đơn vị, vào hệ thống"),
            "bring_in_held": _("Đưa thiết bị có từ trước, thuê bao đang giữ, vào hệ thống"),
        },
    ),
    ActGroup(
        "stocktaking",
        about="stocktaking",
        order=115,
        words={
            "open": _("Mở kiểm kê thiết bị"),
            "count": _("Ghi số hiệu đã kiểm đếm"),
            "uncount": _("Bỏ số hiệu ghi nhầm khi kiểm đếm"),
            "close": _("Chốt kiểm kê thiết bị"),
            "drop": _("Hủy đợt kiểm kê thiết bị"),
        },
    ),
)
