"""Demand: rounds, what bodies propose, what it sums up to, and how it compares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.agencies.models import AgencyKind
from portal.audit.exports import note_export
from portal.ca.models import Certificate
from portal.core.roles import Capability
from portal.core.rules import Violation
from portal.core.web import sheets
from portal.core.web.paging import Order, capped_count, keyset_page
from portal.core.web.refusals import Refusals
from portal.core.web.sheets import SheetColumn
from portal.demand import services
from portal.demand.forms import CellsForm, CorrectionForm, MoveDueForm, ProposalForm, RoundForm
from portal.demand.known import proposed, reasons
from portal.demand.models import DemandProposal, DemandRound
from portal.demand.rows import DemandRow
from portal.demand.services import PROPOSALS
from requests_app.own_letters.forms import LetterNumberForm, LetterScanForm, LetterStepForm
from requests_app.own_letters.views import PaperPages
from requests_app.pages.components import version_of
from requests_app.paper_workflow import PaperStage

if TYPE_CHECKING:
    from portal.accounts.models import User, UserRequest

_BODIES_A_PAGE = 50


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell on the page: what was proposed, as corrected, by the portal; the field to type."""

    year: str
    own: int | None
    corrected: int | None
    portal: int | None
    field: Any


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the form on the page."""

    row: DemandRow
    cells: Sequence[Cell]
    reasons: str
    note: str
    note_field: Any


@require_safe
def index(request: UserRequest) -> HttpResponse:
    """List the rounds the user's body was asked in or has opened."""
    found = DemandRound.objects.visible_to(request.user)
    if not request.user.can(Capability.READ_DOSSIERS):
        raise Http404
    page = keyset_page(
        found.select_related("opened_by_body"),
        order=Order("opened_at", is_descending=True),
        params=request.GET,
    )
    context = {
        "page": page,
        "count": capped_count(found),
        "may_open": request.user.can(Capability.ASK_FOR_DEMAND),
    }
    return render(request, "demand/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def open_round(request: UserRequest) -> HttpResponse:
    """Open a round."""
    if not request.user.can(Capability.ASK_FOR_DEMAND):
        raise Http404
    today = timezone.localdate()
    initial = {"first_year": today.year + 1, "last_year": today.year + 1}
    form = RoundForm(request.POST or None, today=today, initial=initial)
    if request.method == "POST" and form.is_valid():
        facts = services.RoundFacts(**form.cleaned_data)
        made = services.open_round(facts, actor=request.user, now=timezone.now())
        messages.success(request, _("Đã mở đợt; các đơn vị đang được thông báo."))
        return redirect("demand:round", made.uuid)
    return render(request, "demand/open.html", {"form": form})


@require_safe
def round_page(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Show a round: to who is asked its own proposals, to its keeper what came in."""
    return _round_page(request, _round(request.user, uuid))


def _round_page(
    request: UserRequest, of: DemandRound, *, move_form: MoveDueForm | None = None
) -> HttpResponse:
    today = timezone.localdate()
    asked = services.bodies_asked(of, today=today)
    own = DemandProposal.objects.visible_to(request.user).filter(
        round=of, agency__in=request.user.body_ids
    )
    sums_up = of.opened_by_body_id in request.user.body_ids
    context: dict[str, Any] = {
        "round": of,
        "own": own.select_related("round").order_by("-number"),
        "may_start": request.user.can(Capability.REPORT)
        and of.closed_at is None
        and asked.filter(pk=request.user.agency_id).exists(),
        "is_keeper": services.is_keeper(of, request.user),
        "sums_up": sums_up,
    }
    if context["is_keeper"] and of.closed_at is None:
        context["move_form"] = move_form or MoveDueForm(today=today, auto_id="move_%s")
    if sums_up:
        sent = DemandProposal.objects.visible_to(request.user).in_force().filter(round=of)
        answered = asked.filter(pk__in=sent.order_by().values("agency"))
        only = request.GET.get("only")
        shown = {
            "answered": answered,
            "silent": asked.exclude(pk__in=sent.order_by().values("agency")),
        }.get(only or "", asked)
        bodies = Paginator(shown.order_by("sort_name", "pk"), _BODIES_A_PAGE).get_page(
            request.GET.get("page")
        )
        # A round's plan is compared with the certificates of the bodies it asks.
        certificates = Certificate.objects.visible_to(request.user)
        if of.opened_by_body.kind != AgencyKind.CA:
            certificates = certificates.filter(office=of.opened_by_body)
        proposals = {one.agency_id: one for one in sent.filter(agency__in=list(bodies))}
        every = list(sent.only("cells", "corrected"))
        proposed = services.summed((one.cells for one in every), of)
        agreed = services.summed((one.agreed for one in every), of)
        actual = services.actual_of(of, certificates)
        context |= {
            "asked_count": asked.count(),
            "answered_count": answered.count(),
            "shown_count": bodies.paginator.count,
            "only": only,
            "page": bodies,
            "bodies": [(body, proposals.get(body.pk)) for body in bodies],
            # Each row with, of each year, what was proposed, agreed, issued.
            "lines": [
                (
                    row,
                    [
                        (
                            year,
                            proposed.get(row.code, {}).get(year, 0),
                            agreed.get(row.code, {}).get(year, 0),
                            actual[row.code][year],
                        )
                        for year in of.years
                    ],
                )
                for row in of.rows
            ],
        }
        context["silent_count"] = context["asked_count"] - context["answered_count"]
        if not of.is_told and of.closed_at is None:
            context["told_count"] = asked.filter(pk__lte=of.told_up_to).count()
    return render(request, "demand/round.html", context)


@require_POST
def start(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Open the body's next proposal."""
    of = _round(request.user, uuid)
    with Refusals() as refused:
        made = services.start_proposal(of, actor=request.user, now=timezone.now())
        return redirect("demand:proposal", made.uuid)
    refused.tell(request)
    return redirect("demand:round", of.uuid)


@require_POST
def move_due(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Let bodies answer until another day."""
    of = _round(request.user, uuid)
    form = MoveDueForm(request.POST, today=timezone.localdate(), auto_id="move_%s")
    if form.is_valid():
        with Refusals() as refused:
            services.move_due(of, **form.cleaned_data, actor=request.user, now=timezone.now())
            messages.success(request, _("Đã đổi hạn; các đơn vị chưa gửi đang được thông báo."))
            return redirect("demand:round", of.uuid)
        refused.put_on(form, "due_on")
    return _round_page(request, of, move_form=form)


@require_POST
def close(request: UserRequest, uuid: UUID) -> HttpResponse:
    """End a round."""
    of = _round(request.user, uuid)
    services.close_round(of, actor=request.user, now=timezone.now())
    messages.success(request, _("Đã kết thúc đợt đề xuất."))
    return redirect("demand:round", of.uuid)


@require_safe
def export(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Return what came in as a spreadsheet, a line a body and row."""
    of = _round(request.user, uuid)
    if of.opened_by_body_id not in request.user.body_ids:
        raise Http404
    sent = DemandProposal.objects.visible_to(request.user).in_force().filter(round=of)
    lines = [
        (proposal, row)
        for proposal in sent.select_related("agency").order_by("agency__sort_name", "pk")[
            : sheets.MOST_ROWS
        ]
        for row in of.rows
    ]
    columns: list[SheetColumn[tuple[DemandProposal, DemandRow]]] = [
        SheetColumn(_("Đơn vị"), lambda line: line[0].agency.name, 44),
        SheetColumn(_("Nội dung"), lambda line: line[1].full_words, 44),
        *(column for year in of.years for column in _year_columns(year)),
        SheetColumn(_("Ghi chú"), lambda line: line[0].notes.get(line[1].code, ""), 30),
        SheetColumn(_("Lý do điều chỉnh"), lambda line: line[0].correction_reason, 30),
    ]
    now = timezone.now()
    note_export("nhu-cau", rows=len(lines), params={}, actor=request.user, now=now)
    today = timezone.localdate(now)
    return sheets.sheet_response(lines, columns, name="nhu-cau", today=today)


def _year_columns(year: str) -> list[SheetColumn[tuple[DemandProposal, DemandRow]]]:
    """What was proposed for a year, and what counts: corrections stand beside it."""
    return [
        SheetColumn(
            _("%s, đề xuất") % year, lambda line: line[0].cells.get(line[1].code, {}).get(year)
        ),
        SheetColumn(
            _("%s, thống nhất") % year, lambda line: line[0].agreed.get(line[1].code, {}).get(year)
        ),
    ]


@require_safe
def proposal(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Show a proposal: its form, where it stands, what can be done."""
    return _page(request, _find(request.user, uuid))


@require_POST
def write(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Keep what was typed into the form."""
    found = _find(request.user, uuid)
    form = ProposalForm(request.POST, of=found.round, cells={}, notes={})
    if not form.is_valid():
        return _page(request, found, form=form)
    return PAPERS.change(
        request,
        found,
        lambda: services.write(
            found,
            form.cells,
            form.notes,
            actor=request.user,
            now=timezone.now(),
            version=form.cleaned_data["version"],
        ),
        _("Đã lưu đề xuất."),
    )


@require_POST
def take_proposed(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Fill the empty cells as the portal proposes."""
    found = _find(request.user, uuid)
    now, version = timezone.now(), version_of(request)
    return PAPERS.change(
        request,
        found,
        lambda: services.take_proposed(found, actor=request.user, now=now, version=version),
        _("Đã điền các ô trống theo số hệ thống đề xuất; hãy xem lại."),
    )


@require_POST
def correct(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Put other numbers beside those that were sent."""
    found = _find(request.user, uuid)
    form = CorrectionForm(request.POST, of=found.round, cells={}, notes=None)
    if not form.is_valid():
        return _page(request, found, correction=form)
    reason = form.cleaned_data["reason"]
    return PAPERS.change(
        request,
        found,
        lambda: services.correct(found, form.cells, reason, actor=request.user, now=timezone.now()),
        _("Đã ghi số điều chỉnh."),
    )


def _page(
    request: UserRequest,
    found: DemandProposal,
    *,
    form: ProposalForm | None = None,
    correction: CorrectionForm | None = None,
    sent: LetterStepForm | None = None,
    number_form: LetterNumberForm | None = None,
    scan_form: LetterScanForm | None = None,
    violations: Sequence[Violation] = (),
) -> HttpResponse:
    """Render the page of a proposal, with a form that came back where there is one."""
    shared = PAPERS.context(
        request,
        found,
        edits=Capability.REPORT,
        sent=sent,
        number_form=number_form,
        scan_form=scan_form,
    )
    of = found.round
    if shared["is_draft"]:
        initial = {"version": found.version}
        form = form or ProposalForm(of=of, cells=found.cells, notes=found.notes, initial=initial)
    may_correct = (
        services.is_keeper(of, request.user)
        and found.stage == PaperStage.ISSUED
        and not found.is_replaced
    )
    if may_correct:
        correction = correction or CorrectionForm(
            of=of,
            cells=found.agreed,
            notes=None,
            initial={"reason": found.correction_reason},
            auto_id="correct_%s",
        )
    context = shared | {
        "proposal": found,
        "round": of,
        "form": form,
        "correction": correction,
        "correction_lines": _lines(found, correction) if correction else (),
        "lines": _lines(found, form),
        "violations": violations,
    }
    return render(request, "demand/proposal.html", context)


def _lines(found: DemandProposal, form: CellsForm | None) -> list[Line]:
    of, lines = found.round, []
    for row in of.rows:
        known = found.known.get(row.code)
        cells = [
            Cell(
                year,
                found.cells.get(row.code, {}).get(year),
                found.corrected.get(row.code, {}).get(year, 0) if found.corrected else None,
                proposed(known, is_first_year=year == of.years[0], year=year) if known else None,
                form[f"{row.code}_{year}"] if form else None,
            )
            for year in of.years
        ]
        note_field = form[f"{row.code}_note"] if form and form.has_notes else None
        said = reasons(known) if known else ""
        lines.append(Line(row, cells, said, found.notes.get(row.code, ""), note_field))
    return lines


def _round(user: User, uuid: UUID) -> DemandRound:
    found = DemandRound.objects.visible_to(user).select_related("opened_by_body__office")
    return get_object_or_404(found, uuid=uuid)


def _find(user: User, uuid: UUID) -> DemandProposal:
    found = DemandProposal.objects.visible_to(user).select_related(
        "round__opened_by_body",
        "agency__office",
        "letter",
        "signed_letter",
        "scan",
        "made_by",
        "signed_by",
        "sent_by",
        "corrected_by",
    )
    return get_object_or_404(found, uuid=uuid)


PAPERS: PaperPages[DemandProposal] = PaperPages(PROPOSALS, _find, _page, "demand:proposal")
