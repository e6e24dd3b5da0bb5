"""Covering letters: many dossiers forwarded by an office under one official letter."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from portal.accounts.models import User
from portal.agencies.models import Agency
from portal.core.background.leases import Leased
from portal.core.database.prefixes import PATTERN
from portal.documents.models import Document
from requests_app.letter_workflow import Stage
from requests_app.models.querysets import CoveringLetterQuerySet


class CoveringLetter(Leased):
    """An office's letter to the CA with a summary table (phiếu tổng hợp) of what it forwards."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    office = models.ForeignKey(Agency, models.PROTECT, related_name="covering_letters")
    stage = models.CharField(max_length=20, choices=Stage, default=Stage.DRAFT)
    version = models.PositiveIntegerField(default=1)  # grows with each change; forms carry it

    # Typed, never invented: they come from the office's own document system.
    letter_number = models.CharField(_("số, ký hiệu công văn"), max_length=40, blank=True)
    letter_date = models.DateField(_("ngày công văn"), null=True, blank=True)
    signing_mode = models.CharField(max_length=8, blank=True)  # as of dossiers
    signing_reason = models.CharField(max_length=250, blank=True)
    letter = models.ForeignKey(Document, models.PROTECT, null=True, related_name="+")
    signed_letter = models.ForeignKey(Document, models.PROTECT, null=True, related_name="+")
    scan = models.ForeignKey(Document, models.PROTECT, null=True, related_name="+")
    sent_back_reason = models.TextField(blank=True)

    made_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    edited_by = models.ManyToManyField(User, related_name="+")
    signed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    signed_at = models.DateTimeField(null=True)
    sent_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    sent_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField()

    objects = CoveringLetterQuerySet.as_manager()

    class Meta:
        ordering = ["-updated_at", "-pk"]
        indexes = [
            models.Index(fields=["office", "-updated_at", "-id"], name="covering_office_recent"),
            models.Index(fields=["stage", "-updated_at", "-id"], name="covering_stage_recent"),
            models.Index(fields=["letter_number"], opclasses=[PATTERN], name="covering_number"),
        ]

    def __str__(self) -> str:
        return self.letter_number or str(self.uuid)

    @property
    def paper(self) -> Document | None:
        """The letter as it went out: signed digitally, or the scan of the paper."""
        return self.signed_letter or self.scan or self.letter


class CoveredDossier(models.Model):
    """One dossier under a covering letter, as the officer saw it, and what became of it."""

    class Outcome(models.TextChoices):
        WAITING = "", _("Chờ chuyển")
        FORWARDED = "forwarded", _("Đã chuyển Cục")
        LEFT_OUT = "left_out", _("Không chuyển")

    letter = models.ForeignKey(CoveringLetter, models.PROTECT, related_name="covered")
    dossier = models.ForeignKey("requests_app.Dossier", models.PROTECT, related_name="covered")
    position = models.PositiveIntegerField()
    dossier_version = models.PositiveIntegerField()
    # What the summary table says of it, whatever is corrected later.
    letter_number = models.CharField(max_length=40, blank=True)
    letter_date = models.DateField(null=True)
    row_count = models.PositiveIntegerField()
    outcome = models.CharField(max_length=9, choices=Outcome, blank=True, default="")
    reason = models.CharField(_("lý do"), max_length=250, blank=True)
    at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["letter", "position"]
        constraints = [
            models.UniqueConstraint(fields=["letter", "dossier"], name="covered_once_a_letter"),
            models.UniqueConstraint(
                fields=["dossier"], condition=Q(outcome=""), name="covered_by_one_open_letter"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.letter_id}: {self.dossier_id}"
