"""Checklists, rounds with their bodies, answers with evidence, visits, findings, proposals."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from portal.accounts.models import User
from portal.agencies.models import Agency
from portal.core.roles import Capability, Scope
from portal.documents.models import Document
from portal.inspection.scoring import MOST_POINTS, Verdict
from portal.inspection.workflow import SHOWN, AssessmentStage, FindingAction, FindingState
from portal.search.words import fold
from requests_app.models import OwnLetter
from requests_app.paper_workflow import PaperStage, waiting_stages


class InspectionRoundQuerySet(models.QuerySet["InspectionRound"]):
    def visible_to(self, user: User) -> Self:
        """Return the rounds a body stands in, an office's own; the CA sees all."""
        if not user.can(Capability.READ_DOSSIERS):
            return self.none()
        if user.scope is Scope.CA:
            return self
        if user.scope is Scope.OFFICE:
            return self.filter(office__in=user.body_ids)
        there = Assessment.objects.order_by()
        if user.scope is Scope.TREE:
            bodies = Agency.objects.visible_to(user).order_by().values("pk")
            there = there.filter(agency__in=bodies)
        else:
            there = there.filter(agency__in=user.body_ids)
        return self.filter(pk__in=there.values("round"))

    def found_by(self, text: str) -> Self:
        return self.filter(*(Q(search_text__contains=word) for word in fold(text).split()))


class AssessmentQuerySet(models.QuerySet["Assessment"]):
    def visible_to(self, user: User) -> Self:
        """Return a body's own, an office's all (their answers once they were sent); who looks on
        from the CA or a tree sees what was sent."""
        if not user.can(Capability.READ_DOSSIERS):
            return self.none()
        if user.scope is Scope.BODY:
            return self.filter(agency__in=user.body_ids)
        if user.scope is Scope.OFFICE:
            return self.filter(round__office__in=user.body_ids)
        sent = self.filter(stage__in=SHOWN)
        if user.scope is Scope.CA:
            return sent
        return sent.filter(agency__in=Agency.objects.visible_to(user).order_by().values("pk"))

    def concluded(self) -> Self:
        return self.filter(stage=AssessmentStage.CONCLUDED)


class EvidenceQuerySet(models.QuerySet["Evidence"]):
    def visible_to(self, user: User) -> Self:
        """Return what belongs to what ``user`` sees; of a body's draft nothing but to itself."""
        seen = Assessment.objects.visible_to(user)
        if user.scope is not Scope.BODY:
            seen = seen.filter(stage__in=SHOWN)
        findings = InspectionFinding.objects.visible_to(user).order_by().values("pk")
        return self.filter(
            Q(answer__assessment__in=seen.order_by().values("pk")) | Q(entry__finding__in=findings)
        )


class InspectionVisitQuerySet(models.QuerySet["InspectionVisit"]):
    def visible_to(self, user: User) -> Self:
        """Return an office's own; to others minutes that were issued, to the body its own."""
        if not user.can(Capability.READ_DOSSIERS):
            return self.none()
        if user.scope is Scope.OFFICE:
            return self.filter(office__in=user.body_ids)
        issued = self.filter(stage=PaperStage.ISSUED)
        if user.scope is Scope.CA:
            return issued
        if user.scope is Scope.TREE:
            bodies = Agency.objects.visible_to(user).order_by().values("pk")
            return issued.filter(assessment__agency__in=bodies)
        return issued.filter(assessment__agency__in=user.body_ids)

    def announced_to(self, user: User) -> Self:
        """Return besides what a body is to expect: days and names, not what is being written."""
        if user.scope is not Scope.BODY:
            return self.visible_to(user)
        theirs = self.filter(assessment__agency__in=user.body_ids)
        return theirs.exclude(stage=PaperStage.CANCELLED)

    def waiting_for(self, user: User) -> Self:
        return self.filter(office__in=user.body_ids, stage__in=waiting_stages(user.role))

    def planned(self) -> Self:
        return self.filter(held_on__isnull=True, stage=PaperStage.DRAFT)


class InspectionFindingQuerySet(models.QuerySet["InspectionFinding"]):
    def visible_to(self, user: User) -> Self:
        """Return a body's own, an office's all; the CA sees all, an auditor their tree's."""
        if not user.can(Capability.READ_DOSSIERS):
            return self.none()
        if user.scope is Scope.CA:
            return self
        if user.scope is Scope.OFFICE:
            return self.filter(office__in=user.body_ids)
        if user.scope is Scope.TREE:
            return self.filter(agency__in=Agency.objects.visible_to(user).order_by().values("pk"))
        return self.filter(agency__in=user.body_ids)

    def late(self, today: date) -> Self:
        return self.filter(state=FindingState.OPEN, due_on__lt=today)

    def found_by(self, text: str) -> Self:
        return self.filter(*(Q(search_text__contains=word) for word in fold(text).split()))


class ConductProposalQuerySet(models.QuerySet["ConductProposal"]):
    def visible_to(self, user: User) -> Self:
        """Return the office's own: about people's conduct nobody else reads."""
        if user.scope is not Scope.OFFICE or not user.can(Capability.READ_DOSSIERS):
            return self.none()
        return self.filter(office__in=user.body_ids)

    def undecided(self) -> Self:
        return self.filter(decision="")


class ChecklistItem(models.Model):
    """One line of an office's checklist, as it stands; rounds keep it as it stood for them."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    office = models.ForeignKey(Agency, models.PROTECT, related_name="+", db_index=False)
    position = models.PositiveSmallIntegerField(_("thứ tự"))
    title = models.CharField(_("nội dung"), max_length=300)
    basis = models.CharField(_("căn cứ"), max_length=200, blank=True)
    points = models.PositiveSmallIntegerField(_("điểm tối đa"))
    evidence = models.CharField(_("minh chứng cần có"), max_length=300, blank=True)
    number_label = models.CharField(_("số liệu cần ghi"), max_length=120, blank=True)
    fact = models.CharField(_("hệ thống đối chiếu"), max_length=20, blank=True)
    version = models.PositiveIntegerField(default=1)
    updated_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["position", "pk"]
        indexes = [models.Index(fields=["office", "position"], name="inspection_item_office")]
        constraints = [
            models.CheckConstraint(
                name="inspection_item_points", condition=Q(points__range=(1, MOST_POINTS))
            ),
        ]

    def __str__(self) -> str:
        return self.title


class InspectionRound(models.Model):
    """A round of inspection: which bodies, by which items, until when."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    office = models.ForeignKey(Agency, models.PROTECT, related_name="+", db_index=False)
    title = models.CharField(_("tên đợt"), max_length=200)
    search_text = models.CharField(max_length=200)  # the title, folded
    basis = models.CharField(_("căn cứ"), max_length=250, blank=True)
    year = models.PositiveSmallIntegerField(_("năm"))
    due_on = models.DateField(_("hạn tự đánh giá"))
    opened_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    objects = InspectionRoundQuerySet.as_manager()

    class Meta:
        ordering = ["-opened_at", "-pk"]
        indexes = [
            models.Index(fields=["office", "-opened_at", "-id"], name="inspection_round_office")
        ]

    def __str__(self) -> str:
        return self.title


class RoundItem(models.Model):
    """A line of the checklist as it stood when the round was opened; never changed."""

    round = models.ForeignKey(InspectionRound, models.PROTECT, related_name="items", db_index=False)
    source = models.ForeignKey(ChecklistItem, models.PROTECT, related_name="+")
    source_version = models.PositiveIntegerField()
    position = models.PositiveSmallIntegerField()
    title = models.CharField(max_length=300)
    basis = models.CharField(max_length=200, blank=True)
    points = models.PositiveSmallIntegerField()
    evidence = models.CharField(max_length=300, blank=True)
    number_label = models.CharField(max_length=120, blank=True)
    fact = models.CharField(max_length=20, blank=True)

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["round", "source"], name="inspection_rounditem_once"),
        ]

    def __str__(self) -> str:
        return self.title


class Assessment(models.Model):
    """A body in a round: what it says of itself, what the office says, what it comes to."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    round = models.ForeignKey(
        InspectionRound, models.PROTECT, related_name="assessments", db_index=False
    )
    agency = models.ForeignKey(Agency, models.PROTECT, related_name="+", db_index=False)
    stage = models.CharField(max_length=16, choices=AssessmentStage, default=AssessmentStage.DRAFT)
    version = models.PositiveIntegerField(default=1)
    edited_by = models.ManyToManyField(User, related_name="+")
    returned_reason = models.TextField(blank=True)
    known: models.JSONField[dict[str, int], dict[str, int]] = models.JSONField(
        default=dict
    )  # as the portal knew it when it was sent
    sent_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    sent_at = models.DateTimeField(null=True)
    concluded_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    concluded_at = models.DateTimeField(null=True)
    conclusion = models.TextField(blank=True)
    score = models.DecimalField(max_digits=4, decimal_places=1, null=True)
    updated_at = models.DateTimeField()

    objects = AssessmentQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        indexes = [
            models.Index(fields=["agency", "stage"], name="inspection_assessment_agency"),
            models.Index(fields=["round", "stage"], name="inspection_assessment_round"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["round", "agency"], name="inspection_assessment_once"),
            models.CheckConstraint(
                name="inspection_assessment_concluded",
                condition=Q(stage="concluded", concluded_at__isnull=False)
                | (~Q(stage="concluded") & Q(concluded_at__isnull=True, score__isnull=True)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.round_id} {self.agency_id}"


class AssessmentAnswer(models.Model):
    """What a body says of one item, and the office beside it."""

    assessment = models.ForeignKey(
        Assessment, models.PROTECT, related_name="answers", db_index=False
    )
    item = models.ForeignKey(RoundItem, models.PROTECT, related_name="+")
    verdict = models.CharField(max_length=16, choices=Verdict, blank=True)
    number = models.PositiveIntegerField(null=True)
    remark = models.CharField(max_length=1000, blank=True)
    office_verdict = models.CharField(max_length=16, choices=Verdict, blank=True)
    office_remark = models.CharField(max_length=1000, blank=True)

    class Meta:
        ordering = ["item__position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["assessment", "item"], name="inspection_answer_once"),
        ]

    def __str__(self) -> str:
        return f"{self.assessment_id} {self.item_id}"

    @property
    def agreed(self) -> str:
        """The verdict that counts: the office's where it gave one, else the body's own."""
        return self.office_verdict or self.verdict


class InspectionVisit(OwnLetter):
    """A visit to a body: planned, held, its minutes a paper of the office."""

    ISSUER = "office"

    office = models.ForeignKey(Agency, models.PROTECT, related_name="+", db_index=False)
    assessment = models.ForeignKey(Assessment, models.PROTECT, related_name="visits")
    stage = models.CharField(max_length=20, choices=PaperStage, default=PaperStage.DRAFT)
    planned_on = models.DateField(_("ngày dự kiến"))
    members = models.TextField(_("đoàn kiểm tra"))
    held_on = models.DateField(_("ngày kiểm tra"), null=True)
    met_with = models.TextField(_("đại diện đơn vị"), blank=True)
    found = models.TextField(_("kết quả kiểm tra"), blank=True)

    objects = InspectionVisitQuerySet.as_manager()

    class Meta:
        ordering = ["-planned_on", "-pk"]
        indexes = [
            models.Index(fields=["office", "-planned_on", "-id"], name="inspection_visit_office"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def day(self) -> date:
        return self.held_on or self.planned_on

    @property
    def title(self) -> str:
        """What it is called in lists and on its page."""
        return _("Kiểm tra tại %(body)s ngày %(day)s") % {
            "body": self.assessment.agency.name,
            "day": f"{self.day:%d/%m/%Y}",
        }


class InspectionFinding(models.Model):
    """What a body must mend until a day, followed until it is done."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    office = models.ForeignKey(Agency, models.PROTECT, related_name="+", db_index=False)
    agency = models.ForeignKey(Agency, models.PROTECT, related_name="+", db_index=False)
    assessment = models.ForeignKey(Assessment, models.PROTECT, related_name="findings")
    visit = models.ForeignKey(InspectionVisit, models.PROTECT, null=True, related_name="findings")
    item = models.ForeignKey(RoundItem, models.PROTECT, null=True, related_name="+")
    title = models.CharField(_("kiến nghị"), max_length=250)
    text = models.TextField(_("yêu cầu cụ thể"), blank=True)
    search_text = models.CharField(max_length=250)  # the title, folded
    due_on = models.DateField(_("hạn thực hiện"))
    state = models.CharField(max_length=10, choices=FindingState, default=FindingState.OPEN)
    opened_at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1)

    objects = InspectionFindingQuerySet.as_manager()

    class Meta:
        ordering = ["due_on", "pk"]
        indexes = [
            models.Index(fields=["agency", "state", "due_on"], name="inspection_finding_agency"),
            models.Index(fields=["office", "state", "due_on"], name="inspection_finding_office"),
        ]

    def __str__(self) -> str:
        return self.title

    def is_late(self, today: date) -> bool:
        return self.state == FindingState.OPEN and self.due_on < today


class FindingEntry(models.Model):
    """One thing said or done about a finding: its history, the first being that it was made."""

    class Kind(models.TextChoices):
        MAKE = "make", _("Nêu kiến nghị")
        ANSWER = FindingAction.ANSWER.value, FindingAction.ANSWER.label
        CLOSE = FindingAction.CLOSE.value, FindingAction.CLOSE.label
        REOPEN = FindingAction.REOPEN.value, FindingAction.REOPEN.label
        EXTEND = FindingAction.EXTEND.value, FindingAction.EXTEND.label
        WITHDRAW = FindingAction.WITHDRAW.value, FindingAction.WITHDRAW.label

    finding = models.ForeignKey(InspectionFinding, models.PROTECT, related_name="entries")
    kind = models.CharField(max_length=10, choices=Kind)
    text = models.TextField(blank=True)
    due_on = models.DateField(null=True)  # as it was then
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.kind} {self.at:%d/%m/%Y}"


class Evidence(models.Model):
    """A file that shows what an answer or a report about a finding says."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    answer = models.ForeignKey(AssessmentAnswer, models.PROTECT, null=True, related_name="evidence")
    entry = models.ForeignKey(FindingEntry, models.PROTECT, null=True, related_name="evidence")
    document = models.ForeignKey(Document, models.PROTECT, related_name="+")
    added_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    added_at = models.DateTimeField()

    objects = EvidenceQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                name="inspection_evidence_of_one",
                condition=Q(answer__isnull=False, entry__isnull=True)
                | Q(answer__isnull=True, entry__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return str(self.document)


class ConductProposal(models.Model):
    """A proposal to reward or to discipline: who proposes, why, what was decided elsewhere."""

    class Kind(models.TextChoices):
        REWARD = "reward", _("Khen thưởng")
        DISCIPLINE = "discipline", _("Kỷ luật, xử lý")

    class Decision(models.TextChoices):
        ACCEPTED = "accepted", _("Được chấp nhận")
        DECLINED = "declined", _("Không được chấp nhận")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    office = models.ForeignKey(Agency, models.PROTECT, related_name="+", db_index=False)
    agency = models.ForeignKey(Agency, models.PROTECT, related_name="+")
    round = models.ForeignKey(InspectionRound, models.PROTECT, null=True, related_name="+")
    kind = models.CharField(_("loại đề nghị"), max_length=10, choices=Kind)
    about = models.CharField(_("tập thể, cá nhân"), max_length=200)
    reason = models.TextField(_("lý do"))
    proposed_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    decision = models.CharField(max_length=10, choices=Decision, blank=True)
    decision_basis = models.CharField(_("số, ngày văn bản"), max_length=200, blank=True)
    decision_note = models.TextField(blank=True)
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)

    objects = ConductProposalQuerySet.as_manager()

    class Meta:
        ordering = ["-proposed_at", "-pk"]
        indexes = [
            models.Index(
                fields=["office", "-proposed_at", "-id"], name="inspection_proposal_office"
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="inspection_proposal_decided_by_another",
                condition=Q(decision="", decided_by__isnull=True)
                | (~Q(decision="") & ~Q(decided_by=models.F("proposed_by"))
                   & Q(decided_by__isnull=False)),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.about}"
