"""What can be asked about the audit chain; ``visible_to`` is the only door."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Protocol, Self

from django.db import models
from django.utils import timezone

from portal.core.roles import Capability, Scope

if TYPE_CHECKING:
    from portal.audit.models import AuditEntry

# What the portal itself is made of; an administrator sees no dossiers, certificates or people.
ADMINISTRATIVE = frozenset(
    {"user", "agency", "calendar_day", "mail", "authority", "crl", "routing_rule", "audit"}
)


class Reader(Protocol):
    """Who reads: a user, seen from below. It knows the bodies it may see; this app knows none."""

    @property
    def scope(self) -> Scope:
        """Whose acts it reads, if any."""

    def can(self, capability: Capability) -> bool:
        """Say whether its role has ``capability``."""

    def bodies_in_view(self) -> models.QuerySet[Any]:
        """Return the bodies (each with ``uuid`` and ``name``) the user may see."""


class AuditEntryQuerySet(models.QuerySet["AuditEntry"]):
    def visible_to(self, reader: Reader) -> Self:
        """Return the acts of bodies in the auditor's tree, or of administration, or none."""
        if reader.scope is Scope.TREE:
            bodies = reader.bodies_in_view().order_by().values("uuid")
            return self.filter(agency_uuid__in=bodies)
        if reader.can(Capability.ADMINISTER):
            return self.filter(target_type__in=ADMINISTRATIVE)
        return self.none()

    def since(self, day: date) -> Self:
        if day <= FIRST_DAY:
            return self
        return self.filter(at__gte=_beginning_of(day))

    def until(self, day: date) -> Self:
        """Return what was done up to the end of ``day``."""
        if day >= LAST_DAY:
            return self
        return self.filter(at__lt=_beginning_of(day + timedelta(days=1)))


# Beyond these a day has no moment in every time zone; nothing was done there.
FIRST_DAY = date(1900, 1, 1)
LAST_DAY = date(9999, 1, 1)


def _beginning_of(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
