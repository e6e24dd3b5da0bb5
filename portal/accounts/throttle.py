"""Closing a door for a while after several failures; what counts is rows, not memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import QuerySet

from portal.accounts.models import LoginFailure
from portal.core.database.fields import keyed_hash


@dataclass(frozen=True, slots=True)
class Limit:
    """So many failures are allowed within LOGIN_FAILURE_WINDOW under one key."""

    key: str
    allowed: int

    @classmethod
    def on(cls, name: str, *, allowed: int) -> Limit:
        """Return a limit whose key does not tell ``name``."""
        return cls(keyed_hash(name), allowed)

    def within_window(self, *, now: datetime) -> QuerySet[LoginFailure]:
        """Return the failures that count, the newest first."""
        since = now - settings.LOGIN_FAILURE_WINDOW
        return LoginFailure.objects.filter(key=self.key, at__gt=since).order_by("-at", "-pk")

    def opens_at(self, *, now: datetime) -> datetime:
        """Return when fewer failures than allowed are left within the window."""
        moments = self.within_window(now=now).values_list("at", flat=True)
        last = moments[self.allowed - 1 : self.allowed]
        return max([at + settings.LOGIN_FAILURE_WINDOW for at in last], default=now)


@dataclass(frozen=True, slots=True)
class Attempt:
    """A try under way, counted as a failure until it is told otherwise."""

    limits: tuple[Limit, ...]
    rows: tuple[int, ...]
    left: int  # tries left under the narrowest limit, should this one fail


class Closed(Exception):
    """Too many failures: the door is closed until ``until``."""

    def __init__(self, until: datetime) -> None:
        super().__init__(f"closed until {until:%H:%M}")
        self.until = until


def begin(limits: Sequence[Limit], *, now: datetime) -> Attempt:
    """Count an attempt before it is made; raises Closed, and then it does not count.

    Counted first and looked at afterwards, so that many guesses at once get no try for nothing.
    Call it outside a transaction: each row has to be seen by the others at once.
    """
    rows = LoginFailure.objects.bulk_create([LoginFailure(key=one.key, at=now) for one in limits])
    attempt = Attempt(
        limits=tuple(limits),
        rows=tuple(row.pk for row in rows),
        left=min(one.allowed - one.within_window(now=now).count() for one in limits),
    )
    if attempt.left >= 0:
        return attempt
    forget(attempt)
    raise Closed(max(one.opens_at(now=now) for one in limits))


def succeed(attempt: Attempt) -> None:
    """Forget the attempt, and every failure under its first limit."""
    LoginFailure.objects.filter(key=attempt.limits[0].key).delete()
    forget(attempt)


def forget(attempt: Attempt) -> None:
    """Take the attempt back, as if it had not been made."""
    LoginFailure.objects.filter(pk__in=attempt.rows).delete()


def forget_old(*, now: datetime) -> int:
    """Delete the failures that count no more; return how many."""
    deleted, _by_model = LoginFailure.objects.filter(
        at__lte=now - settings.LOGIN_FAILURE_WINDOW
    ).delete()
    return deleted
