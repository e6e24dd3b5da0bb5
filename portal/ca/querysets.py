"""What can be asked about certificates."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Self

from django.db import models

from portal.agencies.models import Agency
from portal.core.roles import AGENCY_ROLES, CA_ROLES, OFFICE_ROLES, Role

if TYPE_CHECKING:
    from portal.accounts.models import User
    from portal.ca.models import Certificate


class CertificateQuerySet(models.QuerySet["Certificate"]):
    def visible_to(self, user: User) -> Self:
        """Return the certificates of the bodies ``user`` may see; the administrator sees none."""
        if user.role in CA_ROLES:
            return self
        if user.role in OFFICE_ROLES:
            return self.filter(office=user.agency_id)
        if user.role in AGENCY_ROLES or user.role == Role.AUDITOR:
            bodies = Agency.objects.visible_to(user).order_by().values("pk")
            return self.filter(agency__in=bodies)
        return self.none()

    def valid_at(self, now: datetime) -> Self:
        return self.filter(revoked_at__isnull=True, not_before__lte=now, not_after__gt=now)

    def expiring(self, now: datetime, *, within_days: int) -> Self:
        return self.valid_at(now).filter(not_after__lte=now + timedelta(days=within_days))

    def revoked(self) -> Self:
        return self.filter(revoked_at__isnull=False)
