"""Reorganisations: as described, as planned, as reviewed by the bodies, as carried out."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from orgmerge.models.annex import AnnexPiece, PlanAnnex
from orgmerge.models.offices import MergerOffice
from orgmerge.models.querysets import MergerQuerySet, PlanQuerySet
from orgmerge.models.records import RecordsHandover, TransferEntry
from orgmerge.models.review import ReviewItem, ReviewReply, ReviewRound
from orgmerge.vocabulary import (
    Extent,
    LineAbout,
    LineAction,
    LineStage,
    LineState,
    MergerKind,
    MergerState,
)
from portal.accounts.models import User
from portal.agencies.models import Agency, BodyColumns
from portal.agencies.querysets import AgencyQuerySet
from portal.ca.models import Certificate
from portal.core.background.leases import Leased
from portal.documents.models import Document
from requests_app.models import Dossier, DossierItem

__all__ = [
    "AnnexPiece",
    "BodyList",
    "BodyListRow",
    "Merger",
    "MergerBody",
    "MergerOffice",
    "MergerShare",
    "MergerStep",
    "Plan",
    "PlanAnnex",
    "PlanLine",
    "RecordsHandover",
    "ReviewItem",
    "ReviewReply",
    "ReviewRound",
    "Settlement",
    "SurvivorChoice",
    "TransferEntry",
]


class Merger(models.Model):
    """One decision on a reorganisation. ``state`` is written by ``services.steps`` alone."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    office = models.ForeignKey(Agency, models.PROTECT, related_name="mergers", db_index=False)
    title = models.CharField(_("tên gọi"), max_length=250)
    kind = models.CharField(_("hình thức"), max_length=12, choices=MergerKind)
    decision = models.CharField(_("số quyết định, nghị quyết"), max_length=250)
    decided_on = models.DateField(_("ngày quyết định"))
    effective_on = models.DateField(_("ngày hiệu lực"))
    # 275/BCY-CTSBMTT mục 4: the one contact point of the Điều 34 body.
    contact_name = models.CharField(_("đầu mối liên hệ"), max_length=150, blank=True)
    contact_position = models.CharField(_("chức vụ"), max_length=120, blank=True)
    contact_phone = models.CharField(_("điện thoại"), max_length=20, blank=True)
    contact_email = models.EmailField(_("thư điện tử công vụ"), blank=True)
    note = models.TextField(_("ghi chú"), blank=True)
    repeals = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="repealed_by"
    )

    state = models.CharField(max_length=20, choices=MergerState, default=MergerState.DRAFT)
    version = models.PositiveIntegerField(default=1)  # grows with each change; forms carry it
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    edited_by = models.ManyToManyField(User, related_name="+")  # who edits may not approve
    approved_plan = models.ForeignKey("Plan", models.PROTECT, null=True, related_name="+")
    approved_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    approved_at = models.DateTimeField(null=True)
    in_force_at = models.DateTimeField(null=True)  # bodies registered, successions recorded
    followed_at = models.DateTimeField(null=True)  # everything has passed to the new bodies
    list_document = models.ForeignKey(Document, models.PROTECT, null=True, related_name="+")
    list_number = models.CharField(_("số công văn gửi danh sách"), max_length=40, blank=True)
    list_sent_on = models.DateField(_("ngày gửi danh sách cho Cục"), null=True)
    ended_at = models.DateTimeField(null=True)

    objects = MergerQuerySet.as_manager()

    class Meta:
        ordering = ["-updated_at", "-pk"]
        indexes = [
            models.Index(fields=["office", "-updated_at", "-id"], name="orgmerge_merger_recent"),
            models.Index(fields=["state", "effective_on"], name="orgmerge_merger_state"),
        ]
        constraints = [
            models.CheckConstraint(
                name="orgmerge_merger_approved_with_plan",
                condition=Q(approved_at__isnull=True) | Q(approved_plan__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.decision}: {self.title}"

    def is_led_by(self, user: User) -> bool:
        """Say whether ``user``'s office leads it, or is what the leading office has become."""
        return self.office_id in user.body_ids

    def office_ids(self) -> list[int]:
        """Return the offices that work on it: the leading one first, then those that joined."""
        joined = self.joint_offices.filter(joined_at__isnull=False)
        return [self.office_id, *(one.office_id for one in joined.order_by("pk"))]

    def bodies_followed(self) -> AgencyQuerySet:
        """Return the bodies those offices follow, the offices among them: what can be described."""
        offices = self.office_ids()
        return Agency.objects.filter(Q(office__in=offices) | Q(pk__in=offices))

    def bodies_to_describe(self) -> AgencyQuerySet:
        """Return those of them that exist on the effective day."""
        return self.bodies_followed().existing(self.effective_on)


class MergerStep(models.Model):
    """One step taken with a reorganisation: the history. Written once."""

    merger = models.ForeignKey(Merger, models.PROTECT, related_name="steps")
    action = models.CharField(max_length=20)
    source = models.CharField(max_length=20, choices=MergerState, blank=True)
    target = models.CharField(max_length=20, choices=MergerState)
    actor = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    reason = models.TextField(_("lý do"), blank=True)
    at = models.DateTimeField()

    class Meta:
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return f"{self.merger_id}: {self.action}"


class MergerBody(BodyColumns):
    """A body as it is from the effective date on: founded, or going on (``agency``).

    ``agency`` of a founded body is set when it is registered.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    merger = models.ForeignKey(Merger, models.CASCADE, related_name="bodies")
    position = models.PositiveIntegerField()
    agency = models.ForeignKey(Agency, models.PROTECT, null=True, blank=True, related_name="+")
    is_founded = models.BooleanField(default=False)  # registered by this merger
    parent_body = models.ForeignKey(
        "self",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("cơ quan cấp trên mới thành lập"),
    )
    signs_for = models.CharField(_("ký thay mặt"), max_length=120, blank=True)  # with no example
    # Until the first digital seal: how letters in the new name were sealed (DOMAIN 4.3, trap).
    sealed_how = models.CharField(
        _("cách đóng dấu trong thời gian chuyển tiếp"), max_length=250, blank=True
    )
    took_effect_at = models.DateTimeField(null=True)  # registered, or given its new version
    # Why it could not be registered or changed; emptied, the sweep tries again.
    problem = models.CharField(max_length=500, blank=True, default="", db_default="")
    handed_over_at = models.DateTimeField(null=True)  # its subscribers and devices were transferred

    class Meta:
        ordering = ["merger", "position"]
        constraints = [
            models.UniqueConstraint(
                fields=["merger", "agency"],
                condition=Q(agency__isnull=False),
                name="orgmerge_body_once",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class MergerShare(models.Model):
    """One registered body passing to a described one; without one it is dissolved."""

    merger = models.ForeignKey(Merger, models.CASCADE, related_name="shares", db_index=False)
    position = models.PositiveIntegerField()
    old = models.ForeignKey(Agency, models.PROTECT, related_name="merger_shares")
    new = models.ForeignKey(MergerBody, models.CASCADE, null=True, related_name="shares")
    extent = models.CharField(max_length=6, choices=Extent, default=Extent.WHOLE)
    is_implied = models.BooleanField(default=False)  # a unit under a body that ends: new superior
    took_effect_at = models.DateTimeField(null=True)  # the succession is recorded
    problem = models.CharField(max_length=500, blank=True, default="", db_default="")  # as above

    class Meta:
        ordering = ["merger", "position"]
        constraints = [
            models.UniqueConstraint(fields=["merger", "old", "new"], name="orgmerge_share_once"),
        ]

    def __str__(self) -> str:
        return f"{self.old_id} → {self.new_id}"


class SurvivorChoice(models.Model):
    """Which organisation certificate lives on under a body; kept from plan to plan."""

    merger = models.ForeignKey(Merger, models.CASCADE, related_name="choices", db_index=False)
    body = models.ForeignKey(MergerBody, models.CASCADE, related_name="choices")
    certificate = models.ForeignKey(
        Certificate, models.PROTECT, null=True, related_name="+", help_text=_("Trống: cấp mới")
    )
    decided_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    decided_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merger", "body"], name="orgmerge_choice_once"),
        ]

    def __str__(self) -> str:
        return f"{self.body_id}: {self.certificate_id}"


class Settlement(models.Model):
    """What a person decided of a thing the machine leaves to people; kept from plan to plan."""

    merger = models.ForeignKey(Merger, models.CASCADE, related_name="settlements", db_index=False)
    about = models.CharField(max_length=12, choices=LineAbout)
    target_id = models.BigIntegerField()
    action = models.CharField(max_length=12, choices=LineAction)
    body = models.ForeignKey(MergerBody, models.CASCADE, null=True, related_name="+")
    note = models.CharField(max_length=250, blank=True)
    decided_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    decided_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["merger", "about", "target_id"], name="orgmerge_settlement_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.about} {self.target_id}: {self.action}"


class Plan(Leased):
    """One computation of what is to be done; a new one stands beside the old."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Chờ lập")
        RUNNING = "running", _("Đang lập")
        READY = "ready", _("Đã lập")
        FAILED = "failed", _("Không lập được")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    merger = models.ForeignKey(Merger, models.CASCADE, related_name="plans", db_index=False)
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    merger_version = models.PositiveIntegerField()  # of the description it was made from
    planned_for = models.DateField(null=True)  # the day it was judged on
    bodies_total = models.PositiveIntegerField(default=0)
    bodies_done = models.PositiveIntegerField(default=0)
    # Numbers of lines under "actions", "about", "warnings" (by code), and "open" as a number.
    counts = models.JSONField(default=dict)
    # As ``facts.PlannerChoice``, "target" being a described body's key; one for each that has
    # candidates.
    choices = models.JSONField(default=list)
    problem = models.TextField(blank=True)
    asked_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    asked_at = models.DateTimeField()
    made_at = models.DateTimeField(null=True)
    # Who has looked at what is to be heeded before it is approved.
    heeded_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    heeded_at = models.DateTimeField(null=True)

    objects = PlanQuerySet.as_manager()

    class Meta:
        ordering = ["merger", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["merger", "number"], name="orgmerge_plan_number"),
        ]
        indexes = [
            models.Index(
                fields=["id"],
                condition=Q(state__in=["waiting", "running"]),
                name="orgmerge_plan_to_make",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.merger_id} #{self.number}"


class PlanLine(models.Model):
    """What is to be done about one thing. ``target_id`` is a key of the table ``about`` names
    (of MergerBody for bodies): nothing there is ever deleted."""

    plan = models.ForeignKey(Plan, models.CASCADE, related_name="lines", db_index=False)
    about = models.CharField(max_length=12, choices=LineAbout)
    target_id = models.BigIntegerField()
    target_uuid = models.UUIDField()
    title = models.CharField(max_length=250)
    search_title = models.CharField(max_length=250)
    agency = models.ForeignKey(
        Agency,
        models.PROTECT,
        null=True,
        db_index=False,
        related_name="+",
        help_text=_("Đơn vị hiện nay"),
    )
    sender = models.ForeignKey(
        MergerBody,
        models.CASCADE,
        null=True,
        db_index=False,
        related_name="+",
        help_text=_("Đơn vị lập hồ sơ"),
    )
    action = models.CharField(max_length=12, choices=LineAction)
    form = models.CharField(max_length=2, blank=True)
    reason = models.CharField(max_length=40)
    stage = models.PositiveSmallIntegerField(choices=LineStage)
    successor = models.ForeignKey(
        Certificate, models.PROTECT, null=True, db_index=False, related_name="+"
    )
    is_open = models.BooleanField(default=False)  # waits for a person's choice
    warnings = models.JSONField(default=list)
    state = models.CharField(max_length=10, choices=LineState, default=LineState.PLANNED)
    # Since the plan before: something else is done, or it is new. In the plan after: not there.
    is_moved = models.BooleanField(default=False, db_default=False)
    is_gone = models.BooleanField(default=False, db_default=False)
    # The row that carries it out, set in the transaction that makes the row: once.
    item = models.OneToOneField(DossierItem, models.SET_NULL, null=True, related_name="plan_line")
    dossier = models.ForeignKey(Dossier, models.PROTECT, null=True, related_name="+")
    outcome = models.CharField(max_length=250, blank=True)  # why it failed or was overtaken

    class Meta:
        ordering = ["plan", "stage", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["plan", "about", "target_id"], name="orgmerge_line_once"
            ),
        ]
        indexes = [
            models.Index(fields=["plan", "stage", "id"], name="orgmerge_line_order"),
            models.Index(
                fields=["plan", "stage", "id"],
                condition=Q(is_open=True),
                name="orgmerge_line_open",
            ),
            models.Index(
                fields=["plan", "stage", "id"],
                condition=Q(is_moved=True),
                name="orgmerge_line_moved",
            ),
            models.Index(
                fields=["plan", "stage", "id"],
                condition=Q(is_gone=True),
                name="orgmerge_line_gone",
            ),
            models.Index(fields=["plan", "reason", "stage", "id"], name="orgmerge_line_reason"),
            models.Index(fields=["plan", "form", "stage", "id"], name="orgmerge_line_form"),
            models.Index(fields=["plan", "agency", "stage", "id"], name="orgmerge_line_agency"),
            models.Index(fields=["plan", "action", "stage", "id"], name="orgmerge_line_action"),
            models.Index(fields=["plan", "sender", "stage", "state"], name="orgmerge_line_sender"),
            # What is still to be done, or under way, of a plan that is being carried out.
            models.Index(fields=["plan", "state", "stage", "sender"], name="orgmerge_line_state"),
        ]

    def __str__(self) -> str:
        return f"{self.about} {self.target_id}: {self.action}"


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

    body_list = models.ForeignKey(BodyList, models.CASCADE, related_name="rows", db_index=False)
    number = models.PositiveIntegerField()  # in the sheet, or in the expanded list
    source = models.CharField(max_length=250, blank=True)  # the commune it was expanded from
    old_agency = models.CharField(_("đơn vị cũ"), max_length=350)
    new_agency = models.CharField(_("đơn vị mới đã có"), max_length=350, blank=True)
    new_name = models.CharField(_("tên mới"), max_length=250, blank=True)
    extent = models.CharField(_("phạm vi"), max_length=40, blank=True, default=Extent.WHOLE)
    effective_on = models.CharField(_("ngày hiệu lực"), max_length=30, blank=True)
    decision = models.CharField(_("quyết định"), max_length=250, blank=True)
    superior = models.CharField(
        _("đơn vị cấp trên mới"), max_length=350, blank=True, default="", db_default=""
    )
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
