"""What can be asked about accounts and about the roles proposed for them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.apps import apps
from django.db import models
from django.db.models import Q

from portal.agencies.querysets import heirs_of
from portal.core.background.leases import LeasedQuerySet
from portal.core.roles import Capability, Scope, roles_in, roles_that_can
from portal.core.text.vietnamese import nfc, search_key

if TYPE_CHECKING:
    from portal.accounts.models import AccountChange, PasswordChoice, RoleGrant, User


_OFFICE_WORK = roles_that_can(Capability.COVER_DOSSIERS, Capability.SIGN_COVERING_LETTERS)


class UserQuerySet(models.QuerySet["User"]):
    def visible_to(self, user: User) -> Self:
        """Return the accounts ``user`` may see.

        All for the administrator, the own body's for who leads it, one's own for the rest.
        """
        if user.can(Capability.ADMINISTER):
            return self
        if user.can(Capability.SEE_STAFF_ACCOUNTS):
            return self.filter(agency=user.agency_id)
        return self.filter(pk=user.pk)

    def who_act_for(self, *, roles: frozenset[str] | set[str], agency_id: int | None) -> Self:
        """Return the active accounts that are told of work for ``roles``.

        Agency and office roles are those of one body; CA roles are the CA's wherever they sit.
        """
        found = self.filter(is_active=True, role__in=roles)
        if roles <= roles_in(Scope.CA):
            return found
        return found.filter(agency=agency_id)

    def who_can(self, capability: Capability, *, agency_id: int | None) -> Self:
        """Return the active accounts of a body that have ``capability``; as ``who_act_for``."""
        return self.who_act_for(roles=roles_that_can(capability), agency_id=agency_id)

    def of_office(self, office_id: int | None) -> Self:
        """Return who does an office's own work; its support team is told of questions alone."""
        return self.filter(is_active=True, role__in=_OFFICE_WORK, agency=office_id)

    def of_offices(self, offices: Collection[int]) -> Self:
        """Return the people of these offices, and of what those that ended have become."""
        theirs = Q(agency__in=offices) | Q(agency__in=heirs_of(*offices))
        return self.filter(theirs, is_active=True, role__in=_OFFICE_WORK)

    def administrators(self) -> Self:
        """Return the active administrators."""
        return self.filter(is_active=True, role__in=roles_that_can(Capability.ADMINISTER))

    def without_role(self) -> Self:
        """Return the closed accounts that a reorganisation took along without a role, of which
        nobody has proposed one; not those whose first role was declined."""
        grants = apps.get_model("accounts", "RoleGrant")._default_manager
        of_account = grants.filter(user=models.OuterRef("pk")).order_by()
        is_open = of_account.filter(decided_at__isnull=True)
        was_declined = of_account.filter(is_granted=False, decided_by__isnull=False)
        closed = self.filter(is_active=False, role="")
        return closed.exclude(models.Exists(is_open)).exclude(models.Exists(was_declined))

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
        if user.can(Capability.ADMINISTER):
            return self
        if user.can(Capability.SEE_STAFF_ACCOUNTS):
            return self.filter(user__agency=user.agency_id)
        return self.filter(user=user)

    def open(self) -> Self:
        return self.filter(decided_at__isnull=True)

    def for_list(self) -> Self:
        return self.select_related("user__agency", "agency", "proposed_by", "decided_by")


class AccountChangeQuerySet(models.QuerySet["AccountChange"]):
    def visible_to(self, user: User) -> Self:
        """Return the changes of the accounts ``user`` may see."""
        if user.can(Capability.ADMINISTER):
            return self
        if user.can(Capability.SEE_STAFF_ACCOUNTS):
            return self.filter(user__agency=user.agency_id)
        return self.filter(user=user)

    def open(self) -> Self:
        return self.filter(decided_at__isnull=True)

    def for_list(self) -> Self:
        return self.select_related("user__agency", "proposed_by", "decided_by")


class PasswordChoiceQuerySet(LeasedQuerySet["PasswordChoice"]):
    def to_send(self, now: datetime) -> Self:
        """Return the rights whose link is still to be mailed."""
        unsent = self.filter(sent_at__isnull=True, used_at__isnull=True, ends_at__gt=now)
        return unsent.exclude(address="")
