"""What can be asked about accounts and about the roles proposed for them."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Q

from portal.agencies.querysets import heirs_of
from portal.core.roles import CA_ROLES, OFFICE_ROLES, Role
from portal.core.text import nfc, search_key

if TYPE_CHECKING:
    from portal.accounts.models import RoleGrant, User

# Who leads a body sees who works there on the portal.
_LEADERS = frozenset({Role.HEAD, Role.OFFICE_HEAD, Role.CA_SUPERVISOR})


class UserQuerySet(models.QuerySet["User"]):
    def visible_to(self, user: User) -> Self:
        """Return the accounts ``user`` may see.

        All for the administrator, the own body's for who leads it, one's own for the rest.
        """
        if user.role == Role.ADMINISTRATOR:
            return self
        if user.role in _LEADERS:
            return self.filter(agency=user.agency_id)
        return self.filter(pk=user.pk)

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

    def of_offices(self, offices: Collection[int]) -> Self:
        """Return the people of these offices, and of what those that ended have become."""
        theirs = Q(agency__in=offices) | Q(agency__in=heirs_of(*offices))
        return self.filter(theirs, is_active=True, role__in=OFFICE_ROLES)

    def administrators(self) -> Self:
        """Return the active administrators."""
        return self.filter(is_active=True, role=Role.ADMINISTRATOR)

    def found_by(self, text: str) -> Self:
        """Return those whose account name, name (with or without marks) or e-mail has ``text``."""
        text = nfc(text)
        if not text:
            return self
        return self.filter(
            Q(username__icontains=text)
            | Q(full_name__icontains=text)
            | Q(person__search_name__contains=search_key(text))
            | Q(email__icontains=text)
        )

    def for_list(self) -> Self:
        return self.select_related("agency").order_by("username")


class RoleGrantQuerySet(models.QuerySet["RoleGrant"]):
    def visible_to(self, user: User) -> Self:
        """Return the grants for the accounts ``user`` may see."""
        if user.role == Role.ADMINISTRATOR:
            return self
        if user.role in _LEADERS:
            return self.filter(user__agency=user.agency_id)
        return self.filter(user=user)

    def open(self) -> Self:
        return self.filter(decided_at__isnull=True)

    def for_list(self) -> Self:
        return self.select_related("user__agency", "agency", "proposed_by", "decided_by")
