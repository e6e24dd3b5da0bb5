"""The use of a certificate, on its page in the register."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.ca.models import Certificate
from portal.ca.register.panels import Panel
from portal.core.text.numbers import with_dots
from portal.usage.figures import LastUse, last_uses

if TYPE_CHECKING:
    from portal.accounts.models import User


def panel_of(certificate: Certificate, user: User, now: datetime) -> Panel | None:
    """Return when it was used last and how often, if systems reported it."""
    found = last_uses([certificate.pk], now=now).get(certificate.pk, LastUse())
    if found.at is None:
        return None
    facts = [
        (_("Lần ký gần nhất"), f"{timezone.localtime(found.at):%H:%M %d/%m/%Y}"),
        (_("Số lượt ký 12 tháng qua"), with_dots(found.recent)),
    ]
    path = reverse("usage:certificate", args=[certificate.uuid])
    return Panel(_("Sử dụng"), facts, _("Xem theo tháng, theo hệ thống"), path)
