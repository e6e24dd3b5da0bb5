"""The findings, making one, one with its history and what can be done."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

import django_filters
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.audit.exports import note_export
from portal.core.roles import Capability
from portal.core.rules import Violation
from portal.core.steps import IllegalStep
from portal.core.web import sheets
from portal.core.web.fragments import filtered, render_list
from portal.core.web.paging import Order, capped_count, first_rows, keyset_page
from portal.core.web.refusals import Refusals
from portal.core.web.sheets import SheetColumn
from portal.inspection.findings import services
from portal.inspection.findings.services import FindingFacts
from portal.inspection.forms import FindingForm, FindingStepForm
from portal.inspection.models import (
    Assessment,
    InspectionFinding,
    InspectionFindingQuerySet,
    InspectionVisit,
)
from portal.inspection.rounds.services import is_inspector
from portal.inspection.workflow import FindingState, FindingStep

if TYPE_CHECKING:
    from collections.abc import Sequence

    from portal.accounts.models import User, UserRequest

_ORDER = Order("due_on")
_LATE = "late"
COLUMNS: tuple[SheetColumn[InspectionFinding], ...] = (
    SheetColumn(gettext_lazy("Đơn vị"), lambda one: one.agency.name, 44),
    SheetColumn(gettext_lazy("Kiến nghị"), lambda one: one.title, 60),
    SheetColumn(gettext_lazy("Yêu cầu cụ thể"), lambda one: one.text, 60),
    SheetColumn(gettext_lazy("Đợt kiểm tra"), lambda one: one.assessment.round.title, 36),
    SheetColumn(gettext_lazy("Hạn thực hiện"), lambda one: one.due_on),
    SheetColumn(gettext_lazy("Trạng thái"), lambda one: one.get_state_display(), 30),
)


class FindingFilter(django_filters.FilterSet):
    """Filters of the list of findings."""

    q = django_filters.CharFilter(
        label=gettext_lazy("Nội dung kiến nghị"), max_length=200, method="with_text"
    )
    state = django_filters.ChoiceFilter(
        label=gettext_lazy("Trạng thái"),
        choices=[*FindingState.choices, (_LATE, gettext_lazy("Quá hạn"))],
        empty_label=gettext_lazy("Tất cả"),
        method="in_state",
    )

    class Meta:
        model = InspectionFinding
        fields: list[str] = []

    def with_text(
        self, findings: InspectionFindingQuerySet, name: str, value: str
    ) -> InspectionFindingQuerySet:
        return findings.found_by(value)

    def in_state(
        self, findings: InspectionFindingQuerySet, name: str, value: str
    ) -> InspectionFindingQuerySet:
        if value == _LATE:
            return findings.late(timezone.localdate())
        return findings.filter(state=value)


@require_safe
def index(request: UserRequest) -> HttpResponse:
    """List findings, the most urgent on top."""
    if not request.user.can(Capability.READ_DOSSIERS):
        raise Http404
    found = FindingFilter(request.GET, InspectionFinding.objects.visible_to(request.user))
    narrowed = filtered(found)
    listed = narrowed.select_related("agency", "assessment__round")
    if sheets.is_wanted(request.GET):
        now = timezone.now()
        rows = first_rows(listed, order=_ORDER, size=sheets.MOST_ROWS + 1)
        note_export("kien-nghi", rows=len(rows), params=request.GET, actor=request.user, now=now)
        return sheets.sheet_response(rows, COLUMNS, name="kien-nghi", today=timezone.localdate(now))
    today = timezone.localdate()
    page = keyset_page(listed, order=_ORDER, params=request.GET)
    context = {
        "filter": found,
        "page": page,
        "rows": [(one, one.is_late(today)) for one in page],
        "count": capped_count(narrowed),
    }
    page_name, fragment = "inspection/findings.html", "inspection/_findings.html"
    return render_list(request, page_name, fragment=fragment, context=context)


@require_http_methods(["GET", "HEAD", "POST"])
def make(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Make a finding about a body."""
    seen = Assessment.objects.visible_to(request.user).select_related("round__office", "agency")
    of = get_object_or_404(seen, uuid=uuid)
    if not is_inspector(of.round, request.user):
        raise PermissionDenied("only the office makes findings")
    visits = InspectionVisit.objects.visible_to(request.user).filter(assessment=of)
    visit = None
    with suppress(ValueError):  # what is no code names none
        visit = visits.filter(uuid=UUID(request.GET.get("visit", ""))).first()
    form = FindingForm(
        request.POST or None,
        items=of.round.items.all(),
        visits=visits.select_related("assessment__agency"),
        initial={"visit": visit},
    )
    if request.method == "POST" and form.is_valid():
        with Refusals() as refused:
            facts = FindingFacts(**form.cleaned_data)
            made = services.make(of, facts, actor=request.user, now=timezone.now())
            messages.success(request, _("Đã nêu kiến nghị và báo cho đơn vị."))
            return redirect("inspection:finding", made.uuid)
        refused.put_on(form, "due_on")
    return render(request, "inspection/make_finding.html", {"form": form, "assessment": of})


@dataclass(frozen=True, slots=True)
class Card:
    """One open step with its form."""

    step: FindingStep
    form: FindingStepForm
    is_first: bool


@require_safe
def finding(request: UserRequest, uuid: UUID) -> HttpResponse:
    return _page(request, _find(request.user, uuid))


@require_POST
def take_step(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Take the step that is named; what was typed stays when it can't be."""
    found, form = _find(request.user, uuid), FindingStepForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, found, sent=form)
    typed = dict(form.cleaned_data)
    files = typed.pop("attached")
    refused = Refusals()
    with refused:
        try:
            services.take_step(found, **typed, files=files, actor=request.user, now=timezone.now())
        except IllegalStep:
            gone = _("Việc này không còn làm được: kiến nghị đã ở bước khác.")
            violations = [Violation("step_is_gone", gone)]
            response = _page(request, _find(request.user, uuid), violations=violations)
            response.status_code = 409
            return response
        messages.success(request, _("Đã ghi nhận."))
        return redirect("inspection:finding", found.uuid)
    found = _find(request.user, uuid)
    return _page(request, found, sent=form, violations=refused.violations)


def _page(
    request: UserRequest,
    found: InspectionFinding,
    *,
    sent: FindingStepForm | None = None,
    violations: Sequence[Violation] = (),
) -> HttpResponse:
    steps = services.steps_of(found, request.user)
    cards = []
    for place, step in enumerate(steps):
        if sent is not None and sent.data.get("action") == step.action:
            form = sent
        else:
            initial = {"action": step.action.value, "version": found.version}
            form = FindingStepForm(initial=initial, auto_id=f"{step.action}_%s")
        cards.append(Card(step, form.for_step(step), is_first=not place))
    entries = found.entries.select_related("by").prefetch_related("evidence__document")
    context = {
        "finding": found,
        "assessment": found.assessment,
        "round": found.assessment.round,
        "is_late": found.is_late(timezone.localdate()),
        "cards": cards,
        "entries": entries,
        "violations": violations,
    }
    return render(request, "inspection/finding.html", context)


def _find(user: User, uuid: UUID) -> InspectionFinding:
    found = InspectionFinding.objects.visible_to(user).select_related(
        "agency", "assessment__round", "assessment__agency", "item", "visit__assessment__agency"
    )
    return get_object_or_404(found, uuid=uuid)
