"""What an office hands in of what existed before: deliveries, their files, rows and doubts."""

from __future__ import annotations

import uuid
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from devices.models import Device
from portal.accounts.models import RoleGrant, User
from portal.agencies.models import Affiliation, Agency, Subscriber
from portal.ca.models import Certificate
from portal.core.background.leases import Leased, LeasedQuerySet
from portal.core.database.fields import EncryptedTextField
from portal.core.roles import Capability, Scope
from portal.documents.models import Document


class Verdict(models.TextChoices):
    """What becomes of a row, as far as is known."""

    WAITING = "", _("Chưa xét")
    NEW = "new", _("Mới")
    CHANGED = "changed", _("Bổ sung, thay đổi")
    SAME = "same", _("Đã có, không đổi")
    DOUBTFUL = "doubtful", _("Cần quyết định")
    REFUSED = "refused", _("Không nhận")
    DIFFERENT = "different", _("Khác hệ thống")  # and no list decides: a person does
    ONLY_HERE = "only_here", _("Chỉ có trong hệ thống")  # of comparisons


class Remedy(models.TextChoices):
    """What an officer does about a difference a comparison has found."""

    TAKE = "take", _("Ghi theo danh sách")
    ASK = "ask", _("Hỏi đơn vị còn dùng không")
    REVOKE = "revoke", _("Đề nghị đơn vị thu hồi")
    REPORT = "report", _("Báo nơi lập danh sách")


class DeliveryQuerySet(LeasedQuerySet["Delivery"]):
    def visible_to(self, user: User) -> Self:
        """Return those of the user's own office; the CA and bodies see none."""
        if user.scope is not Scope.OFFICE:
            return self.none()
        return self.filter(office__in=user.body_ids)

    def in_work(self) -> Self:
        """Return what the background has to go on with."""
        return self.filter(state__in=Delivery.IN_WORK)


class Delivery(Leased):
    """Files an officer hands in together, to be brought in or only compared with the register."""

    class Purpose(models.TextChoices):
        BRING_IN = "bring_in", _("Đưa vào hệ thống")
        COMPARE = "compare", _("Chỉ đối chiếu")

    class State(models.TextChoices):
        READING = "reading", _("Đang đọc tệp")
        JUDGING = "judging", _("Đang xét từng dòng")
        TRIAL = "trial", _("Đã xét thử, chờ quyết định")
        CARRYING = "carrying", _("Đang đưa vào")
        DONE = "done", _("Đã đưa vào")
        UNDOING = "undoing", _("Đang gỡ ra")
        UNDONE = "undone", _("Đã gỡ ra")

    IN_WORK = (State.READING, State.JUDGING, State.CARRYING, State.UNDOING)

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    purpose = models.CharField(max_length=8, choices=Purpose, default=Purpose.BRING_IN)
    office = models.ForeignKey(Agency, models.PROTECT, related_name="+", db_index=False)
    title = models.CharField(_("tên đợt"), max_length=150)
    state = models.CharField(max_length=8, choices=State, default=State.READING)
    done = models.PositiveIntegerField(default=0)  # rows gone through in this state
    problem = models.CharField(max_length=300, blank=True)
    counts = models.JSONField(default=dict)  # verdict → rows, and what was carried out
    made_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    carried_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    carried_at = models.DateTimeField(null=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        ordering = ["-made_at", "-pk"]
        indexes = [
            models.Index(fields=["office", "-made_at"], name="estate_delivery_office"),
            models.Index(
                fields=["id"],
                condition=Q(state__in=["reading", "judging", "carrying", "undoing"]),
                name="estate_delivery_in_work",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_in_work(self) -> bool:
        return self.state in self.IN_WORK


class DeliveredFile(models.Model):
    """One file of a delivery, kept as it came; a sheet's columns by what they mean."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    delivery = models.ForeignKey(Delivery, models.CASCADE, related_name="files")
    document = models.ForeignKey(Document, models.PROTECT, related_name="+")
    header = models.JSONField(default=list)  # the texts of a sheet's header
    columns = models.JSONField(default=dict)  # number of a column (from 0, as text) → its field
    notes = models.JSONField(default=list)  # [code, what it is about]: read, but look at it
    problem = models.CharField(max_length=400, blank=True)  # why nothing of it was read
    rows_read = models.PositiveIntegerField(default=0)
    is_read = models.BooleanField(default=False)
    is_named = models.BooleanField(
        default=False, db_default=False
    )  # its rows say what they are about

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.document.name


class DeliveredRowQuerySet(models.QuerySet["DeliveredRow"]):
    def asked_of(self, user: User) -> Self:
        """Return the differences the user's own body is asked about and has not answered."""
        if user.scope is not Scope.BODY or not user.can(Capability.DRAFT):
            return self.none()
        asked = self.filter(remedy__in=(Remedy.ASK, Remedy.REVOKE), answer="")
        return asked.filter(
            certificate__agency__in=user.body_ids, certificate__revoked_at__isnull=True
        )


class DeliveredRow(models.Model):
    """A row of a sheet, or a certificate of a file, and what was made of it.

    ``said`` are a row's cells as a JSON list; ``der`` a certificate that came as a file. What was
    made for it is named so that it can be undone; ``was`` is how what it changed had been.
    """

    class About(models.TextChoices):
        HOLDING = "", _("Người, chứng thư, thiết bị")
        BODY = "body", _("Đơn vị")
        ACCOUNT = "account", _("Tài khoản")
        REVOKED = "revoked", _("Chứng thư bị CA thu hồi")

    class Answer(models.TextChoices):
        KEEP = "keep", _("Vẫn dùng")
        REVOKE = "revoke", _("Lập hồ sơ thu hồi")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    delivery = models.ForeignKey(Delivery, models.CASCADE, related_name="rows", db_index=False)
    about = models.CharField(max_length=7, choices=About, blank=True, default="", db_default="")
    file = models.ForeignKey(DeliveredFile, models.CASCADE, null=True, related_name="+")
    number = models.PositiveIntegerField()
    said = EncryptedTextField(blank=True, row=["uuid"])
    der = models.BinaryField(null=True)
    title = models.CharField(max_length=250, blank=True)
    serial = models.CharField(max_length=40, blank=True)
    verdict = models.CharField(max_length=10, choices=Verdict, blank=True, default=Verdict.WAITING)
    findings = models.JSONField(default=list)  # [field, code, what it is about]
    doubts = models.JSONField(default=list)  # keys of the doubts it waits for
    carried_at = models.DateTimeField(null=True)
    certificate = models.ForeignKey(Certificate, models.SET_NULL, null=True, related_name="+")
    made_certificate = models.BooleanField(default=False)
    made_subscriber = models.ForeignKey(Subscriber, models.SET_NULL, null=True, related_name="+")
    made_place = models.ForeignKey(Affiliation, models.SET_NULL, null=True, related_name="+")
    made_device = models.ForeignKey(Device, models.SET_NULL, null=True, related_name="+")
    made_agency = models.ForeignKey(Agency, models.SET_NULL, null=True, related_name="+")
    agency = models.ForeignKey(Agency, models.SET_NULL, null=True, related_name="+")  # of accounts
    made_grant = models.ForeignKey(RoleGrant, models.SET_NULL, null=True, related_name="+")
    was = models.JSONField(default=dict)
    # That it was verified, and against what.
    proof = models.CharField(max_length=64, blank=True, default="", db_default="")
    remedy = models.CharField(max_length=6, choices=Remedy, blank=True, default="", db_default="")
    remedy_at = models.DateTimeField(null=True)
    answer = models.CharField(  # of its body, when asked
        max_length=6, choices=Answer, blank=True, default="", db_default=""
    )
    answer_words = models.CharField(max_length=300, blank=True, default="", db_default="")
    answered_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    answered_at = models.DateTimeField(null=True)

    objects = DeliveredRowQuerySet.as_manager()

    class Meta:
        ordering = ["delivery", "pk"]
        indexes = [
            models.Index(fields=["delivery", "verdict", "id"], name="estate_row_verdict"),
            models.Index(fields=["delivery", "serial"], name="estate_row_serial"),
            models.Index(
                fields=["id"],
                condition=Q(about="account", made_grant__isnull=True),
                name="estate_row_account",
            ),
            models.Index(
                fields=["certificate"],
                condition=Q(remedy__in=["ask", "revoke"], answer=""),
                name="estate_row_asked",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number}. {self.title}"


class Doubt(models.Model):
    """What a person decides once for all rows that share it; ``about`` is a body's name as typed,
    "" where the kind alone is asked about."""

    class Kind(models.TextChoices):
        BODY = "body", _("Tên đơn vị chưa khớp danh mục")
        SAME_PERSON = "same_person", _("Trùng họ tên, ngày sinh với người đã có")
        OTHER_NUMBER = "other_number", _("Trùng họ tên, ngày sinh nhưng khác số định danh")
        OLD_LETTERS = "old_letters", _("Chữ theo phông cũ (TCVN3, VNI) hoặc hỏng mã")
        UNVERIFIED = "unverified", _("Chứng thư không có CA đáng tin nào ký")
        MOVED = "moved", _("Người đã có ở đơn vị khác")
        RENEWALS = "renewals", _("Chưa rõ chứng thư đã gia hạn lần nào chưa")  # nothing waits

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    delivery = models.ForeignKey(Delivery, models.CASCADE, related_name="doubts", db_index=False)
    kind = models.CharField(max_length=12, choices=Kind)
    about = models.CharField(max_length=250, blank=True)
    rows = models.PositiveIntegerField(default=0)
    proposed = models.ForeignKey(Agency, models.PROTECT, null=True, related_name="+")
    why = models.CharField(max_length=20, blank=True)  # near, predecessor, divided, unknown
    choice = models.CharField(max_length=8, blank=True)  # take, apart, leave
    agency = models.ForeignKey(Agency, models.PROTECT, null=True, related_name="+")
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["kind", "-rows", "about"]
        constraints = [
            models.UniqueConstraint(fields=["delivery", "kind", "about"], name="estate_doubt_once"),
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.about}"

    @property
    def key(self) -> str:
        """What rows name it by."""
        return f"{self.kind}:{self.about}"


class ColumnMeaning(models.Model):
    """What an office said that a column of its lists means; "" where it is not to be read."""

    office = models.ForeignKey(Agency, models.PROTECT, related_name="+", db_index=False)
    header = models.CharField(max_length=200)  # as it is searched by
    field = models.CharField(max_length=20, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["office", "header"], name="estate_column_once"),
        ]

    def __str__(self) -> str:
        return f"{self.header}: {self.field}"
