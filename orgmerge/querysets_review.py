"""What can be asked about review rounds; ``visible_to`` is the only door to a body's list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.db import models

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
        """Return the lists ``user`` may see: a body its own once it is made, the office those of
        its reorganisations, the auditor those of the offices in their tree. The CA sees none.

        A list is all that a body sees of a reorganisation before it is approved.
        """
        if user.role in OFFICE_ROLES:
            return self.filter(round__merger__office=user.agency_id)
        if user.role in AGENCY_ROLES:
            return self.filter(agency__in=user.body_ids, listed_at__isnull=False)
        if user.role == Role.AUDITOR:
            offices = user.bodies_in_view().order_by().values("pk")
            return self.filter(round__merger__office__in=offices)
        return self.none()

    def silent(self) -> Self:
        """Return those whose body has not said that it is done."""
        return self.filter(sent_at__isnull=True)
