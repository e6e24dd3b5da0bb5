"""What the audit record says was done to the working-day table, and its words."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from portal.audit.words import ActGroup, AuditTarget

TARGETS = (AuditTarget("calendar_day", _("Lịch làm việc"), order=120),)
ACTS = (
    ActGroup(
        "calendar",
        about="calendar_day",
        order=150,
        words={
            "add_day": _("Thêm ngày vào lịch làm việc"),
            "edit_day": _("Sửa ngày trong lịch làm việc"),
            "remove_day": _("Xóa ngày khỏi lịch làm việc"),
        },
    ),
)
