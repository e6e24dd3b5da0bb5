"""What of supervision other apps' pages show: the work list, the page of a certificate."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.ca.models import Certificate
from portal.ca.register import panels
from portal.ca.register.panels import Panel
from portal.core.roles import Capability
from portal.core.text.numbers import with_dots
from portal.core.web import waiting
from portal.core.web.paging import capped_count
from portal.core.web.waiting import Waiting
from portal.usage.figures import LastUse, last_uses
from portal.usage.models import IdleInquiry, UsageAlarm

if TYPE_CHECKING:
    from portal.accounts.models import User


def waiting_of(user: User) -> Iterator[Waiting]:
    """Return what ``user`` has to do: answer about idle certificates, look into alarms."""
    if user.can(Capability.SUPERVISE_USE):
        if alarms := capped_count(UsageAlarm.objects.visible_to(user).open()):
            words = _("cảnh báo ký sai thời điểm chưa kết luận")
            path = f"{reverse('usage:alarms')}?state=open"
            yield Waiting(alarms, words, _("Xem và kết luận"), path, is_late=True)
    elif user.can(Capability.REPORT_USE):
        unexplained = UsageAlarm.objects.visible_to(user).unexplained()
        if alarms := capped_count(unexplained):
            words = _("cảnh báo ký sai thời điểm chờ giải trình")
            path = f"{reverse('usage:alarms')}?state=unexplained"
            yield Waiting(alarms, words, _("Xem và giải trình"), path, is_late=True)
        if inquiries := capped_count(IdleInquiry.objects.visible_to(user).open()):
            words = _("chứng thư không dùng chờ trả lời: giữ hay thu hồi")
            path = reverse("usage:inquiries")
            yield Waiting(inquiries, words, _("Trả lời"), path)


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


panels.find_in(panel_of)
waiting.find_in(waiting_of)
