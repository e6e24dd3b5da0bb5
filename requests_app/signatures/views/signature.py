"""Before a letter leaves: the check before signing, the head's signature, the agency's seal."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from portal.core.database.bulk import collector_paused
from portal.core.rules import Severity, Violation
from portal.core.text.numbers import typed_number
from portal.core.web.refusals import Refusals
from requests_app import kinds
from requests_app.drafts.cells import page_of
from requests_app.drafts.questions import Answer, answer_questions
from requests_app.drafts.services import split_by_route
from requests_app.kinds import reissue_warning as reissue
from requests_app.models import Dossier
from requests_app.pages import components
from requests_app.pages import views as taking
from requests_app.pages.corrections import correction_of
from requests_app.rules.dossiers import looks_of_number
from requests_app.steps.engine import allowed_steps
from requests_app.steps.forms import StepForm
from requests_app.submission.checks import (
    ListRead,
    Question,
    questions_of,
    row_findings,
    violations_before_signing,
)
from requests_app.submission.letters import has_virtual_key, role_of
from requests_app.submission.signers import paper_of, signer_on
from requests_app.submission.signing_mode import signing_mode
from requests_app.titles import headline_of
from requests_app.workflow import Action

if TYPE_CHECKING:
    from portal.accounts.models import UserRequest

ANSWER_LENGTH = 500
QUESTIONS_A_PAGE = 20
SHOWN = 100  # of what must be mended, and of what is worth a second look
SIGNING = (Action.SIGN, Action.SEAL)
_TURNING_BACK = (Action.SEND_BACK_TO_DRAFT, Action.REVISE)


class QuestionForm(forms.Form):
    """The answer to one question about some rows; left alone it stays open."""

    choice = forms.ChoiceField(required=False, widget=forms.RadioSelect)
    words = forms.CharField(
        label=gettext_lazy("Lý do giữ nguyên"), required=False, max_length=ANSWER_LENGTH
    )

    def __init__(self, data: Any = None, *, question: Question) -> None:
        answer = question.answer.answer if question.answer else ""
        initial = {"choice": "keep" if answer else "", "words": answer}
        super().__init__(data, prefix=question.key, initial=initial)
        keeps = _("Giữ nguyên “%(value)s”") % {"value": question.value}
        takes = _("Dùng “%(value)s”") % {"value": question.suggestion}
        if question.is_about_a_certificate:
            keeps = _("Tên ngắn khác, ghi ở ô dưới")
            takes = _("Trong chứng thư ghi “%(value)s”") % {"value": question.suggestion}
            self.fields["words"].label = _("Tên ngắn trong chứng thư")
        choices = [("take", takes)] if question.suggestion else []
        field = self.fields["choice"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [*choices, ("keep", keeps)]
        self.question = question

    def answer(self) -> Answer | None:
        """Return what was answered, None when nothing was; a reason alone keeps what stands."""
        choice, words = self.cleaned_data["choice"], self.cleaned_data["words"]
        if not choice and not words:
            return None
        return Answer(takes=choice == "take", words=words)


@require_POST
@taking.shows_conflict
def answer(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Keep the answers to the questions about the list, then show what is left."""
    dossier = components.find(request.user, uuid)
    if not components.is_editor(dossier, request.user):
        return taking.conflict(request, dossier.uuid)
    now = timezone.now()
    with collector_paused():
        asked = questions_of(dossier, row_findings(dossier, now=now))
    # Those of the page that was sent.
    sent = [
        QuestionForm(request.POST, question=one)
        for one in asked
        if any(f"{one.key}-{name}" in request.POST for name in ("choice", "words"))
    ]
    if not all(form.is_valid() for form in sent):
        return _render_check(request, dossier, now=now, sent=sent)
    given = {form.question.key: said for form in sent if (said := form.answer())}
    with Refusals() as refused:
        answer_questions(
            dossier,
            given,
            actor=request.user,
            now=now,
            version=components.version_of(request),
        )
    if refused:
        return _render_check(request, dossier, now=now, sent=sent, violations=refused.violations)
    messages.success(request, _("Đã ghi nhận trả lời."))
    here = reverse("requests_app:check", args=[dossier.uuid])
    page = typed_number(request.GET.get("page"), otherwise=1)
    return redirect(f"{here}?page={page}#cau-hoi" if page > 1 else here)


@require_POST
@taking.shows_conflict
def split(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Move the rows that go another way into drafts of their own."""
    dossier = components.find(request.user, uuid)
    if not components.is_editor(dossier, request.user):
        return taking.conflict(request, dossier.uuid)
    made = split_by_route(
        dossier,
        actor=request.user,
        now=timezone.now(),
        version=components.version_of(request),
    )
    links = format_html_join(
        ", ",
        '<a href="{}">{} ({})</a>',
        (
            (reverse("requests_app:check", args=[one.uuid]), headline_of(one), one.addressee.name)
            for one in made
        ),
    )
    if made:
        words = _("Đã tách. Các dòng gửi nơi khác nay ở hồ sơ riêng:")
        messages.success(request, format_html("{} {}", words, links))
    return redirect("requests_app:check", dossier.uuid)


@require_http_methods(["GET", "HEAD", "POST"])
@taking.shows_conflict
def check(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Show everything as it will be printed, and what is still missing, before signing."""
    dossier = components.find(request.user, uuid)
    form = components.step_form(dossier, Action.REQUEST_SIGNATURE, data=request.POST or None)
    if request.method == "POST" and (response := taking.take(request, dossier, form)):
        return response
    if not components.is_editor(dossier, request.user):
        return redirect("requests_app:detail", dossier.uuid)
    return _render_check(request, dossier, now=timezone.now(), form=form)


def _render_check(
    request: UserRequest,
    dossier: Dossier,
    *,
    now: datetime,
    form: StepForm | None = None,
    sent: Sequence[QuestionForm] = (),
    violations: Sequence[Violation] = (),
) -> HttpResponse:
    form = form or components.step_form(dossier, Action.REQUEST_SIGNATURE)
    signer = signer_on(
        dossier.agency_id,
        paper_of(kinds.get(dossier.kind).number),
        chosen=dossier.signer,
        on=timezone.localdate(now),
    )
    mode, why = signing_mode(dossier.agency, signer=signer, now=now)
    # What is worth a second look but stops nothing, as (row, words).
    with collector_paused():
        read = ListRead.of(dossier, now=now)
        missing = (
            violations or form.violations or violations_before_signing(dossier, read=read, now=now)
        )
    found = [
        (row.item.position, one.finding.message)
        for row in read.rows
        for one in row.findings
        if one.finding.severity is Severity.WARNING and not one.finding.asks
    ]
    found[:0] = [
        (0, f"{one.message} Có thể ghi {one.suggestion}.")
        for one in looks_of_number(dossier.letter_number, kinds.get(dossier.kind).kind_of_document)
    ]
    old = reissue.warnings(dossier, read.items, now=now)
    warnings = found + [(one.row or 0, f"{one.message} {one.way_out}") for one in old]
    asked = questions_of(dossier, read.rows)
    if len(asked) > QUESTIONS_A_PAGE:  # those that wait for an answer first
        asked.sort(key=lambda one: one.answer is not None)
    page = Paginator(asked, QUESTIONS_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "dossier": dossier,
        "kind": kinds.get(dossier.kind),
        "correction": correction_of(dossier, is_own=True),
        "form": form,
        "may_request": any(
            step.action == Action.REQUEST_SIGNATURE for step in allowed_steps(dossier, request.user)
        ),
        "faults": [(one, _place(dossier, one)) for one in missing[:SHOWN]],
        "violation_count": len(missing),
        "hidden_violations": max(0, len(missing) - SHOWN),
        "may_split": any(one.code == "rows_go_different_ways" for one in missing),
        "questions": sent or [QuestionForm(question=one) for one in page],
        "page": page,
        "warnings": warnings[:SHOWN],
        "hidden_warnings": max(0, len(warnings) - SHOWN),
        "signer": signer,
        "mode": mode,
        "mode_reason": why,
    }
    return render(request, "requests_app/check.html", context)


def _place(dossier: Dossier, fault: Violation) -> str:
    """Return the address in the editor where a fault is mended, "" where it is none of a row."""
    if not fault.row:
        return ""
    first = kinds.get(dossier.kind).fields[0].name
    path = reverse("requests_app:editor", args=[dossier.uuid])
    return f"{path}?page={page_of(fault.row)}#o-{fault.row}-{first}"


@require_http_methods(["GET", "HEAD", "POST"])
@taking.shows_conflict
def sign(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Show the frozen letter and take the PIN: the head signs, the clerk seals and sends."""
    dossier = components.find(request.user, uuid)
    form = None
    if request.method == "POST":
        form = components.step_form(
            dossier,
            request.POST.get("action", ""),
            data=request.POST,
            files=request.FILES,
            reasons=components.active_reasons(),
        )
        if response := taking.take(request, dossier, form):
            return response
    cards = components.steps_of(dossier, request.user, sent=form, only=(*SIGNING, *_TURNING_BACK))
    signing = next((card for card in cards if card.step.action in SIGNING), None)
    if signing is None:
        return redirect("requests_app:detail", dossier.uuid)
    context = {
        "dossier": dossier,
        "kind": kinds.get(dossier.kind),
        "correction": correction_of(dossier, is_own=True),
        "signing": signing,
        "others": [card for card in cards if card is not signing],
        "is_digital": dossier.signing_mode == "digital",
        "opens_here": has_virtual_key(
            role_of(Action(signing.step.action)),
            agency=dossier.agency,
            actor=request.user,
            now=timezone.now(),
        ),
        "scan": components.scan_of(dossier),
    }
    return render(request, "requests_app/sign.html", context)
