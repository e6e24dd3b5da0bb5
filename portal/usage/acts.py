"""What the audit record says was done to supervise use, and its words."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from portal.audit.words import ActGroup, AuditTarget

TARGETS = (
    AuditTarget("signing_system", _("Hệ thống ký số"), order=180),
    AuditTarget("usage_alarm", _("Cảnh báo sử dụng chứng thư"), order=181),
    AuditTarget("idle_inquiry", _("Câu hỏi về chứng thư không dùng"), order=182),
    AuditTarget("public_certificate", _("Chứng thư công cộng dùng song song"), order=183),
)
ACTS = (
    ActGroup(
        "usage",
        about="signing_system",
        order=150,
        words={
            "register_system": _("Đăng ký hệ thống ký số"),
            "end_system": _("Ngừng nhận dữ liệu của hệ thống"),
            "make_token": _("Cấp mã truy cập cho hệ thống"),
            "use_token": _("Dùng mã truy cập của hệ thống lần đầu"),
            "end_token": _("Hủy mã truy cập của hệ thống"),
            "withdraw": _("Rút lượt ký nhận bằng mã bị lộ"),
            "receive": _("Nhận lượt ký"),
            "count_strays": _("Tính lượt ký của chứng thư mới có trong sổ"),
        },
    ),
    ActGroup(
        "usage_alarm",
        about="usage_alarm",
        order=151,
        words={
            "raise": _("Cảnh báo ký sai thời điểm"),
            "explain": _("Giải trình cảnh báo"),
            "close": _("Kết luận cảnh báo"),
        },
    ),
    ActGroup(
        "idle_inquiry",
        about="idle_inquiry",
        order=152,
        words={"ask": _("Hỏi về chứng thư không dùng"), "answer": _("Trả lời về chứng thư")},
    ),
    ActGroup(
        "public_certificate",
        about="public_certificate",
        order=153,
        words={
            "note": _("Ghi chứng thư công cộng đang dùng"),
            "replace": _("Ghi đã thay bằng chứng thư công vụ"),
            "end": _("Ghi đã thôi dùng"),
        },
    ),
)
