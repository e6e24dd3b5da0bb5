"""A report: a span, what was counted of it, what a person says; a letter when it is signed."""

from __future__ import annotations

from typing import Any, Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from portal.accounts.models import User
from portal.agencies.models import Agency
from portal.core.background.leases import LeasedQuerySet
from portal.core.roles import Capability, Scope
from portal.reports.spans import Span
from requests_app.models import OwnLetter
from requests_app.paper_workflow import PaperStage, waiting_stages


class ReportQuerySet(LeasedQuerySet["Report"]):
    def visible_to(self, user: User) -> Self:
        """Return the reports of ``user``'s body, and what was issued by those below: to the office
        of its bodies, to the CA of all, to the auditor of the tree."""
        if not user.can(Capability.READ_DOSSIERS):
            return self.none()
        own, issued = Q(agency__in=user.body_ids), Q(stage=PaperStage.ISSUED)
        if user.scope is Scope.OFFICE:
            return self.filter(own | (issued & Q(office__in=user.body_ids)))
        if user.scope is Scope.CA:
            return self.filter(own | issued)
        if user.scope is Scope.TREE:
            bodies = Agency.objects.visible_to(user).order_by().values("pk")
            return self.filter(issued, agency__in=bodies)
        return self.filter(own)

    def waiting_for(self, user: User) -> Self:
        """Return what waits for ``user``'s role in their own body."""
        return self.filter(agency__in=user.body_ids, stage__in=waiting_stages(user.role))


class Report(OwnLetter):
    """Numbers of one body's span. They are counted in the background and stay as they were."""

    class Waits(models.TextChoices):
        """What the worker has still to do."""

        NOTHING = "", ""
        FIGURES = "figures", _("Đang tính số liệu")
        COMPARISON = "comparison", _("Đang so với số liệu hiện nay")

    agency = models.ForeignKey(Agency, models.PROTECT, related_name="+", db_index=False)
    office = models.ForeignKey(Agency, models.PROTECT, null=True, related_name="+", db_index=False)
    since = models.DateField(_("từ ngày"))
    until = models.DateField(_("đến ngày"))
    stage = models.CharField(max_length=20, choices=PaperStage, default=PaperStage.DRAFT)
    waits = models.CharField(max_length=10, choices=Waits, blank=True, default=Waits.FIGURES)
    problem = models.CharField(max_length=250, blank=True)
    figures: models.JSONField[Any, Any] = models.JSONField(default=dict)
    counted_at = models.DateTimeField(null=True)
    compared: models.JSONField[Any, Any] = models.JSONField(default=list)
    compared_at = models.DateTimeField(null=True)
    remarks = models.TextField(_("đánh giá, kết quả thực hiện"), blank=True)
    plans = models.TextField(_("nhu cầu năm sau, kiến nghị"), blank=True)

    objects = ReportQuerySet.as_manager()

    class Meta:
        ordering = ["-made_at", "-pk"]
        indexes = [
            models.Index(fields=["agency", "-made_at", "-id"], name="reports_report_agency"),
            models.Index(fields=["office", "-made_at", "-id"], name="reports_report_office"),
            models.Index(
                fields=["id"], condition=~models.Q(waits=""), name="reports_report_waiting"
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="reports_report_ends_after_start",
                condition=models.Q(until__gte=models.F("since")),
            ),
        ]

    @property
    def span(self) -> Span:
        return Span(self.since, self.until)

    @property
    def title(self) -> str:
        """What it is called in lists and on its page."""
        return _("Báo cáo %(span)s") % {"span": self.span.words}
