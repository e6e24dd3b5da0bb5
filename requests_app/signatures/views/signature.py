"""Before a letter leaves: the check before signing, the head's signature, the agency's seal."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from portal.core.rules import Severity
from requests_app import kinds
from requests_app.kinds import reissue_warning as reissue
from requests_app.kinds import row_rules
from requests_app.pages import components
from requests_app.pages import views as taking
from requests_app.pages.corrections import correction_of
from requests_app.steps.engine import allowed_steps
from requests_app.submission.checks import (
    row_findings,
    violations_before_signing,
)
from requests_app.submission.signing_mode import signing_mode
from requests_app.workflow import Action

if TYPE_CHECKING:
    from portal.accounts.models import UserRequest

SIGNING = (Action.SIGN, Action.SEAL)
_TURNING_BACK = (Action.SEND_BACK_TO_DRAFT, Action.REVISE)


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
    now = timezone.now()
    mode, why = signing_mode(dossier.agency, now=now)
    # What is worth a second look but stops nothing, as (row, words).
    found = [
        (row.item.position, one.finding.message)
        for row in row_findings(dossier, today=timezone.localdate(now))
        for one in row.findings
        if one.finding.severity is Severity.WARNING
    ]
    old = reissue.warnings(dossier, list(row_rules.rows_of(dossier)), now=now)
    context = {
        "dossier": dossier,
        "kind": kinds.get(dossier.kind),
        "correction": correction_of(dossier, is_own=True),
        "form": form,
        "may_request": any(
            step.action == Action.REQUEST_SIGNATURE for step in allowed_steps(dossier, request.user)
        ),
        "violations": form.violations or violations_before_signing(dossier, now=now),
        "warnings": found + [(one.row or 0, f"{one.message} {one.way_out}") for one in old],
        "mode": mode,
        "mode_reason": why,
    }
    return render(request, "requests_app/check.html", context)


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
        "scan": components.scan_of(dossier),
    }
    return render(request, "requests_app/sign.html", context)
