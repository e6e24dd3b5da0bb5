"""The sweeps of supervision."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from django.utils.translation import gettext_lazy as _

from portal.core.background.sweeps import sweep
from portal.usage.alarms import services as alarms
from portal.usage.receiving import services as receiving

A_WHILE = timedelta(seconds=60)


@sweep(
    "portal.usage.tasks.count_strays",
    every=timedelta(hours=1),
    words=_("Tính lượt ký của chứng thư mới có trong sổ"),
    order=265,
    in_pieces_for=A_WHILE,
)
def count_strays(*, now: datetime) -> int:
    """Count events kept apart until the register knew their certificate."""
    return receiving.count_strays(now=now)


@sweep(
    "portal.usage.tasks.judge_again",
    every=timedelta(hours=1),
    words=_("Đối chiếu lượt ký với chứng thư bị thu hồi, thiết bị thất lạc"),
    order=266,
)
def judge_again(*, now: datetime) -> int:
    """Raise alarms of what was learnt after the events had come in."""
    return alarms.judge_again(now=now)


@sweep(
    "portal.usage.tasks.forget_events",
    daily_at=time(2, 40),
    words=_("Xóa lượt ký cũ, giữ số liệu tổng hợp"),
    order=267,
    in_pieces_for=A_WHILE,
)
def forget_events(*, now: datetime) -> int:
    """Delete single events of closed months."""
    return receiving.forget_old(now=now)
