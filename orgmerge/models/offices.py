"""Offices that work on a reorganisation together: one leads, the others were asked to join."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from orgmerge.models.querysets import MergerOfficeQuerySet
from portal.accounts.models import User
from portal.agencies.models import Agency


class MergerOffice(models.Model):
    """An office beside the leading one. Its bodies can be described once it has joined; a plan is
    approved once it has agreed to it (decision 0020).

    ``answered_*`` is its last word: about joining as long as ``answered_plan`` is empty, then
    about that plan. It is a no where there is an ``objection``.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    merger = models.ForeignKey(
        "orgmerge.Merger", models.PROTECT, related_name="joint_offices", db_index=False
    )
    office = models.ForeignKey(Agency, models.PROTECT, related_name="+")
    asked_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    joined_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    joined_at = models.DateTimeField(null=True)
    answered_plan = models.ForeignKey("orgmerge.Plan", models.PROTECT, null=True, related_name="+")
    answered_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    answered_at = models.DateTimeField(null=True)
    objection = models.TextField(_("lý do"), blank=True)

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
                name="orgmerge_office_answered_by_somebody",
                condition=Q(answered_at__isnull=False, answered_by__isnull=False)
                | Q(answered_plan__isnull=True, objection=""),
            ),
            models.CheckConstraint(
                name="orgmerge_office_of_a_plan_once_joined",
                condition=Q(answered_plan__isnull=True) | Q(joined_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.merger_id}: {self.office_id}"

    @property
    def has_declined(self) -> bool:
        """Whether it was asked and said no."""
        return self.joined_at is None and bool(self.objection)

    @property
    def has_agreed(self) -> bool:
        """Whether its last word about a plan was yes; ``answered_plan`` says which."""
        return self.answered_plan_id is not None and not self.objection
