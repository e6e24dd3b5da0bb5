"""Covering letters: many dossiers forwarded by an office under one official letter."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from portal.agencies.models import Agency
from portal.core.database.prefixes import PATTERN
from requests_app.letter_workflow import Stage
from requests_app.models.own_letters import OwnLetter
from requests_app.models.querysets import CoveringLetterQuerySet


class CoveringLetter(OwnLetter):
    """An office's letter to the CA with a summary table (phiếu tổng hợp) of what it forwards."""

    ISSUER = "office"

    office = models.ForeignKey(
        Agency, models.PROTECT, related_name="covering_letters", db_index=False
    )
    stage = models.CharField(max_length=20, choices=Stage, default=Stage.DRAFT)

    objects = CoveringLetterQuerySet.as_manager()

    class Meta:
        ordering = ["-updated_at", "-pk"]
        indexes = [
            models.Index(fields=["office", "-updated_at", "-id"], name="covering_office_recent"),
            models.Index(fields=["stage", "-updated_at", "-id"], name="covering_stage_recent"),
            models.Index(fields=["letter_number"], opclasses=[PATTERN], name="covering_number"),
        ]


class CoveredDossier(models.Model):
    """One dossier under a covering letter, as the officer saw it, and what became of it."""

    class Outcome(models.TextChoices):
        WAITING = "", _("Chờ chuyển")
        FORWARDED = "forwarded", _("Đã chuyển Cục")
        LEFT_OUT = "left_out", _("Không chuyển")

    letter = models.ForeignKey(
        CoveringLetter, models.PROTECT, related_name="covered", db_index=False
    )
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
