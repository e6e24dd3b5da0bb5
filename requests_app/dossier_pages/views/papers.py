"""The letter, its preview, and the files that come with a dossier; none is served as a page."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.files.storage import default_storage
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.core.rules import Refused
from portal.core.web.refusals import Refusals
from portal.documents.responses import file_response
from requests_app.acts import note_reading
from requests_app.covering_letters.services import is_others_letter
from requests_app.dossier_pages.forms import AttachmentForm
from requests_app.dossier_pages.views import detail
from requests_app.dossier_pages.visibility import (
    hides_rework,
    last_sent_letter,
    shown_events,
)
from requests_app.drafts import attachments
from requests_app.models import Attachment, Dossier, DossierItem
from requests_app.pages import components
from requests_app.pages import views as taking
from requests_app.submission import letters, previews
from requests_app.submission.letters import preview_html

if TYPE_CHECKING:
    from portal.accounts.models import User, UserRequest

_ROWS_A_MINUTE = 1_000  # of a worker with other things to do
# A letter stands in a frame of our own pages, and nowhere else; it runs nothing.
_FRAMED = {
    "Content-Security-Policy": "default-src 'self'; script-src 'none'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'self'",
    "X-Frame-Options": "SAMEORIGIN",
    "Cache-Control": "private, no-store",
}


@require_safe
def letter(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Return the letter as PDF: signed if it is, frozen, or as it would be printed now.

    Who corrects a dossier that came back asks for the last of them: ``?draft``.
    """
    dossier = _find_paper(request.user, uuid)
    if hides_rework(dossier, request.user):
        document = last_sent_letter(dossier)
        if document is None:
            raise Http404
        return file_response(document, as_attachment="download" in request.GET)
    document = dossier.letter if "original" in request.GET else dossier.signed_letter
    document = document or dossier.letter
    is_draft = "draft" in request.GET and components.is_editor(dossier, request.user)
    if document is not None and not is_draft:
        return file_response(document, as_attachment="download" in request.GET)
    if letters.is_long(dossier):
        return redirect("requests_app:letter_preview", dossier.uuid)
    return HttpResponse(letters.render(dossier), content_type="application/pdf", headers=_FRAMED)


@require_http_methods(["GET", "HEAD", "POST"])
def letter_preview(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Show how far the printing of a long letter is; POST asks for it."""
    dossier = _find_paper(request.user, uuid)
    if hides_rework(dossier, request.user):
        raise Http404
    if not letters.is_long(dossier):
        return redirect(f"{reverse('requests_app:letter', args=[dossier.uuid])}?draft")
    refused = Refusals()
    if request.method == "POST":
        with refused:
            previews.ask(dossier, actor=request.user, now=timezone.now())
            return redirect("requests_app:letter_preview", dossier.uuid)
    found = previews.find(dossier, request.user)
    context = {
        "dossier": dossier,
        "preview": found,
        "is_as_now": found is not None and previews.is_as_now(found, dossier),
        "minutes": dossier.row_count // _ROWS_A_MINUTE + 1,
        "violations": refused.violations,
    }
    is_fragment = components.wants_fragment(request)
    template = "_letter_preview.html" if is_fragment else "letter_preview.html"
    response = render(request, f"requests_app/{template}", context)
    patch_vary_headers(response, ["HX-Request"])
    return response


@require_safe
def preview_file(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Hand out the finished preview of whoever asked for it."""
    dossier = _find_paper(request.user, uuid)
    if hides_rework(dossier, request.user):
        raise Http404
    found = previews.find(dossier, request.user)
    if found is None or not found.path:
        raise Http404
    try:
        with default_storage.open(found.path) as file:
            content = file.read()
    except OSError as error:  # dropped meanwhile
        raise Http404 from error
    return HttpResponse(content, content_type="application/pdf", headers=_FRAMED)


@require_safe
def preview(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Return the letter for the screen, as a small document of its own to stand in a frame."""
    dossier = _find_paper(request.user, uuid)
    if hides_rework(dossier, request.user):
        raise Http404
    context = {
        "dossier": dossier,
        "letter": preview_html(dossier),
        "shown": settings.LETTER_ROWS_AT_ONCE if letters.is_long(dossier) else 0,
    }
    response = render(request, "requests_app/preview.html", context)
    for name, value in _FRAMED.items():
        response[name] = value
    return response


def _find_paper(user: User, uuid: UUID) -> Dossier:
    """Return the dossier of which ``user`` opens a paper; nothing is masked there."""
    dossier = components.find(user, uuid)
    note_reading(dossier, actor=user, now=timezone.now())
    return dossier


@require_POST
@taking.shows_conflict
def attach(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Keep an uploaded file; on an error the detail page says what is wrong with it."""
    dossier = components.find(request.user, uuid)
    form = AttachmentForm(
        request.POST,
        request.FILES,
        kinds=detail.kinds_to_attach(dossier, request.user) or list(Attachment.Kind),
        auto_id="attach_%s",
    )
    if form.is_valid():
        try:
            position = form.cleaned_data.get("row")
            item = dossier.items.get(position=position) if position else None
            attachments.attach(
                dossier,
                form.cleaned_data["file"],
                kind=form.cleaned_data["kind"],
                item_uuid=item.uuid if item else None,
                actor=request.user,
                now=timezone.now(),
                version=form.cleaned_data["version"],
            )
        except Refused as refusal:
            for violation in refusal.violations:
                form.add_error("file", f"{violation.message} {violation.way_out}".strip())
        except DossierItem.DoesNotExist:
            form.add_error("row", _("Không có dòng này trong danh sách."))
        else:
            messages.success(request, _("Đã đính kèm tệp."))
            return redirect("requests_app:detail", dossier.uuid)
    return detail.render_detail(request, dossier, attachment_form=form)


@require_POST
@taking.shows_conflict
def detach(request: UserRequest, uuid: UUID, attachment_uuid: UUID) -> HttpResponse:
    dossier = components.find(request.user, uuid)
    get_object_or_404(Attachment, dossier=dossier, uuid=attachment_uuid)
    attachments.detach(
        dossier,
        attachment_uuid,
        actor=request.user,
        now=timezone.now(),
        version=components.version_of(request),
    )
    messages.success(request, _("Đã bỏ tệp khỏi hồ sơ."))
    return redirect("requests_app:detail", dossier.uuid)


@require_safe
def attachment(request: UserRequest, uuid: UUID, attachment_uuid: UUID) -> HttpResponse:
    """Return a file of the dossier; a body that only follows it gets none."""
    dossier = _find_paper(request.user, uuid)
    if hides_rework(dossier, request.user):
        raise Http404
    found = get_object_or_404(
        Attachment.objects.select_related("document"), dossier=dossier, uuid=attachment_uuid
    )
    return file_response(found.document, as_attachment="inline" not in request.GET)


@require_safe
def event_document(request: UserRequest, uuid: UUID, document_uuid: UUID) -> HttpResponse:
    """Return what a step left behind: a written refusal, a signed letter of an earlier round."""
    dossier = _find_paper(request.user, uuid)
    events = shown_events(dossier, request.user).select_related("document")
    event = events.filter(document__uuid=document_uuid).first()
    if event is None or event.document is None:
        raise Http404
    if is_others_letter(event.document, request.user):
        raise Http404
    return file_response(event.document, as_attachment=True)


@require_safe
def paper(request: UserRequest, uuid: UUID, paper_uuid: UUID) -> HttpResponse:
    """Return a dated paper that was delivered to the sender, a revocation notice for one."""
    dossier = _find_paper(request.user, uuid)
    found = get_object_or_404(dossier.delivered_papers.select_related("document"), uuid=paper_uuid)
    return file_response(found.document, as_attachment="inline" not in request.GET)
