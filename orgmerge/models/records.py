"""What was transferred, thing by thing, and the signed records of it."""

from __future__ import annotations

import uuid

from django.db import models

from orgmerge.models.querysets import RecordsHandoverQuerySet
from orgmerge.vocabulary import LineAbout
from portal.accounts.models import User
from portal.agencies.models import Agency
from portal.documents.models import Document


class TransferEntry(models.Model):
    """One thing that went from a body to another by a decision: what the record lists, and what a
    repeal would have to bring back. Written once."""

    merger = models.ForeignKey("orgmerge.Merger", models.PROTECT, related_name="+", db_index=False)
    about = models.CharField(max_length=12, choices=LineAbout)
    target_id = models.BigIntegerField()
    old = models.ForeignKey(Agency, models.PROTECT, related_name="+", db_index=False)
    new = models.ForeignKey(Agency, models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["merger", "old", "new", "about", "target_id"],
                name="orgmerge_transfer_entry_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.about} {self.target_id}: {self.old_id} → {self.new_id}"


class RecordsHandover(models.Model):
    """The dossiers of one absorbed body handed to another: two lists and a signed record
    (275/BCY-CTSBMTT mục 3; NĐ 30/2020 Điều 30)."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    merger = models.ForeignKey(
        "orgmerge.Merger", models.PROTECT, related_name="handovers", db_index=False
    )
    old = models.ForeignKey(Agency, models.PROTECT, related_name="+")
    body = models.ForeignKey("orgmerge.MergerBody", models.PROTECT, related_name="+")
    record = models.ForeignKey(Document, models.PROTECT, null=True, related_name="+")
    signed = models.ForeignKey(Document, models.PROTECT, null=True, related_name="+")
    counts = models.JSONField(default=dict)  # dossiers by form, subscribers, devices
    made_at = models.DateTimeField()
    signed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    signed_at = models.DateTimeField(null=True)

    objects = RecordsHandoverQuerySet.as_manager()

    class Meta:
        ordering = ["merger", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["merger", "old", "body"], name="orgmerge_handover_once"
            ),
            models.CheckConstraint(
                name="orgmerge_handover_signed_with_paper",
                condition=models.Q(signed_at__isnull=True) | models.Q(signed__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.old_id} → {self.body_id}"
