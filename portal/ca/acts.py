"""What the audit record says was done to certificates, their keys and the CA, and its words."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from portal.audit.words import ActGroup, AuditTarget

TARGETS = (
    AuditTarget("certificate", _("Chứng thư"), order=20),
    AuditTarget("crl", _("Danh sách chứng thư bị thu hồi"), order=40),
    AuditTarget("authority", _("Hệ thống chứng thực"), order=50),
    AuditTarget("key", _("Khóa"), order=60),
)
ACTS = (
    ActGroup(
        "certificate",
        about="certificate",
        order=60,
        words={
            "issue": _("Cấp chứng thư"),
            "renew": _("Gia hạn, thay đổi thông tin chứng thư"),
            "revoke": _("Thu hồi chứng thư"),
            "confirm_installed": _("Xác nhận đã cài chứng thư mới"),
        },
    ),
    ActGroup(
        "crl",
        about="crl",
        order=80,
        words={
            "publish": _("Công bố danh sách chứng thư bị thu hồi"),
        },
    ),
    ActGroup(
        "ca",
        about="authority",
        order=90,
        words={
            "set_up": _("Khởi tạo hệ thống chứng thực"),
            "certify_responder": _("Cấp chứng thư cho dịch vụ OCSP"),
            "certify_timestamps": _("Cấp chứng thư cho dịch vụ cấp dấu thời gian"),
            "add_root": _("Lập CA gốc kế tiếp"),
            "add_issuing": _("Lập CA cấp chứng thư kế tiếp"),
            "cross_certify": _("Cấp chứng thư chéo"),
            "revoke_authority": _("Thu hồi CA cấp chứng thư"),
            "take_away": _("Đưa khóa gốc ra khỏi hệ thống"),
            "bring_in": _("Nhập kết quả ký của CA gốc"),
            "retire": _("Ghi nhận chứng thư của CA đã hết hạn"),
        },
    ),
    ActGroup(
        "key",
        about="key",
        order=100,
        words={
            "make": _("Sinh khóa"),
            "set_first_pin": _("Đặt mã PIN lần đầu"),
            "change_pin": _("Đổi mã PIN"),
            "wrong_pin": _("Nhập sai mã PIN"),
            "lock": _("Khóa do nhập sai mã PIN"),
        },
    ),
)
