"""Offices that work on a reorganisation together: one leads, the others were asked to join."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from orgmerge.querysets import MergerOfficeQuerySet
from portal.accounts.models import User
from portal.agencies.models import Agency


class MergerOffice(models.Model):
    """An office beside the leading one. Its bodies can be described once it has joined; a plan is
    approved once it has agreed to it (decision 0020)."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    merger = models.ForeignKey("orgmerge.Merger", models.PROTECT, related_name="joint_offices")
    office = models.ForeignKey(Agency, models.PROTECT, related_name="+")
    asked_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    joined_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    joined_at = models.DateTimeField(null=True)
    # Declining to join, or objecting to the plan; empty once it joins or agrees.
    objection = models.TextField(_("lý do"), blank=True)
    agreed_plan = models.ForeignKey("orgmerge.Plan", models.PROTECT, null=True, related_name="+")
    agreed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    agreed_at = models.DateTimeField(null=True)

    objects = MergerOfficeQuerySet.as_manager()

    class Meta:
        ordering = ["merger", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["merger", "office"], name="orgmerge_office_once"),
            models.CheckConstraint(
                name="orgmerge_office_joined_by_somebody",
                condition=Q(joined_at__isnull=True) | Q(joined_by__isnull=False),
            ),
            models.CheckConstraint(
                name="orgmerge_office_agreed_after_joining",
                condition=Q(agreed_plan__isnull=True)
                | Q(joined_at__isnull=False, agreed_by__isnull=False, agreed_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.merger_id}: {self.office_id}"
