"""What can be asked about notices and mails."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Q

from portal.core.roles import Role

if TYPE_CHECKING:
    from portal.accounts.models import User
    from portal.notices.models import Mail, Notice

MOST_TRIES = 7  # over a day and a half; then a person has to look


class NoticeQuerySet(models.QuerySet["Notice"]):
    def visible_to(self, user: User) -> Self:
        """Return what ``user`` is told: nobody reads another's notices."""
        return self.filter(recipient=user)

    def unread(self) -> Self:
        return self.filter(read_at__isnull=True)

    def unmailed(self) -> Self:
        """Return what is in no mail yet and can be mailed."""
        return self.filter(mail__isnull=True, recipient__is_active=True).exclude(
            recipient__email=""
        )


class MailQuerySet(models.QuerySet["Mail"]):
    def visible_to(self, user: User) -> Self:
        """Return all mails for the administrator, who looks after those that can't be sent."""
        return self if user.role == Role.ADMINISTRATOR else self.none()

    def unsent(self) -> Self:
        """Return what is still to be tried."""
        return self.filter(sent_at__isnull=True, attempts__lt=MOST_TRIES)

    def dead(self) -> Self:
        """Return what is tried no more and was never sent."""
        return self.filter(sent_at__isnull=True, attempts__gte=MOST_TRIES)

    def put_off(self) -> Self:
        """Return what waits to be tried again after an error."""
        return self.unsent().exclude(last_error="")

    def unclaimed(self, now: datetime) -> Self:
        """Return what no worker has in hand and what may be tried again."""
        return self.filter(Q(claimed_until__isnull=True) | Q(claimed_until__lt=now))
