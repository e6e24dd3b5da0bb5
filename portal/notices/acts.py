"""What the audit record says was done to mails, and its words."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from portal.audit.words import ActGroup, AuditTarget

TARGETS = (AuditTarget("mail", _("Thư điện tử"), order=130),)
ACTS = (
    ActGroup(
        "mail",
        about="mail",
        order=160,
        words={
            "send_again": _("Gửi lại thư điện tử"),
        },
    ),
)
