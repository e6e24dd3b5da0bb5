"""What can be asked about bodies and subscribers; ``visible_to`` is the only door."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Q

from portal.core.roles import AGENCY_ROLES, CA_ROLES, OFFICE_ROLES, Role

if TYPE_CHECKING:
    from portal.accounts.models import User
    from portal.agencies.models import Agency, Subscriber


class AgencyQuerySet(models.QuerySet["Agency"]):
    def visible_to(self, user: User) -> Self:
        """Return the bodies ``user`` may see."""
        if user.role in CA_ROLES or user.role == Role.ADMINISTRATOR:
            return self
        if user.role in OFFICE_ROLES:
            return self.filter(Q(office=user.agency_id) | Q(pk=user.agency_id))
        if user.role == Role.AUDITOR:
            # Three levels of the tree are what the administration has: province, body, unit.
            return self.filter(
                Q(pk=user.agency_id)
                | Q(parent=user.agency_id)
                | Q(parent__parent=user.agency_id)
                | Q(parent__parent__parent=user.agency_id)
            )
        if user.role in AGENCY_ROLES:
            return self.filter(
                Q(pk=user.agency_id)
                | Q(parent=user.agency_id, has_seal=False)
                | Q(successions__successor=user.agency_id)
            ).distinct()
        return self.none()


class SubscriberQuerySet(models.QuerySet["Subscriber"]):
    def visible_to(self, user: User) -> Self:
        """Return the subscribers of the bodies ``user`` may see; the administrator sees none."""
        from portal.agencies.models import Agency  # noqa: PLC0415 (the model imports this module)

        if user.role == Role.ADMINISTRATOR:
            return self.none()
        if user.role in CA_ROLES:
            return self
        return self.filter(agency__in=Agency.objects.visible_to(user).order_by().values("pk"))

    def people(self) -> Self:
        return self.filter(kind="person")
