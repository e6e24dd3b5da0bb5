"""What can be asked about reorganisations; ``visible_to`` is the only way in."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any, Self

from django.apps import apps
from django.db import models
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery

from orgmerge.vocabulary import MergerState
from portal.core.background.leases import LeasedQuerySet
from portal.core.roles import Capability, Scope

if TYPE_CHECKING:
    from orgmerge.models import Merger, Plan
    from orgmerge.models.annex import PlanAnnex
    from orgmerge.models.offices import MergerOffice
    from orgmerge.models.records import RecordsHandover
    from orgmerge.models.review import ReviewReply, ReviewRound
    from portal.accounts.models import User

# From here on the bodies and the CA know of it; a draft is the business of the offices alone.
_PUBLIC = (MergerState.APPROVED, MergerState.IN_FORCE, MergerState.COMPLETED)


class MergerQuerySet(models.QuerySet["Merger"]):
    def visible_to(self, user: User) -> Self:
        """Return what ``user`` may see, built from IN so that rows can be locked: an office what it
        leads or has joined (its support team once it is approved), bodies and the CA approved ones.

        Before that a body has its list of the review alone (``ReviewReply.objects.visible_to``):
        what others are to become is not its business yet.
        """
        if user.scope is Scope.OFFICE:
            led = self.worked_on_by(user.body_ids)
            sees_drafts = user.can(Capability.READ_DRAFT_REORGANISATIONS)
            return led if sees_drafts else led.filter(state__in=_PUBLIC)
        if user.scope is Scope.CA:
            return self.filter(state__in=_PUBLIC)
        if user.scope is Scope.BODY:
            involved = Q(shares__old__in=user.body_ids) | Q(bodies__agency__in=user.body_ids)
            theirs = self.model._default_manager.filter(involved).order_by().values("pk")
            return self.filter(pk__in=theirs, state__in=_PUBLIC)
        if user.scope is Scope.TREE:
            return self.worked_on_by(user.bodies_in_view().order_by().values("pk"))
        return self.none()

    def worked_on_by(self, offices: Collection[int] | QuerySet[Any, Any]) -> Self:
        """Return what these offices lead or have joined."""
        beside = apps.get_model("orgmerge", "MergerOffice")._default_manager
        joined = beside.filter(office__in=offices, joined_at__isnull=False)
        return self.filter(Q(office__in=offices) | Q(pk__in=joined.order_by().values("merger")))

    def going_on(self) -> Self:
        return self.exclude(state__in=[MergerState.COMPLETED, MergerState.WITHDRAWN])


class RecordsHandoverQuerySet(models.QuerySet["RecordsHandover"]):
    def visible_to(self, user: User) -> Self:
        """Return the records ``user`` may read: an office those of the reorganisations it works on,
        a body those it hands over or receives, an auditor those of their tree. The CA has the plan,
        not the papers of bodies."""
        if user.can(Capability.READ_DRAFT_REORGANISATIONS):
            return self.filter(merger__in=mergers_of(user))
        if user.scope is Scope.BODY:
            return self.filter(Q(body__agency__in=user.body_ids) | Q(old__in=user.body_ids))
        return self.none()


class MergerOfficeQuerySet(models.QuerySet["MergerOffice"]):
    def visible_to(self, user: User) -> Self:
        """Return the questions to ``user``'s office, and all of the reorganisations it works on."""
        if not user.can(Capability.READ_DRAFT_REORGANISATIONS):
            return self.none()
        if user.scope is Scope.OFFICE:
            return self.filter(Q(office__in=user.body_ids) | Q(merger__in=mergers_of(user)))
        if user.scope is Scope.TREE:
            return self.filter(merger__in=mergers_of(user))
        return self.none()

    def waiting_for(self, user: User) -> Self:
        """Return the questions that ``user``'s office has not answered, of drafts."""
        asked = self.filter(office__in=user.body_ids, joined_at__isnull=True, objection="")
        return asked.filter(merger__state=MergerState.DRAFT)

    def to_speak(self, user: User) -> Self:
        """Return the places of ``user``'s office that have not said a word of the plan that awaits
        approval: while it does, no other is made."""
        plans = apps.get_model("orgmerge", "Plan")._default_manager
        newest = plans.filter(merger=OuterRef("merger")).order_by("-number").values("pk")[:1]
        joined = self.filter(office__in=user.body_ids, joined_at__isnull=False)
        awaited = joined.filter(merger__state=MergerState.AWAITING_APPROVAL)
        silent = Q(answered_plan__isnull=True) | ~Q(answered_plan=Subquery(newest))
        return awaited.filter(silent)

    def yet_to_agree(self, plan: Plan | None) -> Self:
        """Return the offices that have joined and have not said yes to ``plan``."""
        agreed = Q(answered_plan=plan, objection="") if plan else Q(pk__in=[])
        return self.filter(joined_at__isnull=False).exclude(agreed)


def mergers_of(user: User) -> QuerySet[Any, Any]:
    """Return the keys of the reorganisations ``user`` may see, to be asked within."""
    mergers = MergerQuerySet(apps.get_model("orgmerge", "Merger"))
    return mergers.visible_to(user).order_by().values("pk")


class PlanQuerySet(LeasedQuerySet["Plan"]):
    def unfinished(self) -> Self:
        """Return what a worker still has to make."""
        return self.filter(state__in=["waiting", "running"])


class PlanAnnexQuerySet(LeasedQuerySet["PlanAnnex"]):
    def visible_to(self, user: User) -> Self:
        """Return what ``user`` may take away: who sees a plan whole the annexes made of the whole,
        a body those of its own lines; one of a draft the office alone."""
        found = self.filter(plan__merger__in=mergers_of(user))
        if user.scope is Scope.BODY:
            return found.filter(agency=user.agency_id, is_draft=False)
        found = found.filter(agency__isnull=True)
        sees_drafts = user.can(Capability.READ_DRAFT_REORGANISATIONS)
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


class ReviewRoundQuerySet(LeasedQuerySet["ReviewRound"]):
    def open(self) -> Self:
        return self.filter(closed_at__isnull=True)

    def to_prepare(self) -> Self:
        """Return the open ones some body of which has no list yet."""
        return self.open().filter(prepared_at__isnull=True)


class ReviewReplyQuerySet(models.QuerySet["ReviewReply"]):
    def visible_to(self, user: User) -> Self:
        """Return the lists ``user`` may see: a body its own once it is made, an office those of the
        reorganisations it works on, an auditor those of offices in their tree. The CA sees none.

        A list is all that a body sees of a reorganisation before it is approved.
        """
        if user.can(Capability.READ_DRAFT_REORGANISATIONS):
            return self.filter(round__merger__in=mergers_of(user))
        if user.scope is Scope.BODY:
            return self.filter(agency__in=user.body_ids, listed_at__isnull=False)
        return self.none()

    def silent(self) -> Self:
        """Return those whose body has not said that it is done."""
        return self.filter(sent_at__isnull=True)
