"""What proceedings bodies and the police ask of the CA in writing: revoking certificates."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from portal.accounts.models import User
from portal.agencies.models import Agency
from portal.ca.models import Certificate
from portal.core.background.leases import Leased
from portal.documents.models import Document
from requests_app.models.querysets import (
    ProceedingsNoticeQuerySet,
    ProceedingsRequestQuerySet,
)


class ProceedingsRequest(Leased):
    """One letter that came to the CA's desk, what was decided about it, and the answer.

    Nobody but the CA's people sees it: what is inquired into is no matter of the body concerned.
    """

    class Asker(models.TextChoices):
        """Who may ask (Điều 17 khoản 1): bodies that conduct proceedings, and the police."""

        INVESTIGATION = "investigation", _("Cơ quan điều tra")
        PROCURACY = "procuracy", _("Viện kiểm sát")
        COURT = "court", _("Tòa án")
        POLICE = "police", _("Cơ quan công an")

    class State(models.TextChoices):
        WAITING = "waiting", _("Chờ phê duyệt")
        ACCEPTED = "accepted", _("Đã thu hồi")
        REFUSED = "refused", _("Không chấp nhận")
        WITHDRAWN = "withdrawn", _("Bỏ, ghi nhầm")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    agency = models.ForeignKey(Agency, models.PROTECT, related_name="+")  # the CA
    asker_kind = models.CharField(_("loại cơ quan yêu cầu"), max_length=16, choices=Asker)
    asker = models.CharField(_("cơ quan yêu cầu"), max_length=250)
    asker_key = models.CharField(max_length=250)  # folded: one letter is recorded once
    letter_number = models.CharField(_("số văn bản"), max_length=50)
    letter_date = models.DateField(_("ngày văn bản"))
    received_on = models.DateField(_("ngày nhận"))
    basis = models.CharField(_("căn cứ"), max_length=500)
    named = models.CharField(_("người, cơ quan được nêu tên"), max_length=250)
    scan = models.ForeignKey(Document, models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    reason = models.CharField(_("lý do"), max_length=500, blank=True)
    entered_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    entered_at = models.DateTimeField()
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    answer = models.ForeignKey(Document, models.PROTECT, null=True, related_name="+")

    objects = ProceedingsRequestQuerySet.as_manager()

    class Meta:
        ordering = ["-entered_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["asker_key", "letter_number", "letter_date"],
                condition=~Q(state="withdrawn"),
                name="proceedings_request_once",
            ),
            models.CheckConstraint(
                name="proceedings_request_decided_by_somebody",
                condition=Q(state="waiting", decided_by__isnull=True, decided_at__isnull=True)
                | (~Q(state="waiting") & Q(decided_by__isnull=False, decided_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="proceedings_request_four_eyes",
                condition=Q(state="withdrawn")
                | Q(decided_by__isnull=True)
                | ~Q(decided_by=models.F("entered_by")),
            ),
            models.CheckConstraint(
                name="proceedings_request_refused_with_reason",
                condition=~Q(state__in=["refused", "withdrawn"]) | ~Q(reason=""),
            ),
        ]
        indexes = [
            models.Index(fields=["-entered_at", "-id"], name="proceedings_request_recent"),
            models.Index(
                fields=["decided_at"],
                condition=Q(answer__isnull=True, state__in=["accepted", "refused"]),
                name="proceedings_request_unanswered",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.letter_number}, {self.asker}"

    @property
    def letter_words(self) -> str:
        """Return how papers speak of the letter that asked."""
        return f"số {self.letter_number} ngày {self.letter_date:%d/%m/%Y}"


class ProceedingsItem(models.Model):
    """One certificate that a letter names; without ``certificate`` no register knows the serial."""

    class Finding(models.TextChoices):
        """What stands against revoking it."""

        NONE = "", ""
        UNKNOWN = "unknown_serial", _("Không có trong sổ chứng thư")
        KEPT_ELSEWHERE = "kept_elsewhere", _("Của CA khác, Cục không thu hồi được")
        REVOKED = "revoked_already", _("Đã bị thu hồi trước đó")
        EXPIRED = "expired_already", _("Đã hết hạn")
        ASKED = "asked_already", _("Có trong yêu cầu khác chờ phê duyệt")

    request = models.ForeignKey(
        ProceedingsRequest, models.PROTECT, related_name="items", db_index=False
    )
    position = models.PositiveSmallIntegerField()
    serial = models.CharField(max_length=40)
    certificate = models.ForeignKey(Certificate, models.PROTECT, null=True, related_name="+")
    finding = models.CharField(  # when it was recorded, later when it was decided
        max_length=16, choices=Finding, blank=True, default=""
    )
    is_revoked = models.BooleanField(default=False)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["request", "serial"], name="proceedings_item_once"),
        ]

    def __str__(self) -> str:
        return self.serial


class ProceedingsNotice(models.Model):
    """The notice of revocation to a body whose certificates fell: its return of devices runs from
    its delivery. It does not say who asked."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    request = models.ForeignKey(
        ProceedingsRequest, models.PROTECT, related_name="notices", db_index=False
    )
    agency = models.ForeignKey(Agency, models.PROTECT, related_name="+")
    office = models.ForeignKey(Agency, models.PROTECT, null=True, related_name="+")
    document = models.ForeignKey(Document, models.PROTECT, related_name="+")
    delivered_at = models.DateTimeField()

    objects = ProceedingsNoticeQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["request", "agency"], name="proceedings_notice_once"),
        ]

    def __str__(self) -> str:
        return f"{self.request_id} → {self.agency_id}"
