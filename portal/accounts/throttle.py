"""Waits that grow with each failure; what counts is rows, not memory.

Nobody is shut out for good, and nobody by what strangers do elsewhere: ``portal.accounts.sign_in``
says which paces an attempt is counted under.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Max

from portal.accounts.models import LoginFailure
from portal.core.database.fields import keyed_hash

REMEMBERED = timedelta(hours=24)  # a failure counts for so long


@dataclass(frozen=True, slots=True)
class Pace:
    """How many failures cost nothing, how long the first wait is, how long the longest.

    Each failure after the free ones doubles the wait before the next try.
    """

    free: int
    first: timedelta
    longest: timedelta

    def on(self, name: str) -> Limit:
        """Return this pace under a key that does not tell ``name``."""
        return Limit(keyed_hash(name), self)

    def wait_after(self, failures: int) -> timedelta:
        """Return how long the next try waits after so many failures."""
        if failures < self.free:
            return timedelta(0)
        doubled: timedelta = self.first * 2 ** min(failures - self.free, 32)
        return min(doubled, self.longest)


@dataclass(frozen=True, slots=True)
class Limit:
    """A pace and the key its failures are counted under."""

    key: str
    pace: Pace


@dataclass(frozen=True, slots=True)
class Attempt:
    """A try under way, counted as a failure until it is told otherwise."""

    limits: tuple[Limit, ...]
    rows: tuple[int, ...]
    left: int  # free tries left under the narrowest pace, should this one fail


class Closed(Exception):
    """Too many failures: no try is looked at until ``until``."""

    def __init__(self, until: datetime, key: str) -> None:
        super().__init__(f"closed until {until:%H:%M}")
        self.until = until
        self.key = key  # of the limit that closes longest


def begin(limits: Sequence[Limit], *, now: datetime) -> Attempt:
    """Count an attempt before it is made; raises Closed, and then it does not count.

    Counted first and looked at afterwards, so that many guesses at once get no try for nothing.
    Call it outside a transaction: each row has to be seen by the others at once.
    """
    rows = LoginFailure.objects.bulk_create([LoginFailure(key=one.key, at=now) for one in limits])
    mine = tuple(row.pk for row in rows)
    # Key → how many failures count, and when the last was.
    keys, never = [one.key for one in limits], now - REMEMBERED
    counted = LoginFailure.objects.filter(key__in=keys, at__gt=never).exclude(pk__in=mine)
    found: Any = counted.order_by().values_list("key").annotate(count=Count("pk"), last=Max("at"))
    before = dict.fromkeys(keys, (0, never)) | {key: (count, last) for key, count, last in found}
    attempt = Attempt(
        limits=tuple(limits),
        rows=mine,
        left=max(0, min(one.pace.free - before[one.key][0] - 1 for one in limits)),
    )
    opens = {
        one.key: before[one.key][1] + one.pace.wait_after(before[one.key][0]) for one in limits
    }
    longest = max(opens, key=lambda key: opens[key])
    if opens[longest] <= now:
        return attempt
    forget(attempt)
    raise Closed(opens[longest], longest)


def succeed(attempt: Attempt) -> None:
    """Forget the attempt, and every failure under its first limit."""
    LoginFailure.objects.filter(key=attempt.limits[0].key).delete()
    forget(attempt)


def forget(attempt: Attempt) -> None:
    """Take the attempt back, as if it had not been made."""
    LoginFailure.objects.filter(pk__in=attempt.rows).delete()


def forget_old(*, now: datetime) -> int:
    """Delete the failures that count no more; return how many."""
    deleted, _by_model = LoginFailure.objects.filter(at__lte=now - REMEMBERED).delete()
    return deleted
