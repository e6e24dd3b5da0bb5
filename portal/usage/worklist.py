"""What of supervision waits for a person, for their work list."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext as _

from portal.core.roles import Capability
from portal.core.web.paging import capped_count
from portal.core.web.waiting import Waiting
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
