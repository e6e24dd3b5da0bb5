"""Who a user is in the procedure: a closed set of roles."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    """A user has exactly one; what it may do is read from ``requests_app.workflow.STEPS``."""

    CLERK = "clerk", _("Văn thư, cán bộ phụ trách")
    HEAD = "head", _("Lãnh đạo đơn vị")
    OFFICE_OFFICER = "office_officer", _("Chuyên viên Sở KH&CN")
    OFFICE_HEAD = "office_head", _("Lãnh đạo Sở KH&CN")
    CA_OPERATOR = "ca_operator", _("Cán bộ tiếp nhận của Cục")
    CA_SUPERVISOR = "ca_supervisor", _("Cán bộ phê duyệt của Cục")
    AUDITOR = "auditor", _("Kiểm toán")
    ADMINISTRATOR = "administrator", _("Quản trị hệ thống")


AGENCY_ROLES = frozenset({Role.CLERK, Role.HEAD})
OFFICE_ROLES = frozenset({Role.OFFICE_OFFICER, Role.OFFICE_HEAD})
CA_ROLES = frozenset({Role.CA_OPERATOR, Role.CA_SUPERVISOR})
