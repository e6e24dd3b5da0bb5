"""Asking from a page, and the page of one question."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.core.rules import Violation
from portal.core.steps import IllegalStep
from portal.core.web.refusals import Refusals
from portal.documents.responses import file_response
from portal.support.knowledge.library import FITS, find, library
from portal.support.models import Entry, EntryFile, Question
from portal.support.questions import services
from portal.support.questions.about import About, about_page
from portal.support.questions.forms import (
    AnswerForm,
    CloseForm,
    FilesField,
    QuestionForm,
    WordsForm,
)
from portal.support.questions.services import Wording
from portal.support.workflow import Action, Category, Part
from requests_app.models import Dossier

if TYPE_CHECKING:
    from portal.accounts.models import User, UserRequest
    from portal.support.knowledge.library import Reading

OFFERED = 5  # articles beside a question
_NOTE = "note"
_HINTS = {
    Action.HAND_OVER: gettext_lazy("Bên hỏi được báo và đọc được lý do chuyển."),
    Action.HAND_BACK: gettext_lazy("Bên hỏi được báo và đọc được lý do chuyển."),
    _NOTE: gettext_lazy("Chỉ đội hỗ trợ và Cục đọc được; bên hỏi không thấy."),
}


class FilesForm(forms.Form):
    """What goes with a question that has been looked through."""

    attached = FilesField()


@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: UserRequest) -> HttpResponse:
    """Take a question, show it as it will be sent beside the articles that may answer it, send it.

    The page it was asked from comes as ``trang``; what stands after its path is left out.
    """
    user = request.user
    if request.method != "POST":
        page = about_page(request.GET.get("trang", ""), user)
        form = QuestionForm(initial={"page": page.page, "with_page": True})
        return _ask_page(request, form, page)
    form = QuestionForm(request.POST)
    form.is_valid()
    page = about_page(form.cleaned_data.get("page", ""), user)
    if not form.is_valid() or request.POST.get("do") == "edit":
        return _ask_page(request, form, page)
    typed = form.cleaned_data
    about = page if typed["with_page"] else About()
    wording = Wording(typed["category"], typed["subject"], typed["text"])
    is_sent = request.POST.get("do") == "send"
    files = FilesForm(request.POST, request.FILES) if is_sent else FilesForm()
    if files.is_valid():
        with Refusals() as refused:
            question = services.ask(
                wording,
                about=about,
                files=files.cleaned_data["attached"],
                actor=user,
                now=timezone.now(),
            )
            messages.success(request, _("Đã gửi câu hỏi đến bàn hỗ trợ."))
            return redirect("support:question", question.uuid)
        refused.put_on(files, "attached")
    context = {
        "form": QuestionForm(typed),  # what goes back into the page is what is sent
        "files_form": files,
        "wording": wording,
        "category": Category(wording.category).label,
        "is_masked": form.is_masked,
        "about": about,
        "articles": _fitting(user, f"{wording.subject} {wording.text}", wording.category),
    }
    return render(request, "support/ask_check.html", context)


def _ask_page(request: UserRequest, form: QuestionForm, page: About) -> HttpResponse:
    return render(request, "support/ask.html", {"form": form, "about": page})


def _fitting(user: User, typed: str, category: str) -> list[Reading]:
    return find(library(user), typed, category=category, least=FITS)[:OFFERED]


@require_POST
def suggest(request: UserRequest) -> HttpResponse:
    """Show the articles that fit what is typed so far."""
    typed = f"{request.POST.get('subject', '')} {request.POST.get('text', '')}"[:2000]
    found = _fitting(request.user, typed, request.POST.get("category", ""))
    return render(request, "support/_fitting.html", {"articles": found})


@dataclass(frozen=True, slots=True)
class Card:
    """One step with its form."""

    action: str
    label: str
    form: forms.Form
    hint: object = ""
    is_first: bool = False


@require_safe
def question(request: UserRequest, uuid: UUID) -> HttpResponse:
    return _question_page(request, _find(request, uuid))


@require_POST
def take_step(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Take the step that is named; what was typed stays when it can't be."""
    found = _find(request, uuid)
    action = request.POST.get("action", "")
    readings = library(request.user).values() if action == Action.ANSWER else ()
    if action not in (*Action, _NOTE):
        raise Http404
    form = _form_of(action, request, articles=[(one.slug, one.title) for one in readings])
    if not form.is_valid():
        return _question_page(request, found, sent=(action, form))
    typed = dict(form.cleaned_data)
    version = typed.pop("version") or 0
    typed["files"] = typed.pop("attached", ())
    with Refusals() as refused:
        try:
            if action == _NOTE:
                services.note(found, **typed, actor=request.user, now=timezone.now())
            else:
                services.take_step(
                    found, action, **typed, actor=request.user, now=timezone.now(), version=version
                )
        except IllegalStep:
            gone = _("Việc này không còn làm được: câu hỏi đã ở bước khác.")
            violations = (Violation("step_is_gone", gone),)
            found.refresh_from_db()
            return _question_page(request, found, sent=(action, form), violations=violations)
        messages.success(request, _("Đã ghi nhận."))
        return redirect("support:question", found.uuid)
    found = _find(request, uuid)
    return _question_page(request, found, sent=(action, form), violations=refused.violations)


@require_POST
def recover(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Open the Mẫu 06 of the device that is asked about, or go on with the draft there is."""
    found = _find(request, uuid)
    now = timezone.now()
    offer = services.recovery_offer(found, request.user, now)
    if offer is None:
        raise Http404
    if offer.is_open and offer.draft:
        return redirect(offer.draft)
    refused = Refusals(offer.violations)
    if offer.is_open:
        with refused:
            dossier = services.draft_recovery(found, actor=request.user, now=now)
            return redirect("requests_app:editor", dossier.uuid)
    return _question_page(request, found, violations=refused.violations)


@require_safe
def file(request: UserRequest, uuid: UUID, file_uuid: UUID) -> HttpResponse:
    """Return what came with an entry that the reader sees."""
    entries = Entry.objects.visible_to(request.user).filter(question=_find(request, uuid))
    files = EntryFile.objects.filter(entry__in=entries).select_related("document")
    found = get_object_or_404(files, uuid=file_uuid)
    return file_response(found.document, as_attachment=True)


def _find(request: UserRequest, uuid: UUID) -> Question:
    visible = Question.objects.visible_to(request.user)
    joined = visible.select_related(
        "agency", "office", "asked_by", "dossier", "device__agency", "certificate", "recovery"
    ).defer("certificate__der", "certificate__crl_entry")
    return get_object_or_404(joined, uuid=uuid)


def _form_of(
    action: str, request: UserRequest | None, *, articles: list[tuple[str, str]], **initial: Any
) -> Any:
    kept: dict[str, Any] = {"auto_id": f"{action}_%s", "initial": initial}
    if request is not None:
        kept |= {"data": request.POST, "files": request.FILES}
    if action == Action.CLOSE:
        return CloseForm(**kept)
    if action == Action.ANSWER:
        return AnswerForm(**kept, articles=articles)
    return WordsForm(**kept)


def _question_page(
    request: UserRequest,
    question: Question,
    *,
    sent: tuple[str, Any] | None = None,
    violations: tuple[Violation, ...] = (),
) -> HttpResponse:
    user, now = request.user, timezone.now()
    part = services.part_of(question, user)
    entries = Entry.objects.visible_to(user).filter(question=question).select_related("by")
    is_desk = part in (Part.OFFICE_DESK, Part.CA_DESK)
    steps = services.steps_of(question, user)
    readings = library(user)
    articles = [(one.slug, one.title) for one in readings.values()]
    offered = [(step.action.value, str(step.action.label)) for step in steps]
    if is_desk and not user.looks_only:
        offered.append((_NOTE, str(Entry.Kind.NOTE.label)))
    cards: list[Card] = []
    for action, label in offered:
        if sent is not None and sent[0] == action:
            form = sent[1]
        else:
            form = _form_of(action, None, articles=articles, version=question.version)
        cards.append(Card(action, label, form, _HINTS.get(action, ""), is_first=not cards))
    came_back = sent is not None and all(card.form is not sent[1] for card in cards)
    named = {one.pk for one in (question.dossier, question.recovery) if one is not None}
    visible = Dossier.objects.visible_to(user).filter(pk__in=named) if named else ()
    fitting = find(readings, f"{question.subject} {question.text}", category=question.category)
    context = {
        "question": question,
        "part": part,
        "is_desk": is_desk,
        "dossiers": {one.pk for one in visible},  # of which there is a page for the reader
        "is_late": question.is_late(now),
        "entries": [
            (entry, readings.get(entry.article))
            for entry in entries.prefetch_related("files__document")
        ],
        "cards": cards,
        "orphan": sent[1] if sent and came_back else None,
        "offer": services.recovery_offer(question, user, now),
        "fitting": fitting[:OFFERED] if is_desk else [],
        "violations": violations,
    }
    return render(request, "support/question.html", context)
