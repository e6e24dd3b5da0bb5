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
    moment = now.timestamp()
    began, seen = session.get(_BEGAN, moment), session.get(_SEEN, moment)
    is_old = moment - began >= settings.SESSION_COOKIE_AGE
    is_idle = moment - seen >= getattr(settings, "SESSION_IDLE_AGE", IDLE_SECONDS)
    return bool(is_old or is_idle)


def touch(session: SessionBase, *, now: datetime) -> None:
    """Note that the session is in use."""
    moment = int(now.timestamp())
    if _BEGAN not in session:
        session[_BEGAN] = moment
    if moment - session.get(_SEEN, 0) >= _STEP:
        session[_SEEN] = moment
