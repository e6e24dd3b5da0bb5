"""Rounds that ask how many certificates will be needed, and what bodies answer."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from portal.accounts.models import User
from portal.agencies.models import Agency
from portal.core.background.leases import Leased, LeasedQuerySet
from portal.core.roles import Capability, Scope
from portal.demand.rows import ROWS, DemandRow
from requests_app.models import OwnLetter
from requests_app.paper_workflow import PaperStage, waiting_stages


class DemandRoundQuerySet(LeasedQuerySet["DemandRound"]):
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

    def to_tell(self) -> Self:
        """Return the rounds that have still bodies to be told of, the one that waits longest
        first."""
        return self.filter(is_told=False, closed_at__isnull=True).order_by("pk")


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


Cells = Mapping[str, Mapping[str, int]]  # row → year, as text → how many


class DemandRound(Leased):
    """A question to bodies: of which years, which rows of the form, until when.

    The worker tells them one after another: those up to the key ``told_up_to`` know.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    opened_by_body = models.ForeignKey(Agency, models.PROTECT, related_name="+")
    title = models.CharField(_("tên đợt"), max_length=200)
    basis = models.CharField(_("căn cứ"), max_length=250, blank=True)
    first_year = models.PositiveSmallIntegerField(_("từ năm"))
    last_year = models.PositiveSmallIntegerField(_("đến năm"))
    row_codes: models.JSONField[Any, Any] = models.JSONField(_("các dòng"), default=list)
    due_on = models.DateField(_("hạn gửi"))
    due_moves = models.PositiveSmallIntegerField(default=0)  # how often it was moved, and why last
    due_reason = models.CharField(_("lý do đổi hạn"), max_length=500, blank=True)
    told_up_to = models.BigIntegerField(default=0)
    is_told = models.BooleanField(default=True)
    opened_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    objects = DemandRoundQuerySet.as_manager()

    class Meta:
        ordering = ["-opened_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="demand_round_years_in_order",
                condition=Q(last_year__gte=models.F("first_year")),
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def years(self) -> list[str]:
        return [str(year) for year in range(self.first_year, self.last_year + 1)]

    @property
    def rows(self) -> list[DemandRow]:
        return [row for row in ROWS if row.code in self.row_codes]


class DemandProposal(OwnLetter):
    """What one body says it needs. Sent, it stays; another takes its place, numbered on."""

    round = models.ForeignKey(DemandRound, models.PROTECT, related_name="proposals", db_index=False)
    agency = models.ForeignKey(Agency, models.PROTECT, related_name="+", db_index=False)
    number = models.PositiveSmallIntegerField(_("lần"))
    stage = models.CharField(max_length=20, choices=PaperStage, default=PaperStage.DRAFT)
    cells: models.JSONField[Any, Any] = models.JSONField(default=dict)
    notes: models.JSONField[Any, Any] = models.JSONField(default=dict)  # row → words
    known: models.JSONField[Any, Any] = models.JSONField(default=dict)  # as the portal knew it
    is_replaced = models.BooleanField(default=False)
    # What the round's office or the CA puts in its place; the body's own stays beside.
    corrected: models.JSONField[Any, Any] = models.JSONField(default=dict)
    correction_reason = models.CharField(_("lý do điều chỉnh"), max_length=500, blank=True)
    corrected_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    corrected_at = models.DateTimeField(null=True)

    objects = DemandProposalQuerySet.as_manager()

    class Meta:
        ordering = ["-made_at", "-pk"]
        indexes = [
            models.Index(fields=["agency", "-made_at", "-id"], name="demand_proposal_agency"),
            models.Index(fields=["round", "stage", "agency"], name="demand_proposal_round"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["round", "agency", "number"], name="demand_proposal_numbered"
            ),
            models.UniqueConstraint(
                fields=["round", "agency"],
                condition=Q(stage=PaperStage.ISSUED, is_replaced=False),
                name="demand_proposal_one_in_force",
            ),
            models.UniqueConstraint(
                fields=["round", "agency"],
                condition=Q(stage__in=["draft", "awaiting_signature", "awaiting_seal"]),
                name="demand_proposal_one_open",
            ),
        ]

    @property
    def title(self) -> str:
        """What it is called in lists and on its page."""
        return _("Đề xuất nhu cầu %(years)s (lần %(number)d)") % {
            "years": "–".join(dict.fromkeys((self.round.years[0], self.round.years[-1]))),
            "number": self.number,
        }

    @property
    def agreed(self) -> Cells:
        """What counts: as corrected where it was, else as proposed."""
        cells: Cells = self.corrected or self.cells
        return cells


class DemandCell(models.Model):
    """One cell of what was sent, as reports add it up: written with the letter, and corrected with
    it."""

    proposal = models.ForeignKey(
        DemandProposal, models.PROTECT, related_name="sent_cells", db_index=False
    )
    row = models.CharField(max_length=20)
    year = models.PositiveSmallIntegerField()
    asked = models.PositiveIntegerField()
    agreed = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["proposal", "row", "year"], name="demand_cell_once"),
        ]
        indexes = [models.Index(fields=["year", "id"], name="demand_cell_year")]

    def __str__(self) -> str:
        return f"{self.row} {self.year}: {self.agreed}"
