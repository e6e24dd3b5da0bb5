"""The annex of a covering letter that is too long to be printed at once, and its pieces."""

from __future__ import annotations

import uuid

from django.db import models

from orgmerge.models.querysets import PlanAnnexQuerySet
from portal.accounts.models import User
from portal.agencies.models import Agency
from portal.core.background.leases import Leased
from portal.documents.models import Document


class PlanAnnex(Leased):
    """Some lines of one plan on paper: asked for once, printed by a worker, kept with its plan.

    It waits while it has neither a document nor a problem.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    plan = models.ForeignKey(
        "orgmerge.Plan", models.CASCADE, related_name="annexes", db_index=False
    )
    # Whose lines alone; None: all that the plan has.
    agency = models.ForeignKey(Agency, models.PROTECT, null=True, related_name="+")
    is_draft = models.BooleanField()  # says so on paper: the plan was not approved
    query = models.TextField(blank=True)  # the filters of the page it was asked for on
    key = models.CharField(max_length=64)  # of the three above
    lines_total = models.PositiveIntegerField()
    lines_done = models.PositiveIntegerField(default=0)
    pages = models.PositiveIntegerField(default=0)
    document = models.ForeignKey(Document, models.PROTECT, null=True, related_name="+")
    problem = models.CharField(max_length=250, blank=True)
    asked_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()  # its day is the one it is printed with
    made_at = models.DateTimeField(null=True)

    objects = PlanAnnexQuerySet.as_manager()

    class Meta:
        ordering = ["plan", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["plan", "key"], name="orgmerge_annex_once"),
        ]

    def __str__(self) -> str:
        return f"{self.plan_id}: {self.lines_done}/{self.lines_total}"

    @property
    def is_waiting(self) -> bool:
        """Whether a worker still has to do with it."""
        return self.document_id is None and not self.problem


class AnnexPiece(models.Model):
    """Some pages of an annex under way: what a killed worker leaves for the next to go on from."""

    annex = models.ForeignKey(PlanAnnex, models.CASCADE, related_name="pieces", db_index=False)
    number = models.PositiveIntegerField()
    content = models.BinaryField()  # sealed as stored files are
    # The last line on it: the next piece begins after it.
    stage = models.PositiveSmallIntegerField()
    line = models.BigIntegerField()

    class Meta:
        ordering = ["annex", "number"]
        constraints = [
            models.UniqueConstraint(fields=["annex", "number"], name="orgmerge_annex_piece_once"),
        ]

    def __str__(self) -> str:
        return f"{self.annex_id} #{self.number}"
