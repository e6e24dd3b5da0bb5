"""The proposals for reward and discipline: listed, made, concluded on one page."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from portal.core.roles import Capability, Scope
from portal.core.web.paging import Order, capped_count, keyset_page
from portal.core.web.refusals import Refusals
from portal.inspection.forms import DecisionForm, ProposalForm
from portal.inspection.models import ConductProposal, InspectionRound
from portal.inspection.proposals import services
from portal.inspection.proposals.services import ProposalFacts
from portal.inspection.rounds.services import may_be_inspected

if TYPE_CHECKING:
    from portal.accounts.models import UserRequest


@require_http_methods(["GET", "HEAD", "POST"])
def index(request: UserRequest) -> HttpResponse:
    """List the office's proposals, the newest on top; make one."""
    user = request.user
    if user.scope is not Scope.OFFICE:
        raise Http404
    form = None
    if user.can(Capability.INSPECT):
        possible = may_be_inspected(user.agency_id, today=timezone.localdate())
        form = ProposalForm(
            request.POST or None,
            bodies=possible.order_by("sort_name", "pk"),
            rounds=InspectionRound.objects.visible_to(user),
        )
    if request.method == "POST":
        if form is None:
            raise PermissionDenied("only who inspects proposes")
        if form.is_valid():
            facts = ProposalFacts(**form.cleaned_data)
            services.propose(facts, actor=user, now=timezone.now())
            messages.success(request, _("Đã ghi đề nghị; người khác sẽ ghi kết luận."))
            return redirect("inspection:proposals")
    return _page(request, form)


@require_POST
def decide(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Note what was decided of a proposal."""
    seen = ConductProposal.objects.visible_to(request.user)
    found = get_object_or_404(seen, uuid=uuid)
    form = DecisionForm(request.POST)
    if not form.is_valid():
        return _page(request, None, sent=(found, form))
    typed = form.cleaned_data
    with Refusals() as refused:
        services.decide(
            found,
            typed["decision"],
            typed["basis"],
            typed["note"],
            actor=request.user,
            now=timezone.now(),
        )
        messages.success(request, _("Đã ghi kết luận."))
    refused.tell(request)
    return redirect("inspection:proposals")


def _page(
    request: UserRequest,
    form: ProposalForm | None,
    *,
    sent: tuple[ConductProposal, DecisionForm] | None = None,
) -> HttpResponse:
    found = ConductProposal.objects.visible_to(request.user)
    only = request.GET.get("state", "")
    if only == "undecided":
        found = found.undecided()
    page = keyset_page(
        found.select_related("agency", "round", "proposed_by", "decided_by"),
        order=Order("proposed_at", is_descending=True),
        params=request.GET,
        size=20,
    )
    rows = []
    for one in page:
        decision_form = None
        if sent is not None and sent[0].pk == one.pk:
            decision_form = sent[1]
        elif services.may_decide(one, request.user):
            decision_form = DecisionForm(auto_id=f"decide_{one.pk}_%s")
        rows.append((one, decision_form))
    context = {"form": form, "page": page, "rows": rows, "count": capped_count(found), "only": only}
    return render(request, "inspection/proposals.html", context)
