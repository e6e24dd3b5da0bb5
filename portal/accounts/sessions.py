"""How long a session lasts: a working day at most, and not when nobody uses it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings

if TYPE_CHECKING:
    from django.contrib.sessions.backends.base import SessionBase

IDLE_SECONDS = 60 * 60
_STEP = 60  # seconds between two notes of "seen": a session is not written at each request
_BEGAN, _SEEN = "began_at", "seen_at"


def is_over(session: SessionBase, *, now: datetime) -> bool:
    """Say whether the session has lasted, or has stood idle, for too long."""
    return seconds_left(session, now=now) <= 0


def seconds_left(session: SessionBase, *, now: datetime) -> int:
    """Return in how many seconds the session ends when nobody uses it any more."""
    moment = now.timestamp()
    idle = getattr(settings, "SESSION_IDLE_AGE", IDLE_SECONDS)
    return min(int(session.get(_SEEN, moment) + idle - moment), most_left(session, now=now))


def most_left(session: SessionBase, *, now: datetime) -> int:
    """Return in how many seconds the session ends however much it is used."""
    moment = now.timestamp()
    return int(session.get(_BEGAN, moment) + settings.SESSION_COOKIE_AGE - moment)


def touch(session: SessionBase, *, now: datetime) -> None:
    """Note that the session is in use."""
    moment = int(now.timestamp())
    if _BEGAN not in session:
        session[_BEGAN] = moment
    if moment - session.get(_SEEN, 0) >= _STEP:
        session[_SEEN] = moment
