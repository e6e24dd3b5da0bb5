"""What a body lets its office's support team do in its name: write its requests for recovery."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from portal.accounts.models import User
from portal.agencies.models import Agency
from requests_app.models.querysets import RecoveryMandateQuerySet


class RecoveryMandate(models.Model):
    """From a day to a day, until it is withdrawn; the body itself numbers, signs and sends."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    agency = models.ForeignKey(Agency, models.PROTECT, related_name="recovery_mandates")
    office = models.ForeignKey(Agency, models.PROTECT, related_name="+")
    basis = models.CharField(_("căn cứ"), max_length=200)
    valid_from = models.DateField(_("từ ngày"))
    valid_until = models.DateField(_("đến hết ngày"))
    granted_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    granted_at = models.DateTimeField()
    revoked_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    revoked_at = models.DateTimeField(null=True)

    objects = RecoveryMandateQuerySet.as_manager()

    class Meta:
        ordering = ["-granted_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="recovery_mandate_ends_after_it_begins",
                condition=Q(valid_until__gte=models.F("valid_from")),
            ),
            models.CheckConstraint(
                name="recovery_mandate_revoked_by_somebody",
                condition=Q(revoked_at__isnull=True) | Q(revoked_by__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["agency", "office"],
                condition=Q(revoked_at__isnull=True),
                name="recovery_mandate_one_standing",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.agency_id} → {self.office_id}, {self.valid_until:%d/%m/%Y}"
