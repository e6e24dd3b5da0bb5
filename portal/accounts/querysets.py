"""What can be asked about accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.db import models

from portal.core.roles import CA_ROLES, OFFICE_ROLES, Role

if TYPE_CHECKING:
    from portal.accounts.models import User


class UserQuerySet(models.QuerySet["User"]):
    def visible_to(self, user: User) -> Self:
        """Return the accounts ``user`` may see: all for the administrator, else the own body's."""
        if user.role == Role.ADMINISTRATOR:
            return self
        return self.filter(agency=user.agency_id)

    def who_act_for(self, *, roles: frozenset[str] | set[str], agency_id: int | None) -> Self:
        """Return the active accounts that are told of work for ``roles``.

        Agency and office roles are those of one body; CA roles are the CA's wherever they sit.
        """
        found = self.filter(is_active=True, role__in=roles)
        if set(roles) <= CA_ROLES:
            return found
        return found.filter(agency=agency_id)

    def of_office(self, office_id: int | None) -> Self:
        return self.filter(is_active=True, role__in=OFFICE_ROLES, agency=office_id)
