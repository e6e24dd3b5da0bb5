"""The lease: a worker claims a row for a while, and nobody else takes it until it lets go or dies.

A claim is one conditional UPDATE: of two that want a row one gets it, on every database. A killed
worker's lease runs out, and the next sweep takes up what it left.
"""

from __future__ import annotations

from datetime import datetime, timedelta
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

    def hold(self, pk: int, *, now: datetime, lease: timedelta) -> None:
        """Keep a claimed row until a lease from ``now`` ends."""
        self.filter(pk=pk).update(claimed_until=now + lease)

    def release(self, pk: int) -> None:
        """Let go of a claimed row: the next worker may take it at once."""
        self.filter(pk=pk).update(claimed_until=None)
