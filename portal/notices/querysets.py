"""What can be asked about notices and mails."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Q

from portal.core.background.leases import LeasedQuerySet
from portal.core.roles import Capability

if TYPE_CHECKING:
    from portal.accounts.models import User
    from portal.notices.models import Mail, Notice

MOST_TRIES = 7  # over a day and a half; then a person has to look


class NoticeQuerySet(models.QuerySet["Notice"]):
    def visible_to(self, user: User) -> Self:
        """Return what ``user`` is told: nobody reads another's notices."""
        return self.filter(recipient=user)

    def standing(self) -> Self:
        """Leave out what asks for something that is done meanwhile, or is another's by now.

        A clock that lapsed was neither: that its day is over remains news.
        """
        runs = Q(deadline__done_at__isnull=True, deadline__cancelled_at__isnull=True)
        return self.filter(Q(deadline__isnull=True) | runs, over_at__isnull=True)

    def unread(self) -> Self:
        """Return what is still to be read: what is done with meanwhile is not."""
        return self.standing().filter(read_at__isnull=True)

    def urgent(self) -> Self:
        """Return what tells of something that is overdue still."""
        return self.standing().filter(is_urgent=True)

    def about_the_same(self, notice: Notice) -> Self:
        """Return what tells of the same thing as ``notice``."""
        if notice.target_uuid is None:
            return self.filter(pk=notice.pk)
        return self.filter(target_type=notice.target_type, target_uuid=notice.target_uuid)

    def to_mail(self) -> Self:
        """Return what is in no mail yet and is not for the portal alone."""
        return self.filter(mail__isnull=True, is_portal_only=False)

    def most_pressing(self) -> Self:
        """Return them as a mail lists them: the urgent first, then as they were told."""
        return self.order_by("-is_urgent", "at", "pk")


class MailQuerySet(LeasedQuerySet["Mail"]):
    def visible_to(self, user: User) -> Self:
        """Return all mails for the administrator, who looks after those that can't be sent."""
        return self if user.can(Capability.ADMINISTER) else self.none()

    def unsent(self) -> Self:
        """Return what is still to be tried."""
        return self.filter(sent_at__isnull=True, attempts__lt=MOST_TRIES)

    def dead(self) -> Self:
        """Return what is tried no more and was never sent."""
        return self.filter(sent_at__isnull=True, attempts__gte=MOST_TRIES)

    def put_off(self) -> Self:
        """Return what waits to be tried again after an error."""
        return self.unsent().exclude(last_error="")
