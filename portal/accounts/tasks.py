"""The sweeps of accounts."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy as _

from portal.accounts import services
from portal.core.background.sweeps import sweep


@sweep(
    "portal.accounts.tasks.send_links",
    every=timedelta(minutes=1),
    words=_("Gửi đường dẫn đặt mật khẩu"),
    order=210,
    time_limit=timedelta(minutes=20),
)
def send_links(*, now: datetime) -> int:
    """Mail the links by which people choose their passwords."""
    return services.send_links(now=now)


@sweep(
    "portal.accounts.tasks.forget_expired",
    every=timedelta(hours=1),
    words=_("Xóa phiên đăng nhập đã hết hạn"),
    order=250,
)
def forget_expired(*, now: datetime) -> int:
    """Delete sessions, tokens and failures whose time is over."""
    return services.forget_expired(now=now)
