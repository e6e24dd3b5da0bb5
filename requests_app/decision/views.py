"""The desks: reviewing a dossier, deciding row by row, confirming as the second person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.paginator import Page
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from portal.core.web.refusals import Refusals
from requests_app import kinds
from requests_app.decision import services as decision_services
from requests_app.dossier_pages.stages import stages_of
from requests_app.models import Decision, Dossier, DossierItem
from requests_app.pages import components
from requests_app.pages import views as taking
from requests_app.pages.corrections import correction_of
from requests_app.steps.engine import bars_of
from requests_app.steps.forms import StepForm
from requests_app.submission import checks
from requests_app.workflow import HANDING_BACK, Action, steps_open_to

if TYPE_CHECKING:
    from portal.accounts.models import UserRequest


class RowDecisionForm(forms.Form):
    """What is decided about one row."""

    decision = forms.ChoiceField(
        label=gettext_lazy("Kết quả"),
        required=False,
        choices=Decision.choices,
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(
        label=gettext_lazy("Lý do từ chối"),
        required=False,
        max_length=1000,
        widget=forms.TextInput(attrs={"list": "ly-do"}),
    )

    def __init__(self, data: Any = None, *, item: DossierItem) -> None:
        initial = {"decision": item.decision, "reason": item.decision_reason}
        super().__init__(data, prefix=str(item.uuid), initial=initial)
        self.item = item

    def clean(self) -> dict[str, Any]:
        cleaned = dict(super().clean() or {})
        if cleaned.get("decision") == Decision.REFUSED and not cleaned.get("reason"):
            self.add_error("reason", gettext_lazy("Từ chối phải nêu rõ lý do."))
        return cleaned


_REVIEWING = (Action.FORWARD, Action.DECIDE, Action.RETURN, Action.ACKNOWLEDGE)
_CONFIRMING = (Action.CONFIRM, Action.REJECT, Action.SEND_BACK)


@require_http_methods(["GET", "HEAD", "POST"])
@taking.shows_conflict
def review(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Show the letter beside the rules; a POST takes one of the desk's steps."""
    dossier = components.find(request.user, uuid)
    if dossier.route in HANDING_BACK:
        return redirect("requests_app:minutes", dossier.uuid)
    form, response = taking.try_step(request, dossier)
    return response or _render_review(request, dossier, sent=form)


@require_POST
@taking.shows_conflict
def decide_rows(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Keep what was decided about the rows of one page; nothing typed is lost on an error."""
    dossier = components.find(request.user, uuid)
    page = components.rows_page(dossier, request.POST.get("page"))
    forms = [RowDecisionForm(request.POST, item=item) for item in page]
    if not all([form.is_valid() for form in forms]):  # noqa: C419 (each shows its own errors)
        return _render_review(request, dossier, forms=forms, page=page)
    decisions = {
        form.item.uuid: (form.cleaned_data["decision"], form.cleaned_data["reason"])
        for form in forms
    }
    with Refusals() as refused:
        decision_services.decide_rows(
            dossier,
            decisions,
            actor=request.user,
            now=timezone.now(),
            version=components.version_of(request),
        )
    if refused:
        return _render_review(
            request, dossier, forms=forms, page=page, violations=refused.violations
        )
    messages.success(request, _("Đã lưu kết quả %(count)s dòng.") % {"count": len(decisions)})
    number = page.next_page_number() if page.has_next() else page.number
    address = reverse("requests_app:review", args=[dossier.uuid])
    return redirect(f"{address}?page={number}#danh-sach")


@require_POST
@taking.shows_conflict
def accept_all(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Accept every row nobody has decided yet."""
    dossier = components.find(request.user, uuid)
    decision_services.accept_all(
        dossier, actor=request.user, now=timezone.now(), version=components.version_of(request)
    )
    messages.success(request, _("Đã chấp nhận mọi dòng chưa xử lý."))
    return redirect("requests_app:review", dossier.uuid)


@require_http_methods(["GET", "HEAD", "POST"])
@taking.shows_conflict
def confirm(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Show the second person what was decided; they confirm it or send it back."""
    dossier = components.find(request.user, uuid)
    form, response = taking.try_step(request, dossier)
    if response:
        return response
    cards = components.steps_of(dossier, request.user, sent=form, only=_CONFIRMING)
    barred = bars_of(dossier, request.user)
    if not cards and not barred:
        return redirect("requests_app:detail", dossier.uuid)
    page = components.rows_page(dossier, request.GET.get("page"))
    lines = checks.checks(dossier, reader=request.user, now=timezone.now())
    checks.say_at_rows(page, lines)
    context = {
        "dossier": dossier,
        "stages": stages_of(dossier, request.user),
        "correction": correction_of(dossier, is_own=False),
        "kind": kinds.get(dossier.kind),
        "scan": components.scan_of(dossier),
        "cards": cards,
        "picks_for": components.picks_for(cards),
        "barred": barred,
        "progress": components.progress_of(dossier),
        "checks": lines,
        "page": page,
        "rows": components.masked(dossier, page),
        "decider": dossier.events.filter(action=Action.DECIDE).select_related("actor").last(),
    }
    return render(request, "requests_app/confirm.html", context)


def _render_review(
    request: UserRequest,
    dossier: Dossier,
    *,
    sent: StepForm | None = None,
    forms: list[RowDecisionForm] | None = None,
    page: Page[DossierItem] | None = None,
    violations: object = (),
) -> HttpResponse:
    open_here = {
        step.action
        for step in steps_open_to(request.user.role, state=dossier.state, route=dossier.route)
    }
    if not open_here & set(_REVIEWING):
        return redirect("requests_app:detail", dossier.uuid)
    cards = components.steps_of(dossier, request.user, sent=sent, only=_REVIEWING)
    page = page or components.rows_page(dossier, request.GET.get("page"))
    user = request.user
    # In the table, and not barred by four eyes.
    steps = steps_open_to(user.role, state=dossier.state, route=dossier.route)
    can_decide = (
        not user.looks_only
        and any(step.action == Action.DECIDE for step in steps)
        and not any(step.action == Action.DECIDE for step in bars_of(dossier, user))
    )
    if can_decide and forms is None:
        forms = [RowDecisionForm(item=item) for item in page]
    lines = checks.checks(dossier, reader=request.user, now=timezone.now())
    checks.say_at_rows(page, lines)
    rows = components.masked(dossier, page)
    context = {
        "dossier": dossier,
        "stages": stages_of(dossier, request.user),
        "correction": correction_of(dossier, is_own=False),
        "kind": kinds.get(dossier.kind),
        "scan": components.scan_of(dossier),
        "cards": cards,
        "picks_for": components.picks_for(cards),
        "barred": bars_of(dossier, request.user),
        "can_decide": can_decide,
        "progress": components.progress_of(dossier),
        "checks": lines,
        "page": page,
        "rows": rows,
        "row_forms": list(zip(rows, forms, strict=True)) if can_decide and forms else [],
        "bad_forms": [form for form in forms or [] if form.errors],
        "violations": violations,
        "reasons": components.active_reasons(),
        "undecided": Decision.NONE,
    }
    return render(request, "requests_app/review.html", context)
