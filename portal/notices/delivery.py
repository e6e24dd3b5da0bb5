"""What waits is sent on every channel, or found where it was kept instead."""

from __future__ import annotations

from datetime import datetime

from portal.accounts.models import User
from portal.notices.account_news import tell_account_news
from portal.notices.channels import channels
from portal.notices.channels.base import Outbox, Pointer


def send_waiting(*, now: datetime) -> int:
    """Send on each channel what people were told; return how many messages went out."""
    tell_account_news(now=now)
    return sum(channel.send(now=now) for channel in channels() if channel.send)


def pointers_for(user: User) -> list[Pointer]:
    """Return what the page of preferences says of the channels that have no form on it."""
    return [channel.points_to(user) for channel in channels() if channel.points_to]


def outboxes() -> list[Outbox]:
    """Return where messages are kept on this machine instead of being sent."""
    return [one.outbox for one in channels() if one.outbox and one.outbox.is_in_use()]
