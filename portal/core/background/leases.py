"""The lease: a worker claims a row for a while, and nobody else takes it until it lets go or dies.

A claim is one conditional UPDATE: of two that want a row one gets it, on every database. A killed
worker's lease runs out, and the next sweep takes up what it left.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic
from typing import Any, Self, TypeVar

from django.db import models
from django.db.models import Q

M = TypeVar("M", bound="Leased")


class Leased(models.Model):
    """A row that a background worker claims, or puts off: it is not to be tried before."""

    claimed_until = models.DateTimeField(null=True)

    class Meta:
        abstract = True


class LeasedQuerySet(models.QuerySet[M]):
    def unclaimed(self, now: datetime) -> Self:
        """Return what no worker has in hand and what may be tried again."""
        return self.filter(Q(claimed_until__isnull=True) | Q(claimed_until__lt=now))

    def claim(self, pk: int, *, now: datetime, lease: timedelta, **columns: Any) -> bool:
        """Take a row of these until its lease ends, and write ``columns``; say whether it was free.

        Call it on the rows that are still to be done: one that another has finished is not claimed.
        """
        free = self.unclaimed(now).filter(pk=pk)
        return free.update(claimed_until=now + lease, **columns) == 1

    def claim_next(self, *, now: datetime, lease: timedelta, **columns: Any) -> Lease | None:
        """Take the first of these that is free, and write ``columns``; None when there is none.

        Call it on the rows that are still to be done, in the order in which they are.
        """
        for pk in list(self.unclaimed(now).values_list("pk", flat=True)):
            if self.claim(pk, now=now, lease=lease, **columns):
                return Lease(self.order_by(), pk, now, lease, until=now + lease)
        return None

    def hold(self, pk: int, *, now: datetime, lease: timedelta) -> None:
        """Keep a claimed row until a lease from ``now`` ends."""
        self.filter(pk=pk).update(claimed_until=now + lease)

    def release(self, pk: int) -> None:
        """Let go of a claimed row: the next worker may take it at once."""
        self.filter(pk=pk).update(claimed_until=None)


class LeaseLost(Exception):
    """Another worker has the row, or it is not to be done any more: what this one did is void."""


@dataclass(slots=True)
class Lease:
    """A claimed row that its worker may write to only while it is still the worker's.

    ``rows`` are those that are still to be done. ``until`` is the worker's mark on its row as well:
    no two leases of a row end at the same moment.
    """

    rows: LeasedQuerySet[Any]
    pk: int
    now: datetime
    length: timedelta
    until: datetime
    began: float = field(default_factory=monotonic)

    @property
    def age(self) -> timedelta:
        """How long the worker has had the row."""
        return timedelta(seconds=monotonic() - self.began)

    def extend(self, **columns: Any) -> None:
        """Write ``columns`` and keep the row for a lease from now; raises LeaseLost."""
        until = max(self.now + self.age + self.length, self.until + timedelta(microseconds=1))
        self._write(claimed_until=until, **columns)
        self.until = until

    def end(self, **columns: Any) -> None:
        """Write ``columns`` and let go of the row; raises LeaseLost."""
        self._write(claimed_until=None, **columns)

    def _write(self, **columns: Any) -> None:
        if not self.rows.filter(pk=self.pk, claimed_until=self.until).update(**columns):
            raise LeaseLost
