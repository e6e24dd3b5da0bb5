"""What a channel is: how it sends, what it says of itself, what it keeps in a demonstration."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from portal.accounts.models import User


@dataclass(frozen=True, slots=True)
class Pointer:
    """What the page of preferences says of a channel: a sentence, and where one sees to it."""

    words: str
    go: str  # what the link says
    path: str


@dataclass(frozen=True, slots=True)
class WrittenMessage:
    """One message that a demonstration kept on this machine instead of sending it."""

    subject: str
    to: str
    at: datetime | None
    message_id: str
    text: str
    is_private: bool


class Send(Protocol):
    """Sends what waits and returns how many messages went out. Safe twice and twice at once."""

    def __call__(self, *, now: datetime) -> int: ...


@dataclass(frozen=True, slots=True)
class Outbox:
    """Where a demonstration keeps what it does not send.

    ``latest`` returns the newest messages, at most so many, newest first.
    """

    is_in_use: Callable[[], bool]
    latest: Callable[[int], list[WrittenMessage]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """One way to the people who are told.

    ``send`` is called by the sweep each minute, None where people fetch for themselves.
    ``points_to`` is asked for the page of preferences, None where that page has a form for it.
    """

    order: int
    send: Send | None = None
    points_to: Callable[[User], Pointer] | None = None
    outbox: Outbox | None = None
