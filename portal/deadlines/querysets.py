"""What can be asked about deadlines."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Count, Q

from portal.agencies.models import Agency
from portal.core.roles import Scope

if TYPE_CHECKING:
    from portal.accounts.models import User
    from portal.deadlines.models import Deadline

DOORS_SHOWN_DAYS = 90  # before a certificate's door shuts it comes into the lists
MOST_EVENTS, FEED_DAYS_AHEAD = 500, 180  # of a calendar feed
# They end on a day of their own, one for each certificate.
CERTIFICATE_KINDS = frozenset({"renewal_door", "certificate_expiry"})
# What bodies owe the CA, which therefore sees whether they are late.
OWED_TO_THE_CA = ("handover_notice", "device_return", "loss_minutes")


def _is_late(today: date) -> Q:
    return Q(due_on__lt=today) & ~Q(counts="fixed")


class DeadlineQuerySet(models.QuerySet["Deadline"]):
    def visible_to(self, user: User) -> Self:
        """Return the clocks of ``user``'s body, for an office also of the bodies it answers for.

        The CA sees besides its own what bodies owe it; the auditor those of the bodies in their
        tree, the administrator none.
        """
        if user.scope is Scope.BODY:
            return self.filter(agency=user.agency_id)
        if user.scope is Scope.OFFICE:
            return self.filter(Q(agency__in=user.body_ids) | Q(office__in=user.body_ids))
        if user.scope is Scope.CA:
            cas = Agency.objects.filter(kind="ca").order_by().values("pk")
            return self.filter(Q(agency__in=cas) | Q(kind__in=OWED_TO_THE_CA))
        if user.scope is Scope.TREE:
            bodies = Agency.objects.visible_to(user).order_by().values("pk")
            return self.filter(agency__in=bodies)
        return self.none()

    def open(self) -> Self:
        return self.filter(done_at__isnull=True, cancelled_at__isnull=True, lapsed_at__isnull=True)

    def overdue(self, today: date) -> Self:
        """Return what is late; a door that has shut is nobody's delay."""
        return self.open().filter(_is_late(today))

    def for_list(self, today: date) -> Self:
        """Return what lists show: of what ends on a day of its own only what is near.

        Each certificate has a clock from its first day on; years ahead it is no work for anybody.
        """
        near = Q(due_on__lte=today + timedelta(days=DOORS_SHOWN_DAYS))
        is_past = Q(due_on__lt=today, done_at__isnull=True, cancelled_at__isnull=True)
        return self.filter(~Q(counts="fixed") | (near & (~is_past | Q(lapsed_at__isnull=False))))

    def in_feed_of(self, user: User, *, today: date) -> Self:
        """Return the open ones in the calendar feed of ``user``, the most urgent first.

        Of days that certificates bring only the own body's: an office answers for thousands.
        """
        seen = self.visible_to(user).for_list(today).open()
        own = seen.filter(~Q(counts="fixed") | Q(agency=user.agency_id))
        near = own.filter(due_on__lte=today + timedelta(days=FEED_DAYS_AHEAD))
        return near.select_related("agency").order_by("due_on", "pk")[:MOST_EVENTS]

    def returns_owed(self) -> Self:
        """Return the clocks of the devices that must be given back and are not (Điều 20).

        The one answer to how many there are: home, lists, sums and notices count these.
        """
        return self.open().filter(kind="device_return")

    def due_today(self, today: date) -> Self:
        return self.open().filter(due_on=today)

    def urgent(self, today: date, *, own: int) -> dict[str, int]:
        """Return how many are ``overdue``, of them those of the body ``own``, and due ``today``."""
        return self.open().aggregate(
            overdue=Count("pk", filter=_is_late(today)),
            own=Count("pk", filter=_is_late(today) & Q(agency=own)),
            today=Count("pk", filter=Q(due_on=today)),
        )

    def due_this_week(self, today: date) -> Self:
        """Return the open ones due from today to Sunday."""
        sunday = today + timedelta(days=6 - today.weekday())
        return self.open().filter(due_on__gte=today, due_on__lte=sunday)

    def done(self) -> Self:
        return self.filter(done_at__isnull=False)

    def lapse(self, *, now: datetime) -> int:
        """End the open ones, whose day is over: what they were for can be done no more.

        They are neither done nor late. Returns how many.
        """
        return self.open().update(lapsed_at=now, next_at=None)
