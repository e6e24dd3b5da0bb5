"""What can be asked about devices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.db import models

from portal.agencies.models import Agency
from portal.core.roles import AGENCY_ROLES, CA_ROLES, OFFICE_ROLES, Role

if TYPE_CHECKING:
    from devices.models import Device
    from portal.accounts.models import User


class DeviceQuerySet(models.QuerySet["Device"]):
    def visible_to(self, user: User) -> Self:
        """Return the devices of the bodies ``user`` may see; the CA sees all."""
        if user.role in CA_ROLES:
            return self
        if user.role in OFFICE_ROLES:
            return self.filter(office=user.agency_id)
        if user.role in AGENCY_ROLES or user.role == Role.AUDITOR:
            bodies = Agency.objects.visible_to(user).order_by().values("pk")
            return self.filter(agency__in=bodies)
        return self.none()

    def in_stock(self, kind: str) -> Self:
        """Return the devices of ``kind`` that can be allocated: in stock, sound, with a key."""
        return self.filter(kind=kind, custody="stock", condition="ok", key__isnull=False)
