"""Systems that sign, what they report, and what came of it."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from portal.accounts.models import User
from portal.agencies.models import Agency
from portal.ca.models import Certificate
from portal.usage.querysets import (
    IdleInquiryQuerySet,
    PublicCertificateQuerySet,
    SigningSystemQuerySet,
    UsageAlarmQuerySet,
)
from portal.usage.rules import LONGEST_EVENT_ID, LONGEST_SERIAL, DocumentKind, Offence


class SystemKind(models.TextChoices):
    """What signs."""

    DOCUMENTS = "documents", _("Hệ thống quản lý văn bản")
    ONE_STOP = "one_stop", _("Hệ thống một cửa, dịch vụ công")
    REMOTE = "remote", _("Ký số từ xa, tập trung")
    OTHER = "other", _("Hệ thống khác")
    # A body's own: what its people hand in as signed PDFs. Made by the portal, never registered.
    PAPERS = "papers", _("Văn bản đã ký do đơn vị nộp")


class SigningSystem(models.Model):
    """A system that signs and tells when; its owner is a body, an office or the CA."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(_("tên hệ thống"), max_length=150)
    kind = models.CharField(_("loại"), max_length=10, choices=SystemKind)
    agency = models.ForeignKey(Agency, models.PROTECT, related_name="+", db_index=False)
    office = models.ForeignKey(Agency, models.PROTECT, null=True, related_name="+")
    registered_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    registered_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    last_received_at = models.DateTimeField(null=True)
    # How far its clock was ahead of ours when it last reported (behind: negative), if that is much.
    skew_seconds = models.IntegerField(null=True)
    skew_told_on = models.DateField(null=True)

    objects = SigningSystemQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["agency", "name"], name="usage_system_name"),
            models.UniqueConstraint(
                fields=["agency"], condition=Q(kind="papers"), name="usage_system_papers_once"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class SystemToken(models.Model):
    """What a system proves itself by: its hash, shown to nobody. One at a time is good."""

    system = models.ForeignKey(SigningSystem, models.PROTECT, related_name="tokens")
    token_hash = models.CharField(max_length=64, unique=True)
    made_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    # From when somebody else may have had it; what it brought since is withdrawn.
    stolen_since = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-made_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["system"], condition=Q(ended_at__isnull=True), name="usage_token_one_good"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.system_id} {self.made_at:%d/%m/%Y}"


class UsageBatch(models.Model):
    """What came in at once, and how it was taken."""

    class Channel(models.TextChoices):
        API = "api", _("API")
        FILE = "file", _("Tệp")
        PDF = "pdf", _("Văn bản đã ký")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    system = models.ForeignKey(
        SigningSystem, models.PROTECT, related_name="batches", db_index=False
    )
    token = models.ForeignKey(SystemToken, models.PROTECT, null=True, related_name="batches")
    channel = models.CharField(max_length=4, choices=Channel)
    handed_in_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    received_at = models.DateTimeField()
    accepted = models.PositiveIntegerField(default=0)
    known = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-received_at", "-pk"]
        indexes = [models.Index(fields=["system", "-received_at"], name="usage_batch_recent")]

    def __str__(self) -> str:
        return f"{self.system_id} {self.received_at:%d/%m/%Y %H:%M}"


class UsageEvent(models.Model):
    """One signature: by which certificate, when, by which system, on what kind of document.

    Kept for ``USAGE_EVENT_DAYS``; the sums of ``UsageMonth`` and ``BodyMonth`` stay.
    """

    system = models.ForeignKey(SigningSystem, models.PROTECT, related_name="+", db_index=False)
    batch = models.ForeignKey(UsageBatch, models.PROTECT, related_name="events")
    certificate = models.ForeignKey(Certificate, models.PROTECT, related_name="+", db_index=False)
    event_id = models.CharField(max_length=LONGEST_EVENT_ID)  # the system's own
    moment = models.DateTimeField()
    document_kind = models.CharField(max_length=8, choices=DocumentKind)
    is_withdrawn = models.BooleanField(default=False, db_default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["system", "event_id"],
                condition=Q(is_withdrawn=False),
                name="usage_event_once",
            ),
        ]
        indexes = [
            models.Index(fields=["certificate", "moment"], name="usage_event_certificate"),
            models.Index(fields=["moment"], name="usage_event_moment"),
        ]

    def __str__(self) -> str:
        return f"{self.system_id} {self.event_id}"


class UsageMonth(models.Model):
    """How often a certificate signed in a month by a system, and when last."""

    certificate = models.ForeignKey(
        Certificate, models.PROTECT, related_name="usage_months", db_index=False
    )
    system = models.ForeignKey(SigningSystem, models.PROTECT, related_name="+", db_index=False)
    month = models.DateField()
    count = models.PositiveIntegerField()
    last_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["certificate", "month", "system"], name="usage_month_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.certificate_id} {self.month:%m/%Y}"


class BodyMonth(models.Model):
    """How often the certificates of a body signed in a month, by system and kind of document.

    The body is the one that managed the certificate when the event came in.
    """

    agency = models.ForeignKey(Agency, models.PROTECT, related_name="+", db_index=False)
    system = models.ForeignKey(SigningSystem, models.PROTECT, related_name="+", db_index=False)
    month = models.DateField()
    document_kind = models.CharField(max_length=8, choices=DocumentKind)
    count = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["agency", "month", "system", "document_kind"], name="usage_bodymonth_once"
            ),
        ]
        indexes = [
            models.Index(fields=["month", "document_kind"], name="usage_bodymonth_month"),
            models.Index(fields=["system", "month"], name="usage_bodymonth_system"),
        ]

    def __str__(self) -> str:
        return f"{self.agency_id} {self.month:%m/%Y}"


class StrayEvent(models.Model):
    """An event of a serial the register does not know; counted once it does."""

    system = models.ForeignKey(SigningSystem, models.PROTECT, related_name="strays", db_index=False)
    event_id = models.CharField(max_length=LONGEST_EVENT_ID)
    serial = models.CharField(max_length=LONGEST_SERIAL, db_index=True)
    moment = models.DateTimeField()
    document_kind = models.CharField(max_length=8, choices=DocumentKind)
    token = models.ForeignKey(SystemToken, models.PROTECT, null=True, related_name="+")
    received_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["system", "event_id"], name="usage_stray_once"),
        ]

    def __str__(self) -> str:
        return f"{self.serial} {self.moment:%d/%m/%Y}"


class UsageAlarm(models.Model):
    """A certificate was used when it must not be; one open at a time for each case."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    certificate = models.ForeignKey(Certificate, models.PROTECT, related_name="+")
    offence = models.CharField(max_length=16, choices=Offence)
    system = models.ForeignKey(SigningSystem, models.PROTECT, related_name="+")  # the first
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    count = models.PositiveIntegerField()
    raised_at = models.DateTimeField()
    explanation = models.TextField(blank=True)  # the body's
    explained_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    explained_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    finding = models.TextField(blank=True)

    objects = UsageAlarmQuerySet.as_manager()

    class Meta:
        ordering = ["-raised_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["certificate", "offence"],
                condition=Q(closed_at__isnull=True),
                name="usage_alarm_one_open",
            ),
        ]
        indexes = [models.Index(fields=["-raised_at", "-id"], name="usage_alarm_recent")]

    def __str__(self) -> str:
        return f"{self.certificate_id} {self.offence}"


class IdleInquiry(models.Model):
    """A body is asked what is to become of a certificate that nobody signs with."""

    class Answer(models.TextChoices):
        KEEP = "keep", _("Giữ lại")
        REVOKE = "revoke", _("Đề nghị thu hồi (Mẫu 05)")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    certificate = models.ForeignKey(Certificate, models.PROTECT, related_name="idle_inquiries")
    last_used_at = models.DateTimeField(null=True)
    asked_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    answer = models.CharField(max_length=6, choices=Answer, blank=True)
    reason = models.CharField(max_length=500, blank=True)
    answered_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    answered_at = models.DateTimeField(null=True)
    dossier_uuid = models.UUIDField(null=True)  # the Mẫu 05 that was opened

    objects = IdleInquiryQuerySet.as_manager()

    class Meta:
        ordering = ["asked_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["certificate"],
                condition=Q(answered_at__isnull=True),
                name="usage_inquiry_one_open",
            ),
            models.CheckConstraint(
                name="usage_inquiry_answered_by_somebody",
                condition=Q(answered_at__isnull=True, answer="")
                | (Q(answered_at__isnull=False, answered_by__isnull=False) & ~Q(answer="")),
            ),
        ]
        indexes = [models.Index(fields=["asked_at", "id"], name="usage_inquiry_list")]

    def __str__(self) -> str:
        return f"{self.certificate_id} {self.asked_at:%d/%m/%Y}"


class PublicCertificate(models.Model):
    """A certificate of a public CA that a body uses beside (86/BCY-CTSBMTT 2021)."""

    class State(models.TextChoices):
        IN_USE = "in_use", _("Đang dùng")
        REPLACED = "replaced", _("Đã thay bằng chứng thư công vụ")
        ENDED = "ended", _("Thôi dùng")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    agency = models.ForeignKey(Agency, models.PROTECT, related_name="+")
    holder = models.CharField(_("ai dùng"), max_length=250)
    issuer = models.CharField(_("tổ chức cung cấp"), max_length=250)
    serial = models.CharField(_("số hiệu"), max_length=LONGEST_SERIAL, blank=True)
    purpose = models.CharField(_("dùng để làm gì"), max_length=250)
    valid_until = models.DateField(_("hiệu lực đến"))
    state = models.CharField(max_length=8, choices=State, default=State.IN_USE)
    replaced_by = models.ForeignKey(Certificate, models.PROTECT, null=True, related_name="+")
    note = models.CharField(_("ghi chú"), max_length=500, blank=True)
    noted_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    noted_at = models.DateTimeField()
    closed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    closed_at = models.DateTimeField(null=True)

    objects = PublicCertificateQuerySet.as_manager()

    class Meta:
        ordering = ["valid_until", "pk"]
        constraints = [
            models.CheckConstraint(
                name="usage_public_replaced_by_one",
                condition=Q(state="replaced", replaced_by__isnull=False)
                | (~Q(state="replaced") & Q(replaced_by__isnull=True)),
            ),
        ]
        indexes = [models.Index(fields=["valid_until", "id"], name="usage_public_list")]

    def __str__(self) -> str:
        return f"{self.holder}, {self.issuer}"
