"""What is owed, by whom, about what, until when."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from portal.agencies.models import Agency
from portal.deadlines.querysets import DeadlineQuerySet


class DeadlineKind(models.TextChoices):
    """Each kind's article and length stand in ``deadlines.rules``."""

    OFFICE_CHECK = "office_check", _("Sở KH&CN xem xét hồ sơ")
    CA_ISSUE = "ca_issue", _("Cấp chứng thư")
    CA_RENEW_CHANGE = "ca_renew_change", _("Gia hạn, thay đổi thông tin chứng thư")
    CA_REVOKE = "ca_revoke", _("Thu hồi chứng thư")
    RECOVERY = "recovery", _("Khôi phục thiết bị")
    HANDOVER_NOTICE = "handover_notice", _("Gửi thông báo bàn giao (Mẫu 07)")
    DEVICE_RETURN = "device_return", _("Thu hồi và bàn giao lại thiết bị (Mẫu 08)")
    LOSS_MINUTES = "loss_minutes", _("Gửi biên bản xác nhận thất lạc (Mẫu 09)")
    CORRECTION = "correction", _("Hoàn thiện hồ sơ bị trả lại")


class Deadline(models.Model):
    """One clock. Opened and closed by the services whose acts cause it."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(max_length=20, choices=DeadlineKind)
    article = models.CharField(max_length=120)
    agency = models.ForeignKey(
        Agency, models.PROTECT, related_name="deadlines", help_text=_("Đơn vị phải thực hiện")
    )
    office = models.ForeignKey(
        Agency, models.PROTECT, null=True, related_name="+", help_text=_("Sở theo dõi")
    )
    target_type = models.CharField(max_length=40)
    target_uuid = models.UUIDField()
    title = models.CharField(max_length=250)
    path = models.CharField(max_length=200, blank=True)
    received_on = models.DateField(help_text=_("Ngày nhận: ngày 0"))
    working_days = models.PositiveSmallIntegerField()
    due_on = models.DateField()
    done_at = models.DateTimeField(null=True)
    cancelled_at = models.DateTimeField(null=True)
    next_at = models.DateTimeField(null=True, help_text=_("Khi nào quét tiếp"))

    objects = DeadlineQuerySet.as_manager()

    class Meta:
        ordering = ["due_on", "pk"]
        indexes = [
            models.Index(fields=["agency", "due_on"], name="deadlines_deadline_agency"),
            models.Index(fields=["office", "due_on"], name="deadlines_deadline_office"),
            models.Index(fields=["next_at"], name="deadlines_deadline_next"),
            models.Index(fields=["target_uuid", "kind"], name="deadlines_deadline_target"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "target_uuid"],
                condition=Q(done_at__isnull=True, cancelled_at__isnull=True),
                name="deadlines_deadline_one_open",
            ),
            models.CheckConstraint(
                name="deadlines_deadline_done_or_cancelled",
                condition=Q(done_at__isnull=True) | Q(cancelled_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.due_on:%d/%m/%Y}"

    @property
    def is_open(self) -> bool:
        return self.done_at is None and self.cancelled_at is None
