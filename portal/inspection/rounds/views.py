"""The rounds, one of them with its bodies, opening one; the checklist."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.audit.exports import note_export
from portal.core.roles import Capability
from portal.core.web import sheets
from portal.core.web.paging import Order, capped_count, keyset_page
from portal.core.web.refusals import Refusals
from portal.core.web.sheets import SheetColumn
from portal.inspection.forms import AddBodyForm, ItemForm, RoundForm
from portal.inspection.known import BY_CODE
from portal.inspection.models import (
    Assessment,
    AssessmentAnswer,
    ChecklistItem,
    InspectionRound,
    RoundItem,
)
from portal.inspection.rounds import services
from portal.inspection.rounds.services import ItemFacts, RoundFacts
from portal.inspection.scoring import Mark, Score, grade_of, in_words, score_of
from portal.inspection.workflow import SHOWN, AssessmentStage, FindingState

if TYPE_CHECKING:
    from collections.abc import Collection

    from portal.accounts.models import User, UserRequest

_BODIES_A_PAGE = 50


@require_safe
def index(request: UserRequest) -> HttpResponse:
    """List the rounds an office opened, a body stands in."""
    user = request.user
    if not user.can(Capability.READ_DOSSIERS):
        raise Http404
    query = request.GET.get("q", "")[:200]
    found = InspectionRound.objects.visible_to(user).found_by(query)
    page = keyset_page(
        found.select_related("office"),
        order=Order("opened_at", is_descending=True),
        params=request.GET,
    )
    own = Assessment.objects.filter(round__in=page.object_list, agency__in=user.body_ids)
    by_round = {one.round_id: one for one in own}
    context = {
        "page": page,
        "rows": [(one, by_round.get(one.pk)) for one in page],
        "count": capped_count(found),
        "query": query,
        "may_inspect": user.can(Capability.INSPECT),
    }
    return render(request, "inspection/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def open_round(request: UserRequest) -> HttpResponse:
    """Open a round."""
    _must_inspect(request.user)
    today = timezone.localdate()
    possible = services.may_be_inspected(request.user.agency_id, today=today).order_by(
        "sort_name", "pk"
    )
    form = RoundForm(
        request.POST or None, bodies=possible, today=today, initial={"year": today.year}
    )
    if request.method == "POST" and form.is_valid():
        typed = form.cleaned_data
        bodies = list(possible) if typed["everyone"] else list(typed["bodies"])
        facts = RoundFacts(**{name: typed[name] for name in ("title", "basis", "year", "due_on")})
        with Refusals() as refused:
            made = services.open_round(facts, bodies, actor=request.user, now=timezone.now())
            messages.success(request, _("Đã mở đợt kiểm tra và báo cho các đơn vị."))
            return redirect("inspection:round", made.uuid)
        refused.put_on(form)
    lines = services.checklist_of(request.user.agency_id)
    context = {"form": form, "lines": lines.count()}
    return render(request, "inspection/open.html", context)


@dataclass(frozen=True, slots=True)
class Row:
    """A body in a round: where it stands, what it scores by its own word and the office's."""

    assessment: Assessment
    own: Score | None
    agreed: Score | None
    findings: int
    late: int

    @property
    def value(self) -> Decimal | None:
        return self.assessment.score if self.assessment.score is not None else (
            self.agreed.value if self.agreed else None
        )  # fmt: skip

    @property
    def own_words(self) -> str:
        return _said(self.own.value if self.own else None)

    @property
    def agreed_words(self) -> str:
        return _said(self.value)

    @property
    def grade(self) -> str:
        found = grade_of(self.value)
        return str(found.label) if found else ""


def _said(value: Decimal | None) -> str:
    return in_words(value) if value is not None else "–"


COLUMNS: tuple[SheetColumn[Row], ...] = (
    SheetColumn(gettext_lazy("Đơn vị"), lambda row: row.assessment.agency.name, 44),
    SheetColumn(gettext_lazy("Trạng thái"), lambda row: row.assessment.get_stage_display(), 30),
    SheetColumn(gettext_lazy("Ngày gửi"), lambda row: row.assessment.sent_at),
    SheetColumn(gettext_lazy("Điểm tự đánh giá"), lambda row: row.own_words),
    SheetColumn(gettext_lazy("Điểm sau khi Sở đánh giá"), lambda row: row.agreed_words, 24),
    SheetColumn(gettext_lazy("Xếp loại"), lambda row: row.grade),
    SheetColumn(gettext_lazy("Kiến nghị chưa xong"), lambda row: row.findings),
    SheetColumn(gettext_lazy("Trong đó quá hạn"), lambda row: row.late),
    SheetColumn(gettext_lazy("Kết luận"), lambda row: row.assessment.conclusion, 50),
)


def rows_of(assessments: Collection[Assessment], items: Collection[RoundItem]) -> list[Row]:
    """Return what a table says of assessments of one round, in two queries."""
    today = timezone.localdate()
    answers: dict[int, list[AssessmentAnswer]] = {one.pk: [] for one in assessments}
    for answer in AssessmentAnswer.objects.filter(assessment__in=list(assessments)).order_by():
        answers[answer.assessment_id].append(answer)
    unfinished = Q(findings__state__in=[FindingState.OPEN, FindingState.ANSWERED])
    late = Q(findings__state=FindingState.OPEN, findings__due_on__lt=today)
    counted = {
        pk: (open_ones, late_ones)
        for pk, open_ones, late_ones in Assessment.objects.filter(
            pk__in=[one.pk for one in assessments]
        )
        .order_by()
        .annotate(
            unfinished=Count("findings", filter=unfinished), late=Count("findings", filter=late)
        )
        .values_list("pk", "unfinished", "late")
    }
    rows = []
    for one in assessments:
        is_shown = one.stage in SHOWN
        own, agreed = (
            score_of(Mark(item.points, given.get(item.pk, "")) for item in items)
            for given in (
                {answer.item_id: answer.verdict for answer in answers[one.pk]},
                {answer.item_id: answer.agreed for answer in answers[one.pk]},
            )
        )
        findings = counted.get(one.pk, (0, 0))
        rows.append(Row(one, own if is_shown else None, agreed if is_shown else None, *findings))
    return rows


@require_safe
def round_page(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Show a round: to a body its own place in it, to the office all that stand in it."""
    of = _round(request.user, uuid)
    user = request.user
    seen = Assessment.objects.visible_to(user).filter(round=of)
    counted = dict(
        seen.order_by().values("stage").annotate(n=Count("pk")).values_list("stage", "n")
    )
    only = request.GET.get("stage", "")
    only = only if only in AssessmentStage.values else ""
    shown = seen.filter(stage=only) if only else seen
    shown = shown.select_related("agency").order_by("agency__sort_name", "pk")
    items = list(of.items.all())
    if sheets.is_wanted(request.GET):
        now = timezone.now()
        rows = rows_of(list(shown[: sheets.MOST_ROWS + 1]), items)
        params = request.GET.dict()
        note_export("kiem-tra", rows=len(rows), params=params, actor=user, now=now)
        today = timezone.localdate(now)
        return sheets.sheet_response(rows, COLUMNS, name="kiem-tra", today=today)
    page = Paginator(shown, _BODIES_A_PAGE).get_page(request.GET.get("page"))
    is_inspector = services.is_inspector(of, user)
    add_form = None
    if is_inspector and of.closed_at is None:
        possible = services.may_be_inspected(of.office_id, today=timezone.localdate())
        left = possible.exclude(pk__in=of.assessments.order_by().values("agency"))
        add_form = AddBodyForm(bodies=left.order_by("sort_name", "pk"))
    context = {
        "round": of,
        "items": items,
        "points": sum(item.points for item in items),
        "facts": {code: fact.words for code, fact in BY_CODE.items()},
        "page": page,
        "rows": rows_of(list(page), items),
        "stages": [(stage.value, stage.label, counted.get(stage, 0)) for stage in AssessmentStage],
        "only": only,
        "total": sum(counted.values()),
        "is_inspector": is_inspector,
        "add_form": add_form,
    }
    return render(request, "inspection/round.html", context)


@require_POST
def add_body(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Ask one more body."""
    of = _round(request.user, uuid)
    possible = services.may_be_inspected(of.office_id, today=timezone.localdate())
    form = AddBodyForm(request.POST, bodies=possible)
    with Refusals() as refused:
        bodies = [form.cleaned_data["body"]] if form.is_valid() else []
        services.add_bodies(of, bodies, actor=request.user, now=timezone.now())
        messages.success(request, _("Đã thêm đơn vị và báo cho đơn vị."))
    refused.tell(request)
    return redirect("inspection:round", of.uuid)


@require_POST
def close(request: UserRequest, uuid: UUID) -> HttpResponse:
    """End a round."""
    of = _round(request.user, uuid)
    with Refusals() as refused:
        services.close_round(of, actor=request.user, now=timezone.now())
        messages.success(request, _("Đã kết thúc đợt kiểm tra."))
    refused.tell(request)
    return redirect("inspection:round", of.uuid)


@require_http_methods(["GET", "HEAD", "POST"])
def checklist(request: UserRequest) -> HttpResponse:
    """Show the office's checklist; add a line to it."""
    _must_inspect(request.user)
    form = ItemForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        facts = ItemFacts(**form.facts)
        services.add_item(facts, actor=request.user, now=timezone.now())
        messages.success(request, _("Đã thêm nội dung kiểm tra."))
        return redirect("inspection:checklist")
    lines = list(services.checklist_of(request.user.agency_id))
    context = {
        "form": form,
        "lines": [(line, BY_CODE.get(line.fact)) for line in lines],
        "points": sum(line.points for line in lines),
    }
    return render(request, "inspection/checklist.html", context)


@require_POST
def take_standard(request: UserRequest) -> HttpResponse:
    """Fill an empty checklist with what the portal offers."""
    _must_inspect(request.user)
    with Refusals() as refused:
        services.take_standard(actor=request.user, now=timezone.now())
        messages.success(request, _("Đã lập danh mục theo mẫu; hãy xem lại từng nội dung."))
    refused.tell(request)
    return redirect("inspection:checklist")


@require_http_methods(["GET", "HEAD", "POST"])
def item(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Write a line of the checklist anew."""
    found = _item(request.user, uuid)
    form = ItemForm(request.POST) if request.method == "POST" else ItemForm.of(found)
    if request.method == "POST" and form.is_valid():
        with Refusals() as refused:
            services.edit_item(
                found,
                ItemFacts(**form.facts),
                version=form.cleaned_data["version"] or 0,
                actor=request.user,
                now=timezone.now(),
            )
            messages.success(request, _("Đã sửa; các đợt đang mở giữ nội dung cũ."))
            return redirect("inspection:checklist")
        refused.put_on(form)
    return render(request, "inspection/item.html", {"form": form, "item": found})


@require_POST
def retire(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Leave a line out of rounds to come."""
    services.retire_item(_item(request.user, uuid), actor=request.user, now=timezone.now())
    messages.success(request, _("Đã bỏ nội dung khỏi danh mục; các đợt đang mở giữ nguyên."))
    return redirect("inspection:checklist")


def _must_inspect(user: User) -> None:
    if not user.can(Capability.INSPECT):
        raise PermissionDenied("only an office inspects")


def _item(user: User, uuid: UUID) -> ChecklistItem:
    _must_inspect(user)
    return get_object_or_404(services.checklist_of(user.agency_id), uuid=uuid)


def _round(user: User, uuid: UUID) -> InspectionRound:
    found = InspectionRound.objects.visible_to(user).select_related("office")
    return get_object_or_404(found, uuid=uuid)
