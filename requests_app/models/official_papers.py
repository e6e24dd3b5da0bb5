"""Papers that an office or the CA writes about a dossier: numbered, signed, delivered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from portal.agencies.models import Agency
from portal.core.background.leases import LeasedQuerySet
from portal.core.database.fields import EncryptedJSONField
from portal.core.roles import Capability, Scope
from requests_app.models.dossiers import DeliveredPaper, Dossier
from requests_app.models.own_letters import OwnLetter
from requests_app.paper_workflow import PaperStage, waiting_stages

if TYPE_CHECKING:
    from portal.accounts.models import User


class OfficialPaperQuerySet(LeasedQuerySet["OfficialPaper"]):
    def visible_to(self, user: User) -> Self:
        """Return the papers of ``user``'s own body, and those delivered to bodies they see."""
        if not user.can(Capability.READ_DOSSIERS):
            return self.none()
        own, issued = Q(agency__in=user.body_ids), Q(stage=PaperStage.ISSUED)
        if user.scope is Scope.BODY:
            return self.filter(issued, dossier__agency__in=user.body_ids)
        if user.scope is Scope.TREE:
            bodies = Agency.objects.visible_to(user).order_by().values("pk")
            return self.filter(issued, dossier__agency__in=bodies)
        if user.scope is Scope.OFFICE:
            return self.filter(own | (issued & Q(dossier__office__in=user.body_ids)))
        return self.filter(own)

    def waiting_for(self, user: User) -> Self:
        """Return what waits for ``user``: to be numbered, signed by them, or issued."""
        stages = {str(stage) for stage in waiting_stages(user.role)}
        if user.can(Capability.NUMBER_PAPERS):
            stages.add(PaperStage.DRAFT)
        others = Q(signer__isnull=False, signing_mode="digital", stage="awaiting_signature")
        found = self.filter(agency__in=user.body_ids, stage__in=stages)
        return found.exclude(others & ~Q(signer__person=user.person_id))


class OfficialPaper(OwnLetter):
    """A notice, answer or refusal on its way: drafted by the decision, numbered at the records
    desk, signed by the head, delivered in the dossier with the day.

    ``content`` is the letter as the decision made it, without number, day and signer.
    """

    agency = models.ForeignKey(Agency, models.PROTECT, related_name="+", db_index=False)
    dossier = models.ForeignKey(
        Dossier, models.PROTECT, related_name="official_papers", db_index=False
    )
    kind = models.CharField(_("loại"), max_length=20, choices=DeliveredPaper.Kind)
    stage = models.CharField(max_length=20, choices=PaperStage, default=PaperStage.DRAFT)
    content: models.Field[dict[str, Any], dict[str, Any]] = EncryptedJSONField(
        default=dict, row=["uuid"]
    )
    name = models.CharField(max_length=120)  # of its file

    objects = OfficialPaperQuerySet.as_manager()

    class Meta:
        ordering = ["-made_at", "-pk"]
        indexes = [
            models.Index(fields=["agency", "-made_at", "-id"], name="official_paper_agency"),
            models.Index(fields=["dossier"], name="official_paper_dossier"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["dossier", "kind"],
                condition=~Q(stage=PaperStage.CANCELLED),
                name="official_paper_once",
            ),
        ]

    @property
    def title(self) -> str:
        """What lists call it."""
        return str(DeliveredPaper.Kind(self.kind).label)
