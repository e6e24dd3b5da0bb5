"""The calendar (iCalendar): a person's own program fetches the deadlines; nothing is sent."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _

from portal.accounts.models import User
from portal.notices.channels.base import Channel, Pointer


def points_to(user: User) -> Pointer:
    """Lead to the page on which one's own address is made."""
    return Pointer(
        words=_("Thời hạn cũng xem được trong phần mềm lịch đang dùng."),
        go=_("Lịch thời hạn riêng của tôi"),
        path=reverse("accounts:calendar_feed"),
    )


CHANNEL = Channel(order=20, points_to=points_to)
