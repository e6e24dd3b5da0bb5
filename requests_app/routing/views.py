"""Who gets which form: the rules, as an administrator reads them, proposes and confirms changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.core.roles import Capability
from portal.core.rules import Refused
from portal.core.web.refusals import Refusals
from requests_app.models import RoutingProposal, RoutingRule
from requests_app.routing.forms import EndRuleForm, PresetForm, RuleForm
from requests_app.routing.presets import PRESETS
from requests_app.routing.preview import Change, changes_of, preview_of_preset
from requests_app.routing.proposals import (
    confirm_proposal,
    decline_proposal,
    propose_end,
    propose_preset,
    propose_rule,
    withdraw_proposal,
)
from requests_app.routing.terms import PresetTerms, RuleFacts

if TYPE_CHECKING:
    from portal.accounts.models import User, UserRequest

RULES_A_PAGE = 50
_PROPOSED = gettext_lazy(
    "Đã ghi đề nghị. Quy định có hiệu lực khi một quản trị viên khác xác nhận."
)


@require_safe
def rules(request: UserRequest) -> HttpResponse:
    """List what waits for a second person, then the rules, the newest of each procedure first."""
    _permit(request.user)
    found = RoutingRule.objects.confirmed().select_related("office", "addressee")
    page = Paginator(found.prefetch_related("copies"), RULES_A_PAGE)
    waiting = RoutingProposal.objects.visible_to(request.user).open().for_list()
    context = {
        "page": page.get_page(request.GET.get("page")),
        "today": timezone.localdate(),
        "waiting": [
            {
                "proposal": one,
                "preset": PRESETS.get(one.preset),
                "changes": changes_of(one),
                "is_mine": request.user.is_same_person_as(one.proposed_by),
            }
            for one in waiting
        ],
    }
    return render(request, "requests_app/routing/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def add(request: UserRequest) -> HttpResponse:
    """Propose a rule; once confirmed, the one it replaces ends on its first day."""
    _permit(request.user)
    form = RuleForm(request.POST or None, initial={"valid_from": timezone.localdate()})
    refused = Refusals()
    if form.is_valid():
        facts = RuleFacts(**form.cleaned_data)
        with refused:
            propose_rule(facts, actor=request.user, now=timezone.now())
            messages.success(request, _PROPOSED)
            return redirect("requests_app:routing")
    context = {"form": form, "violations": refused.violations}
    return render(request, "requests_app/routing/add.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def preset(request: UserRequest) -> HttpResponse:
    """Choose a province's set of rules, see what would change, then propose it."""
    _permit(request.user)
    sent = request.POST if request.method == "POST" else request.GET
    form = PresetForm(sent or None, initial={"valid_from": timezone.localdate()})
    refused = Refusals()
    changes: list[Change] = []
    terms = _terms(form) if form.is_valid() else None
    if terms is not None:
        with refused:
            if request.method == "POST":
                propose_preset(terms, actor=request.user, now=timezone.now())
                messages.success(request, _PROPOSED)
                return redirect("requests_app:routing")
            changes = preview_of_preset(terms)
    context = {"form": form, "terms": terms, "changes": changes, "violations": refused.violations}
    return render(request, "requests_app/routing/preset.html", context)


def _terms(form: PresetForm) -> PresetTerms:
    typed = form.cleaned_data
    chosen = PRESETS[typed["preset"]]
    return PresetTerms(
        preset=chosen,
        office=typed["office"],
        valid_from=typed["valid_from"],
        basis=typed["basis"] or chosen.basis,
        copies=list(typed["copies"]),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def end(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Propose to end a rule before a day."""
    _permit(request.user)
    found = RoutingRule.objects.confirmed().select_related("office", "addressee")
    rule = get_object_or_404(found, uuid=uuid)
    form = EndRuleForm(request.POST or None, initial={"until": timezone.localdate()})
    refused = Refusals()
    if form.is_valid():
        until = form.cleaned_data["until"]
        with refused:
            propose_end(rule, until=until, actor=request.user, now=timezone.now())
            messages.success(request, _PROPOSED)
            return redirect("requests_app:routing")
    context = {"form": form, "rule": rule, "violations": refused.violations}
    return render(request, "requests_app/routing/end.html", context)


@require_POST
def confirm(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Put a proposal in force."""
    return _decide(request, uuid, confirm_proposal, _("Quy định nơi nhận đã có hiệu lực."))


@require_POST
def decline(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Leave everything as it is."""
    return _decide(request, uuid, decline_proposal, _("Đã từ chối đề nghị."))


@require_POST
def withdraw(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Take one's own proposal back."""
    return _decide(request, uuid, withdraw_proposal, _("Đã rút đề nghị."))


def _decide(
    request: UserRequest, uuid: UUID, service: Callable[..., RoutingProposal], done: str
) -> HttpResponse:
    _permit(request.user)
    proposal = get_object_or_404(RoutingProposal.objects.visible_to(request.user), uuid=uuid)
    try:
        service(proposal, actor=request.user, now=timezone.now())
    except Refused as refusal:
        for violation in refusal.violations:
            messages.error(request, f"{violation.message} {violation.way_out}".strip())
    else:
        messages.success(request, done)
    return redirect("requests_app:routing")


def _permit(user: User) -> None:
    if not user.can(Capability.ADMINISTER):
        raise PermissionDenied
