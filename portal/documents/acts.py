"""What the audit record says of documents, and its words."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from portal.audit.words import ActGroup, AuditTarget

TARGETS = (AuditTarget("document", _("Văn bản"), order=30),)
ACTS = (
    ActGroup(
        "document",
        about="document",
        order=70,
        words={
            "damaged": _("Tệp văn bản mất hoặc bị thay đổi"),
            "stamp": _("Đóng thêm dấu thời gian lên văn bản đã ký"),
        },
    ),
)
