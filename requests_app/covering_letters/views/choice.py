"""Forwarding many dossiers under one covering letter: choosing, numbering, signing, progress."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.core.roles import Capability, Scope
from portal.core.rules import Refused
from portal.core.web.fragments import filtered
from portal.core.web.paging import Order, capped_count, keyset_page
from portal.core.web.refusals import Refusals
from portal.documents.responses import file_response
from requests_app.covering_letters import services as covering_letters_services
from requests_app.covering_letters.services import (
    make_letter,
    waiting_to_forward,
)
from requests_app.covering_letters.steps import COVERING_LETTERS, preview_letter, render_letter
from requests_app.covering_letters.views import page as pages
from requests_app.errors import NotEditable, StaleVersion
from requests_app.models import CoveringLetter
from requests_app.models.querysets import DossierQuerySet
from requests_app.own_letters.forms import LetterNumberForm, LetterScanForm
from requests_app.pages.components import version_of, wants_fragment
from requests_app.pages.filters import DossierFilter

if TYPE_CHECKING:
    from portal.accounts.models import User, UserRequest

_A_PAGE = 100
_LETTERS_A_PAGE = 50


@require_http_methods(["GET", "HEAD", "POST"])
def waiting(request: UserRequest) -> HttpResponse:
    """List what can be forwarded; a POST opens a covering letter over what was ticked."""
    user = request.user
    if user.scope is not Scope.OFFICE:
        raise Http404
    dossiers = waiting_to_forward(user).for_list().defer("contact", "note")
    found = DossierFilter(request.GET, dossiers, user=user, today=timezone.localdate())
    refused = Refusals()
    if request.method == "POST":
        with refused:
            made = make_letter(_chosen(request, found), actor=user, now=timezone.now())
            if made.barred:
                words = _(
                    "%(count)s hồ sơ không đưa vào công văn vì anh/chị đã tham gia soạn, ký hoặc "
                    "gửi: người khác phải chuyển các hồ sơ này."
                )
                messages.warning(request, words % {"count": made.barred})
            return redirect("requests_app:covering_letter", made.letter.uuid)
    context = {
        "filter": found,
        "page": keyset_page(
            filtered(found),
            order=Order("due_on", is_nullable=True),
            params=request.GET,
            size=_A_PAGE,
        ),
        "count": capped_count(filtered(found)),
        "violations": refused.violations,
        "may_make": user.can(Capability.COVER_DOSSIERS),
        "ticked": set(request.POST.getlist("dossiers")),
    }
    return render(request, "requests_app/covering/waiting.html", context)


def _chosen(request: UserRequest, found: DossierFilter) -> DossierQuerySet:
    """Return what was ticked, or with "all" everything that the filter leaves."""
    dossiers: DossierQuerySet = filtered(found)  # type: ignore[assignment]
    if "all" in request.POST:
        return dossiers
    ticked = [code for text in request.POST.getlist("dossiers") if (code := _uuid(text))]
    return dossiers.filter(uuid__in=ticked)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


@require_safe
def letters(request: UserRequest) -> HttpResponse:
    """List the covering letters the user may see, or what waits for them (``?queue=mine``), the
    latest change first."""
    if request.user.scope not in (Scope.OFFICE, Scope.CA, Scope.TREE):
        raise Http404
    is_mine = request.GET.get("queue") == "mine"
    letters = CoveringLetter.objects
    found = letters.workable_by(request.user) if is_mine else letters.visible_to(request.user)
    page = keyset_page(
        found.select_related("office"),
        order=Order("updated_at", is_descending=True),
        params=request.GET,
        size=_LETTERS_A_PAGE,
    )
    context = {"page": page, "count": capped_count(found), "is_mine": is_mine}
    return render(request, "requests_app/covering/list.html", context)


@require_safe
def letter(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Show a letter: where it stands, its summary, its dossiers, what can be done."""
    return pages.render_letter(request, _find(request.user, uuid))


@require_POST
def number(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Keep the number and day of a draft."""
    found = _find(request.user, uuid)
    signers = COVERING_LETTERS.signers(found, now=timezone.now())
    form = LetterNumberForm(request.POST, signers=signers)
    if not form.is_valid():
        return pages.render_letter(request, found, number_form=form)
    typed = form.cleaned_data
    return _change(
        request,
        found,
        lambda: COVERING_LETTERS.number(
            found,
            letter_number=typed["letter_number"],
            letter_date=typed["letter_date"],
            signer=typed["signer"],
            actor=request.user,
            now=timezone.now(),
            version=typed["version"],
        ),
        _("Đã lưu số và ngày công văn."),
    )


@require_POST
def uncover(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Take one dossier out of a draft."""
    found = _find(request.user, uuid)
    dossier = _uuid(request.POST.get("dossier", ""))
    if dossier is None:
        raise Http404
    return _change(
        request,
        found,
        lambda: covering_letters_services.uncover(
            found,
            dossier,
            actor=request.user,
            now=timezone.now(),
            version=version_of(request),
        ),
        _("Đã bỏ hồ sơ khỏi công văn; hồ sơ lại chờ chuyển."),
    )


@require_POST
def scan(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Keep the scan of a letter signed by hand."""
    found = _find(request.user, uuid)
    form = LetterScanForm(request.POST, request.FILES)
    if not form.is_valid():
        return pages.render_letter(request, found, scan_form=form)
    return _change(
        request,
        found,
        lambda: COVERING_LETTERS.attach_scan(
            found,
            form.cleaned_data["file"],
            actor=request.user,
            now=timezone.now(),
            version=form.cleaned_data["version"],
        ),
        _("Đã tải lên bản quét."),
    )


def _change(
    request: UserRequest, found: CoveringLetter, change: Callable[[], CoveringLetter], done: str
) -> HttpResponse:
    """Change a letter and go back to its page; what stops it is said there."""
    try:
        change()
    except Refused as refusal:
        return pages.render_letter(request, found, violations=refusal.violations)
    except (StaleVersion, NotEditable):
        return pages.conflict(request, found)
    except CoveringLetter.DoesNotExist as error:
        raise Http404 from error
    messages.success(request, done)
    return redirect("requests_app:covering_letter", found.uuid)


@require_POST
def take_step(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Take a step; one that is refused comes back with its form."""
    return pages.take_step(request, _find(request.user, uuid))


@require_safe
def pdf(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Return the letter as it went out, as it was frozen, or as it would be printed now."""
    found = _find(request.user, uuid)
    if found.paper is not None:
        document = found.letter if "original" in request.GET else found.paper
        return file_response(document or found.paper, as_attachment="download" in request.GET)
    content = render_letter(found, now=timezone.now())
    return HttpResponse(content, content_type="application/pdf", headers=pages.FRAMED)


@require_safe
def preview(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Return the letter for the screen, as a small document of its own to stand in a frame."""
    found = _find(request.user, uuid)
    html = preview_letter(found, now=timezone.now())
    context = {"letter": html, "title": _("Xem trước công văn")}
    response = render(request, "requests_app/covering/preview.html", context)
    for name, value in pages.FRAMED.items():
        response[name] = value
    return response


@require_safe
def progress(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Refresh the progress; once all is forwarded, have the whole page loaded anew."""
    found = _find(request.user, uuid)
    if not wants_fragment(request):
        return redirect("requests_app:covering_letter", found.uuid)
    context = pages.progress_of(found)
    response = render(request, "requests_app/covering/_progress.html", context)
    if not context["is_busy"]:
        response["HX-Refresh"] = "true"
    return response


def _find(user: User, uuid: UUID) -> CoveringLetter:
    found = CoveringLetter.objects.visible_to(user).select_related(
        "office", "letter", "signed_letter", "scan", "made_by", "signed_by", "sent_by"
    )
    return get_object_or_404(found, uuid=uuid)
