"""Lists of bodies that came as a spreadsheet, until they are looked through and taken over."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from orgmerge.vocabulary import Extent
from portal.accounts.models import User
from portal.agencies.models import Agency


class BodyList(models.Model):
    """One uploaded sheet. Nothing of it is in the description before ``imported_at``."""

    class Kind(models.TextChoices):
        BODIES = "bodies", _("Danh sách đơn vị")
        COMMUNES = "communes", _("Danh sách xã, phường")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    merger = models.ForeignKey("orgmerge.Merger", models.CASCADE, related_name="lists")
    kind = models.CharField(max_length=8, choices=Kind)
    file_name = models.CharField(max_length=250)
    version = models.PositiveIntegerField(default=1)
    made_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    imported_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    imported_at = models.DateTimeField(null=True)
    dropped_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["merger", "-made_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["merger"],
                condition=models.Q(imported_at__isnull=True, dropped_at__isnull=True),
                name="orgmerge_list_one_open",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.merger_id}: {self.file_name}"


class BodyListRow(models.Model):
    """One old body → new body as the sheet says it, and what was found out about it.

    ``problems`` are the errors that keep it out, ``remarks`` what is only told: lists of codes
    with their words. ``reviewed_at`` is when a person said that it is right (of expanded lists).
    """

    body_list = models.ForeignKey(BodyList, models.CASCADE, related_name="rows")
    number = models.PositiveIntegerField()  # in the sheet, or in the expanded list
    source = models.CharField(max_length=250, blank=True)  # the commune it was expanded from
    old_agency = models.CharField(_("đơn vị cũ"), max_length=350)
    new_agency = models.CharField(_("đơn vị mới đã có"), max_length=350, blank=True)
    new_name = models.CharField(_("tên mới"), max_length=250, blank=True)
    extent = models.CharField(_("phạm vi"), max_length=40, blank=True, default=Extent.WHOLE)
    effective_on = models.CharField(_("ngày hiệu lực"), max_length=30, blank=True)
    decision = models.CharField(_("quyết định"), max_length=250, blank=True)
    old = models.ForeignKey(Agency, models.PROTECT, null=True, db_index=False, related_name="+")
    new = models.ForeignKey(Agency, models.PROTECT, null=True, db_index=False, related_name="+")
    problems = models.JSONField(default=list)
    remarks = models.JSONField(default=list)
    is_bad = models.BooleanField(default=False)
    is_dropped = models.BooleanField(default=False)
    reviewed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["body_list", "number"]
        constraints = [
            models.UniqueConstraint(
                fields=["body_list", "number"], name="orgmerge_list_row_number"
            ),
        ]
        indexes = [
            models.Index(
                fields=["body_list", "is_bad", "is_dropped", "number"], name="orgmerge_list_row_bad"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.body_list_id} #{self.number}"
