"""What can be asked about annexes of plans."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.apps import apps
from django.db import models
from django.db.models import Exists, F, OuterRef, Q

from orgmerge.querysets import mergers_of
from portal.core.roles import AGENCY_ROLES, OFFICE_ROLES, Role

if TYPE_CHECKING:
    from orgmerge.models_annex import PlanAnnex
    from portal.accounts.models import User


class PlanAnnexQuerySet(models.QuerySet["PlanAnnex"]):
    def visible_to(self, user: User) -> Self:
        """Return what ``user`` may take away: who sees a plan whole the annexes made of the whole,
        a body those of its own lines; one of a draft the office alone."""
        found = self.filter(plan__merger__in=mergers_of(user))
        if user.role in AGENCY_ROLES:
            return found.filter(agency=user.agency_id, is_draft=False)
        found = found.filter(agency__isnull=True)
        sees_drafts = user.role in OFFICE_ROLES or user.role == Role.AUDITOR
        return found if sees_drafts else found.filter(is_draft=False)

    def present(self) -> Self:
        """Return those of the plan that is shown now: the approved one, else the one made last."""
        plans = apps.get_model("orgmerge", "Plan")._default_manager
        later = plans.filter(
            merger=OuterRef("plan__merger"), number__gt=OuterRef("plan__number"), state="ready"
        )
        is_approved = Q(plan=F("plan__merger__approved_plan"), is_draft=False)
        is_newest = Q(plan__merger__approved_plan__isnull=True, is_draft=True) & ~Exists(later)
        return self.filter(is_approved | is_newest)

    def unfinished(self) -> Self:
        return self.filter(document__isnull=True, problem="")

    def unclaimed(self, now: datetime) -> Self:
        return self.filter(Q(claimed_until__isnull=True) | Q(claimed_until__lt=now))
