"""What the audit record says of lists taken out of the portal and of itself, and its words."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from portal.audit.words import ActGroup, AuditTarget

TARGETS = (
    AuditTarget("register", _("Sổ, danh sách"), order=170),
    AuditTarget("audit", _("Nhật ký"), order=180),
)
ACTS = (
    ActGroup(
        "register",
        about="register",
        order=140,
        words={
            "export": _("Tải sổ, danh sách ra bảng tính"),
        },
    ),
    ActGroup(
        "audit",
        about="audit",
        order=180,
        words={
            "begin_checkpoints": _("Bắt đầu lại các điểm kiểm tra của nhật ký"),
        },
    ),
)
