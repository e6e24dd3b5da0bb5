"""What can be asked about review rounds; ``visible_to`` is the only door to a body's list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.db import models

from orgmerge.querysets import mergers_of
from portal.core.roles import AGENCY_ROLES, OFFICE_ROLES, Role

if TYPE_CHECKING:
    from orgmerge.models_review import ReviewReply, ReviewRound
    from portal.accounts.models import User


class ReviewRoundQuerySet(models.QuerySet["ReviewRound"]):
    def open(self) -> Self:
        return self.filter(closed_at__isnull=True)

    def to_prepare(self) -> Self:
        """Return the open ones some body of which has no list yet."""
        return self.open().filter(prepared_at__isnull=True)


class ReviewReplyQuerySet(models.QuerySet["ReviewReply"]):
    def visible_to(self, user: User) -> Self:
        """Return the lists ``user`` may see: a body its own once it is made, an office those of the
        reorganisations it works on, an auditor those of offices in their tree. The CA sees none.

        A list is all that a body sees of a reorganisation before it is approved.
        """
        if user.role in OFFICE_ROLES or user.role == Role.AUDITOR:
            return self.filter(round__merger__in=mergers_of(user))
        if user.role in AGENCY_ROLES:
            return self.filter(agency__in=user.body_ids, listed_at__isnull=False)
        return self.none()

    def silent(self) -> Self:
        """Return those whose body has not said that it is done."""
        return self.filter(sent_at__isnull=True)
