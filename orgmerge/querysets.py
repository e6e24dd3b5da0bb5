"""What can be asked about reorganisations; ``visible_to`` is the only door."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Q

from orgmerge.words import MergerState
from portal.core.roles import AGENCY_ROLES, CA_ROLES, OFFICE_ROLES, Role

if TYPE_CHECKING:
    from orgmerge.models import Merger
    from orgmerge.models_records import RecordsHandover
    from portal.accounts.models import User

# From here on the bodies and the CA know of it; a draft is the office's own business.
_PUBLIC = (MergerState.APPROVED, MergerState.IN_FORCE, MergerState.COMPLETED)


class MergerQuerySet(models.QuerySet["Merger"]):
    def visible_to(self, user: User) -> Self:
        """Return what ``user`` may see, built from IN so that rows can be locked: the office its
        own, bodies and the CA approved ones. Before that a body has its list of the review alone
        (``ReviewReply.objects.visible_to``): what others are to become is not its business yet."""
        if user.role in OFFICE_ROLES:
            return self.filter(office=user.agency_id)
        if user.role in CA_ROLES:
            return self.filter(state__in=_PUBLIC)
        if user.role in AGENCY_ROLES:
            involved = Q(shares__old__in=user.body_ids) | Q(bodies__agency__in=user.body_ids)
            theirs = self.model._default_manager.filter(involved).order_by().values("pk")
            return self.filter(pk__in=theirs, state__in=_PUBLIC)
        if user.role == Role.AUDITOR:
            return self.filter(office__in=user.bodies_in_view().order_by().values("pk"))
        return self.none()

    def going_on(self) -> Self:
        return self.exclude(state__in=[MergerState.COMPLETED, MergerState.WITHDRAWN])


class RecordsHandoverQuerySet(models.QuerySet["RecordsHandover"]):
    def visible_to(self, user: User) -> Self:
        """Return the records ``user`` may read: the office its own, a body those it hands over or
        receives, an auditor those of their tree. The CA has the plan, not the papers of bodies."""
        if user.role in OFFICE_ROLES:
            return self.filter(merger__office=user.agency_id)
        if user.role in AGENCY_ROLES:
            return self.filter(Q(body__agency__in=user.body_ids) | Q(old__in=user.body_ids))
        if user.role == Role.AUDITOR:
            offices = user.bodies_in_view().order_by().values("pk")
            return self.filter(merger__office__in=offices)
        return self.none()
