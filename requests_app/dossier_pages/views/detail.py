"""One dossier: where it stands, what can be done, its rows, papers and history."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from portal.core.roles import Capability
from requests_app import kinds
from requests_app.dossier_pages.forms import AttachmentForm
from requests_app.dossier_pages.stages import refused_rows, stages_of, still_waiting
from requests_app.dossier_pages.visibility import as_sent, hides_rework, read_row, shown_events
from requests_app.mandates.drafting import may_draft
from requests_app.models import (
    ArchivePackage,
    Attachment,
    CoveredDossier,
    CoveringLetter,
    Dossier,
    DossierItem,
    Outcome,
)
from requests_app.outside_ca import services as outside_ca
from requests_app.pages import components
from requests_app.pages import views as taking
from requests_app.steps.engine import bars_of
from requests_app.steps.forms import StepForm
from requests_app.workflow import EDITABLE, ENDED, PETITIONS, State

if TYPE_CHECKING:
    from portal.accounts.models import User, UserRequest

FAILURES_SHOWN = 20


@require_safe
def detail(request: UserRequest, uuid: UUID) -> HttpResponse:
    dossier, is_copy = components.find_with_copies(request.user, uuid)
    return render_detail(request, dossier, is_copy=is_copy)


@require_POST
@taking.shows_conflict
def take_step(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Take a step that needs no page of its own; an unsuccessful form comes back on the detail."""
    dossier = components.find(request.user, uuid)
    form = components.step_form(
        dossier,
        request.POST.get("action", ""),
        data=request.POST,
        reasons=components.active_reasons(),
    )
    response = taking.take(request, dossier, form)
    return response or render_detail(request, components.find(request.user, uuid), sent=form)


def render_detail(
    request: UserRequest,
    dossier: Dossier,
    *,
    sent: StepForm | None = None,
    attachment_form: AttachmentForm | None = None,
    is_copy: bool = False,
) -> HttpResponse:
    """Render the detail page, with a form that came back where there is one."""
    page = components.rows_page(dossier, request.GET.get("page"))
    shown = shown_events(dossier, request.user)
    events = list(shown.select_related("actor__agency", "document"))
    is_rework = hides_rework(dossier, request.user)
    if is_rework:
        as_sent(dossier, request.user)
    # The letter under which it was last forwarded, and whether the user may open it.
    forwarded = dossier.covered.filter(outcome=CoveredDossier.Outcome.FORWARDED)
    covered = forwarded.select_related("letter").order_by("-at", "-pk").first()
    covering = covered.letter if covered is not None else None
    visible_letters = CoveringLetter.objects.visible_to(request.user)
    sees_covering = covered is not None and visible_letters.filter(pk=covered.letter_id).exists()
    # The step that sent it back with a reason, while that is what it waits with.
    last = events[-1] if events else None
    context = {
        "dossier": dossier,
        "kind": kinds.get(dossier.kind),
        "is_copy": is_copy,
        "is_rework": is_rework,
        "page": page,
        "rows": [] if is_rework else components.masked(dossier, page),
        "events": events,
        "stages": stages_of(dossier, request.user, events=events),
        "delivered": list(dossier.delivered_papers.select_related("document")),
        "covering": covering,
        "sees_covering": sees_covering,
        "why_it_came_back": last if last is not None and last.reason and dossier.queue else None,
        **_progress(dossier, request.user),
    }
    if not is_copy:
        user = request.user
        barred = bars_of(dossier, user)
        cards = components.steps_of(dossier, user, sent=sent, only=components.ON_THE_SPOT)
        came_back = sent is not None and all(card.form is not sent for card in cards)
        context |= {
            "cards": cards,
            "picks_for": components.picks_for(cards),
            "pages": components.pages_of(dossier, user, barred=barred),
            "barred": barred,
            "orphan": sent if came_back else None,  # its step is no longer open
            "waits": still_waiting(dossier, user, now=timezone.now()),
            "refused": refused_rows(dossier, user),
            "is_editor": components.is_editor(dossier, user),
        }
        context |= {} if is_rework else _papers(request, dossier, attachment_form)
    return render(request, "requests_app/detail.html", context)


def _papers(
    request: UserRequest, dossier: Dossier, form: AttachmentForm | None
) -> dict[str, object]:
    attachable = kinds_to_attach(dossier, request.user)
    current = dossier.attachments.filter(is_current=True)
    if form is None and attachable:
        form = AttachmentForm(
            kinds=attachable, initial={"version": dossier.version}, auto_id="attach_%s"
        )
    # Section 1 with its labels; personal numbers masked.
    return {
        "contact": [
            (one.label, components.shown(one, dossier.contact.get(one.name, "")))
            for one in kinds.get(dossier.kind).contact_fields
            if dossier.contact.get(one.name)
        ],
        "attachments": list(current.select_related("document", "item", "added_by")),
        "attachable": attachable,
        "attachment_form": form,
        "package": ArchivePackage.objects.filter(dossier=dossier).first()
        if dossier.state in ENDED
        else None,
    }


def kinds_to_attach(dossier: Dossier, user: User) -> list[Attachment.Kind]:
    """Return what ``user`` can attach now: papers to a draft, the signed scan to a letter."""
    if not may_draft(user, dossier.kind, dossier.agency_id):
        return []
    if dossier.state in EDITABLE:
        return [kind for kind in Attachment.Kind if kind != Attachment.Kind.SIGNED_SCAN]
    if dossier.state == State.AWAITING_SIGNATURE and user.can(Capability.DRAFT):
        return [Attachment.Kind.SIGNED_SCAN] if dossier.signing_mode == "ink" else []
    return []


def _progress(dossier: Dossier, user: User) -> dict[str, object]:
    failures: list[DossierItem] = []
    progress = components.progress_of(dossier)
    if progress.failed:
        failed = dossier.items.filter(outcome=Outcome.FAILED).defer("answers")
        failures = list(failed.order_by("position")[:FAILURES_SHOWN])
    return {
        "progress": progress,
        "failures": failures,
        "is_busy": components.is_busy(dossier) and not progress.pending,
        "shows_progress": dossier.state in _CARRIED_OUT and dossier.route in PETITIONS,
        "answers_for_ca": progress.pending and outside_ca.dossiers_of(user).filter(pk=dossier.pk),
    }


_CARRIED_OUT = frozenset(
    {
        State.ACCEPTED,
        State.EXECUTING,
        State.EXECUTION_FAILED,
        State.COMPLETED,
        State.PARTLY_COMPLETED,
    }
)


@require_safe
def progress(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Refresh the progress; once the portal is done, have the whole page loaded anew."""
    dossier, _ = components.find_with_copies(request.user, uuid)
    if not components.wants_fragment(request):
        return redirect("requests_app:detail", dossier.uuid)
    context = {"dossier": dossier, **_progress(dossier, request.user)}
    response = render(request, "requests_app/_progress.html", context)
    if not context["is_busy"]:
        response["HX-Refresh"] = "true"
    return response


@require_safe
def done(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Confirm what the user has just done, and say what happens next."""
    dossier = components.find(request.user, uuid)
    event = dossier.events.filter(actor=request.user).order_by("-at", "-pk").first()
    if event is None:
        return redirect("requests_app:detail", dossier.uuid)
    waiting = Dossier.objects.workable_by(request.user).exclude(pk=dossier.pk)
    context = {
        "dossier": dossier,
        "event": event,
        "waits": still_waiting(dossier, request.user, now=timezone.now()),
        "refused": refused_rows(dossier, request.user),
        "stages": stages_of(dossier, request.user),
        "following": waiting.order_by("due_on", "pk").only("uuid").first(),
    }
    return render(request, "requests_app/done.html", context)


@require_safe
def row(request: UserRequest, uuid: UUID, row_uuid: UUID) -> HttpResponse:
    """Show one row with everything in it; that it was read is recorded."""
    dossier = components.find(request.user, uuid)
    try:
        item = read_row(dossier, row_uuid, actor=request.user, now=timezone.now())
    except (Dossier.DoesNotExist, DossierItem.DoesNotExist) as error:
        raise Http404 from error
    context = {
        "dossier": dossier,
        "item": item,
        "answers": components.answers_of(dossier, item),
        "refused": item.outcome == Outcome.REFUSED and refused_rows(dossier, request.user),
        "attachments": item.attachments.filter(is_current=True).select_related("document"),
    }
    return render(request, "requests_app/row.html", context)
