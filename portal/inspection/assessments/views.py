"""The page of a body in a round: its answers, what the portal knows, steps; the evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from portal.core.rules import Violation
from portal.core.steps import IllegalStep
from portal.core.web.refusals import Refusals
from portal.documents.responses import file_response
from portal.inspection.assessments import services
from portal.inspection.assessments.services import Answered, Judged, marks_of
from portal.inspection.forms import AnswersForm, ReviewForm, StepForm
from portal.inspection.known import BY_CODE, FACTS, Fact, facts_of
from portal.inspection.models import (
    Assessment,
    AssessmentAnswer,
    Evidence,
    InspectionFinding,
    InspectionVisit,
    RoundItem,
)
from portal.inspection.scoring import Mark, Verdict, grade_of, in_words, score_of
from portal.inspection.workflow import (
    SHOWN,
    WRITABLE,
    AssessmentAction,
    AssessmentStage,
    AssessmentStep,
    Part,
)

if TYPE_CHECKING:
    from portal.accounts.models import User, UserRequest

_VERDICTS = {verdict.value: str(verdict.label) for verdict in Verdict}


@dataclass(frozen=True, slots=True)
class Line:
    """One item on the page: what was said of it, what it brings, the fields to type."""

    place: int
    item: RoundItem
    answer: AssessmentAnswer | None
    evidence: Sequence[Evidence]
    mark: Mark
    fact: Fact | None
    number: int
    fields: dict[str, forms.BoundField]

    @property
    def own(self) -> str:
        return _VERDICTS.get(self.answer.verdict, "") if self.answer else ""

    @property
    def office(self) -> str:
        return _VERDICTS.get(self.answer.office_verdict, "") if self.answer else ""


@dataclass(frozen=True, slots=True)
class Card:
    """One open step with its form."""

    step: AssessmentStep
    form: StepForm

    @property
    def takes_words(self) -> bool:
        return self.step.needs_reason or self.step.action == AssessmentAction.CONCLUDE


@require_safe
def assessment(request: UserRequest, uuid: UUID) -> HttpResponse:
    return _page(request, _find(request.user, uuid))


@require_POST
def write(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Keep what the body says of the items."""
    found = _find(request.user, uuid)
    items, answers, evidence = _parts(found)
    form = AnswersForm(
        request.POST,
        request.FILES,
        items=items,
        answers=answers,
        evidence=[one.pk for one in evidence],
    )
    if not form.is_valid():
        return _page(request, found, form=form)
    typed = form.cleaned_data
    with Refusals() as refused:
        services.write(
            found,
            {
                item.pk: Answered(
                    typed[f"verdict_{item.pk}"],
                    typed.get(f"number_{item.pk}"),
                    typed[f"remark_{item.pk}"],
                    typed[f"file_{item.pk}"],
                )
                for item in items
            },
            dropped=typed["drop"],
            version=typed["version"],
            actor=request.user,
            now=timezone.now(),
        )
        messages.success(request, _("Đã lưu bản tự đánh giá."))
        return redirect("inspection:assessment", found.uuid)
    return _page(request, _find(request.user, uuid), form=form, violations=refused.violations)


@require_POST
def review(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Keep the office's own verdicts."""
    found = _find(request.user, uuid)
    items, answers, _evidence = _parts(found)
    form = ReviewForm(request.POST, items=items, answers=answers)
    if not form.is_valid():
        return _page(request, found, form=form)
    typed = form.cleaned_data
    with Refusals() as refused:
        services.review(
            found,
            {
                item.pk: Judged(typed[f"verdict_{item.pk}"], typed[f"remark_{item.pk}"])
                for item in items
            },
            version=typed["version"],
            actor=request.user,
            now=timezone.now(),
        )
        messages.success(request, _("Đã lưu đánh giá của Sở."))
        return redirect("inspection:assessment", found.uuid)
    return _page(request, _find(request.user, uuid), form=form, violations=refused.violations)


@require_POST
def take_step(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Take the step that is named; what was typed stays when it can't be."""
    found, form = _find(request.user, uuid), StepForm(request.POST)
    if not form.is_valid():
        return _page(request, found, sent=form)
    typed = form.cleaned_data
    refused = Refusals()
    with refused:
        try:
            services.take_step(found, **typed, actor=request.user, now=timezone.now())
        except IllegalStep:
            gone = _("Việc này không còn làm được: bản tự đánh giá đã ở bước khác.")
            violations = [Violation("step_is_gone", gone)]
            response = _page(request, _find(request.user, uuid), violations=violations)
            response.status_code = 409
            return response
        messages.success(request, _("Đã ghi nhận."))
        return redirect("inspection:assessment", found.uuid)
    found = _find(request.user, uuid)
    return _page(request, found, sent=form, violations=refused.violations)


@require_safe
def evidence(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Return a file."""
    files = Evidence.objects.visible_to(request.user).select_related("document")
    return file_response(get_object_or_404(files, uuid=uuid).document, as_attachment=True)


def _page(
    request: UserRequest,
    found: Assessment,
    *,
    form: AnswersForm | ReviewForm | None = None,
    sent: StepForm | None = None,
    violations: Sequence[Violation] = (),
) -> HttpResponse:
    """Render the page, with a form that came back where there is one."""
    user, now = request.user, timezone.now()
    part = services.part_of(found, user)
    items, answers, files = _parts(found)
    is_own = found.agency_id in user.body_ids
    is_shown = is_own or found.stage in SHOWN
    is_open = found.round.closed_at is None
    if form is None and is_open:
        initial = {"version": found.version}
        if part is Part.WRITER and found.stage in WRITABLE:
            form = AnswersForm(
                items=items, answers=answers, evidence=[one.pk for one in files], initial=initial
            )
        elif part is Part.INSPECTOR and found.stage == AssessmentStage.SENT:
            form = ReviewForm(items=items, answers=answers, initial=initial)
    numbers = found.known or facts_of([found.agency_id], year=found.round.year, now=now)[
        found.agency_id
    ]  # fmt: skip
    marks = marks_of(items, answers.values())
    score = score_of(marks)
    own_score = score_of(marks_of(items, answers.values(), is_own=True))
    names = ("verdict", "number", "remark", "file")
    by_answer: dict[int, list[Evidence]] = {}
    for one in files:
        by_answer.setdefault(one.answer_id or 0, []).append(one)
    lines = [
        Line(
            place,
            item,
            answers.get(item.pk),
            by_answer.get(answers[item.pk].pk, []) if item.pk in answers else [],
            mark,
            BY_CODE.get(item.fact),
            numbers.get(item.fact, 0),
            {
                name: form[f"{name}_{item.pk}"]
                for name in names
                if form is not None and f"{name}_{item.pk}" in form.fields
            },
        )
        for place, (item, mark) in enumerate(zip(items, marks, strict=True), 1)
    ]
    cards = [
        Card(
            step,
            sent
            if sent is not None and sent.data.get("action") == step.action
            else StepForm(
                initial={"action": step.action.value, "version": found.version},
                auto_id=f"{step.action}_%s",
            ),
        )
        for step in services.steps_of(found, user)
    ]
    value = found.score if found.score is not None else score.value
    grade = grade_of(value)
    visits = InspectionVisit.objects.announced_to(user).filter(assessment=found)
    readable = InspectionVisit.objects.visible_to(user).filter(assessment=found)
    findings = InspectionFinding.objects.visible_to(user).filter(assessment=found)
    context: dict[str, Any] = {
        "assessment": found,
        "round": found.round,
        "part": part,
        "is_open": is_open,
        "is_shown": is_shown,
        "lines": lines if is_shown else (),
        "items": items,
        "form": form,
        "reviews": isinstance(form, ReviewForm),
        "facts": [(fact, numbers.get(fact.code, 0)) for fact in FACTS],
        "score": score,
        "own_score": own_score,
        "value": in_words(value) if value is not None else "–",
        "grade": grade.label if grade else "",
        "cards": cards,
        "violations": violations,
        "visits": visits.select_related("assessment__agency"),
        "readable": set(readable.values_list("pk", flat=True)),
        "findings": findings,
        "today": timezone.localdate(now),
        "is_inspector": part is Part.INSPECTOR,
    }
    return render(request, "inspection/assessment.html", context)


def _parts(
    found: Assessment,
) -> tuple[list[RoundItem], dict[int, AssessmentAnswer], list[Evidence]]:
    items = list(found.round.items.all())
    answers = {one.item_id: one for one in found.answers.order_by()}
    files = Evidence.objects.filter(answer__assessment=found).select_related("document")
    return items, answers, list(files)


def _find(user: User, uuid: UUID) -> Assessment:
    found = Assessment.objects.visible_to(user).select_related(
        "round__office", "agency__office", "sent_by", "concluded_by"
    )
    return get_object_or_404(found, uuid=uuid)
