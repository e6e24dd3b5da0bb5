"""What can be asked about reports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.db.models import Q

from portal.agencies.models import Agency
from portal.core.background.leases import LeasedQuerySet
from portal.core.roles import Capability, Scope
from requests_app.own_letters.workflow import PaperStage, waiting_stages

if TYPE_CHECKING:
    from portal.accounts.models import User
    from portal.reports.models import Report


class ReportQuerySet(LeasedQuerySet["Report"]):
    def visible_to(self, user: User) -> Self:
        """Return the reports of ``user``'s body, and what was issued by those below: to the office
        of its bodies, to the CA of all, to the auditor of the tree."""
        if not user.can(Capability.READ_DOSSIERS):
            return self.none()
        own, issued = Q(agency__in=user.body_ids), Q(stage=PaperStage.ISSUED)
        if user.scope is Scope.OFFICE:
            return self.filter(own | (issued & Q(office__in=user.body_ids)))
        if user.scope is Scope.CA:
            return self.filter(own | issued)
        if user.scope is Scope.TREE:
            bodies = Agency.objects.visible_to(user).order_by().values("pk")
            return self.filter(issued, agency__in=bodies)
        return self.filter(own)

    def waiting_for(self, user: User) -> Self:
        """Return what waits for ``user``'s role in their own body."""
        return self.filter(agency__in=user.body_ids, stage__in=waiting_stages(user.role))
