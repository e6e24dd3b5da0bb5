"""What is owed, by whom, about what, until when."""

from __future__ import annotations

import uuid
from datetime import datetime

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
    RENEWAL_DOOR = "renewal_door", _("Hạn cuối đề nghị gia hạn, thay đổi chứng thư")
    CERTIFICATE_EXPIRY = "certificate_expiry", _("Chứng thư hết hạn, chỉ còn cấp mới")
    MERGER_REVIEW = "merger_review", _("Rà soát chứng thư, thiết bị khi sắp xếp đơn vị")
    SUPPORT_ANSWER = "support_answer", _("Trả lời câu hỏi hỗ trợ")
    SELF_ASSESSMENT = "self_assessment", _("Gửi bản tự đánh giá theo đợt kiểm tra")
    INSPECTION_FINDING = "inspection_finding", _("Thực hiện kiến nghị kiểm tra")


class Counts(models.TextChoices):
    """How a clock runs."""

    WORKING = "working", _("ngày làm việc")
    CALENDAR = "calendar", _("ngày")
    FIXED = "fixed", _("đến ngày cố định")


class Deadline(models.Model):
    """One clock. Opened and closed by the services whose acts cause it."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(max_length=20, choices=DeadlineKind)
    article = models.CharField(max_length=120)
    agency = models.ForeignKey(
        Agency,
        models.PROTECT,
        related_name="deadlines",
        help_text=_("Đơn vị phải thực hiện"),
        db_index=False,
    )
    office = models.ForeignKey(
        Agency,
        models.PROTECT,
        null=True,
        related_name="+",
        help_text=_("Sở theo dõi"),
        db_index=False,
    )
    target_type = models.CharField(max_length=40)
    target_uuid = models.UUIDField()
    title = models.CharField(max_length=250)
    path = models.CharField(max_length=200, blank=True)
    received_on = models.DateField(help_text=_("Ngày nhận: ngày 0"))
    counts = models.CharField(max_length=8, choices=Counts, default=Counts.WORKING)
    # How many days of that sort; 0 where the end is a day of its own.
    working_days = models.PositiveSmallIntegerField()
    due_on = models.DateField()
    done_at = models.DateTimeField(null=True)
    cancelled_at = models.DateTimeField(null=True)
    lapsed_at = models.DateTimeField(null=True)  # its door shut: neither done nor owed any more
    next_at = models.DateTimeField(null=True, help_text=_("Khi nào quét tiếp"))
    changed_at = models.DateTimeField(null=True)  # opened, moved or passed on last

    objects = DeadlineQuerySet.as_manager()

    class Meta:
        ordering = ["due_on", "pk"]
        indexes = [
            models.Index(fields=["agency", "due_on"], name="deadlines_deadline_agency"),
            models.Index(fields=["office", "due_on"], name="deadlines_deadline_office"),
            # What has told everything, most of all, needs no place here.
            models.Index(
                fields=["next_at", "id"],
                condition=Q(next_at__isnull=False),
                name="deadlines_deadline_due_next",
            ),
            models.Index(
                fields=["kind", "due_on", "id"],
                condition=Q(
                    done_at__isnull=True, cancelled_at__isnull=True, lapsed_at__isnull=True
                ),
                name="deadlines_deadline_open",
            ),
            models.Index(fields=["target_uuid", "kind"], name="deadlines_deadline_target"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "target_uuid"],
                condition=Q(
                    done_at__isnull=True, cancelled_at__isnull=True, lapsed_at__isnull=True
                ),
                name="deadlines_deadline_one_open",
            ),
            models.CheckConstraint(
                name="deadlines_deadline_ends_once",
                condition=Q(done_at__isnull=True, cancelled_at__isnull=True)
                | Q(done_at__isnull=True, lapsed_at__isnull=True)
                | Q(cancelled_at__isnull=True, lapsed_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.due_on:%d/%m/%Y}"

    @property
    def is_open(self) -> bool:
        return self.ended_at is None

    @property
    def ended_at(self) -> datetime | None:
        return self.done_at or self.cancelled_at or self.lapsed_at


class Reminder(models.Model):
    """One threshold of a clock that was crossed: told of, or overtaken (by a later one, or by the
    end of the clock before a sweep came).

    ``threshold`` is days before the end (after it when negative), in the unit of the kind's
    schedule (``deadlines.rules.SCHEDULES``).
    """

    class State(models.TextChoices):
        TOLD = "told", _("Đã báo")
        OVERTAKEN = "overtaken", _("Đã có lần báo sau thay thế")

    deadline = models.ForeignKey(Deadline, models.CASCADE, related_name="reminders", db_index=False)
    threshold = models.SmallIntegerField()
    state = models.CharField(max_length=10, choices=State)
    at = models.DateTimeField()

    class Meta:
        ordering = ["deadline", "-threshold"]
        constraints = [
            models.UniqueConstraint(
                fields=["deadline", "threshold"], name="deadlines_reminder_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.deadline_id} {self.threshold}: {self.state}"
