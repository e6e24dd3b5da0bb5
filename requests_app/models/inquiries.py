"""Asking the body a person is to come from whether they have moved (R41, DOMAIN 14.25)."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from portal.accounts.models import User
from portal.agencies.models import Agency
from requests_app.models.dossiers import DossierItem


class TransferInquiry(models.Model):
    """The former agency (where it ended, its successor) is asked about one row, once."""

    class Answer(models.TextChoices):
        NONE = "", _("Chưa trả lời")
        MOVED = "moved", _("Đã chuyển đi")
        STAYS = "stays", _("Vẫn công tác tại đơn vị")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    item = models.OneToOneField(DossierItem, models.CASCADE, related_name="inquiry")
    agency = models.ForeignKey(
        Agency, models.PROTECT, related_name="transfer_inquiries", db_index=False
    )
    asked_at = models.DateTimeField()
    due_on = models.DateField()  # silent after it, the row goes on with a warning
    answer = models.CharField(max_length=5, choices=Answer, blank=True, default=Answer.NONE)
    reason = models.CharField(_("ý kiến"), max_length=500, blank=True)
    answered_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    answered_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["asked_at", "pk"]
        indexes = [models.Index(fields=["agency", "answer"], name="transfer_inquiry_open")]
        constraints = [
            models.CheckConstraint(
                name="transfer_inquiry_answered_by_somebody",
                condition=Q(answer="") | Q(answered_by__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.item_id} ? {self.agency_id}"
