"""What can be asked about rounds and proposals of demand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Q

from portal.agencies.models import Agency
from portal.core.roles import Capability, Scope
from requests_app.own_letters.workflow import PaperStage, waiting_stages

if TYPE_CHECKING:
    from portal.accounts.models import User
    from portal.demand.models import DemandProposal, DemandRound


class DemandRoundQuerySet(models.QuerySet["DemandRound"]):
    def visible_to(self, user: User) -> Self:
        """Return the rounds that ask ``user``'s body, and those it opened: an office's ask its
        bodies, the CA's ask the offices and the bodies without one. The CA sees all."""
        if not user.can(Capability.READ_DOSSIERS):
            return self.none()
        if user.scope is Scope.CA:
            return self
        own, of_the_ca = Q(opened_by_body__in=user.body_ids), Q(opened_by_body__kind="ca")
        if user.scope is Scope.OFFICE:
            return self.filter(own | of_the_ca)
        if user.scope is Scope.TREE:
            bodies = Agency.objects.visible_to(user)
            return self.filter(opened_by_body__in=bodies.order_by().values("office"))
        if user.agency.office_id is None:
            return self.filter(of_the_ca)
        return self.filter(opened_by_body=user.agency.office_id)


class DemandProposalQuerySet(models.QuerySet["DemandProposal"]):
    def visible_to(self, user: User) -> Self:
        """Return those of ``user``'s body, and what was sent to it: to the office by its bodies, to
        the CA by all. The auditor sees what was sent in the tree."""
        if not user.can(Capability.READ_DOSSIERS):
            return self.none()
        own, sent = Q(agency__in=user.body_ids), Q(stage=PaperStage.ISSUED)
        if user.scope is Scope.CA:
            return self.filter(own | sent)
        if user.scope is Scope.OFFICE:
            return self.filter(own | (sent & Q(round__opened_by_body__in=user.body_ids)))
        if user.scope is Scope.TREE:
            bodies = Agency.objects.visible_to(user).order_by().values("pk")
            return self.filter(sent, agency__in=bodies)
        return self.filter(own)

    def waiting_for(self, user: User) -> Self:
        """Return what waits for ``user``'s role in their own body."""
        return self.filter(agency__in=user.body_ids, stage__in=waiting_stages(user.role))

    def in_force(self) -> Self:
        """Return of each body the last one that was sent: earlier ones it took the place of."""
        return self.filter(stage=PaperStage.ISSUED, is_replaced=False)
