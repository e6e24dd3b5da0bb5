"""A long annex of a plan: asked for, under way, taken away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_http_methods, require_safe

from orgmerge.models import Merger, Plan, PlanAnnex
from orgmerge.plans import access, annexes
from orgmerge.plans.annexes import MOST_AT_ONCE, MOST_LINES
from orgmerge.plans.views.plan import find
from portal.audit.exports import note_export
from portal.core.web.refusals import Refusals
from portal.documents.responses import file_response

if TYPE_CHECKING:
    from collections.abc import Sequence

    from portal.accounts.models import UserRequest
    from portal.core.rules import Violation

_LINES_A_MINUTE = 4_000  # of a worker with other things to do


@require_http_methods(["GET", "HEAD", "POST"])
def annex(request: UserRequest, code: UUID) -> HttpResponse:
    """Show how far the annex of some lines is, the query string saying which; POST asks for it."""
    merger = find(request.user, code)
    if request.method == "POST":
        with Refusals() as refused:
            try:
                annexes.ask(merger, request.GET, actor=request.user, now=timezone.now())
            except Plan.DoesNotExist:
                return redirect("orgmerge:plan", merger.uuid)
            return redirect(request.get_full_path())
        return _render(request, merger, violations=refused.violations)
    return _render(request, merger)


@require_safe
def annex_file(request: UserRequest, code: UUID, annex: UUID) -> HttpResponse:
    """Hand out a finished annex of the present plan."""
    merger = find(request.user, code)
    theirs = PlanAnnex.objects.visible_to(request.user).present().filter(plan__merger=merger)
    found = get_object_or_404(theirs.select_related("document"), uuid=annex, document__isnull=False)
    if found.document is None:
        raise Http404
    note_export(
        "phu-luc-ke-hoach-xu-ly",
        rows=found.lines_total,
        params={},
        actor=request.user,
        now=timezone.now(),
    )
    return file_response(found.document, as_attachment=True)


def _render(
    request: UserRequest, merger: Merger, *, violations: Sequence[Violation] = ()
) -> HttpResponse:
    user, today = request.user, timezone.localdate()
    plan = access.shown_plan(merger, user)
    if plan is None:
        return redirect("orgmerge:plan", merger.uuid)
    extract = annexes.extract_for(user, plan, request.GET)
    lines = annexes.counted(extract, today=today)
    found = annexes.find(extract, user)
    page = reverse("orgmerge:plan", args=[merger.uuid])
    context: dict[str, Any] = {
        "merger": merger,
        "plan": plan,
        "violations": violations,
        "annex": found,
        "is_as_now": found is not None and annexes.is_as_now(found, lines=lines, today=today),
        "lines": lines,
        "most": MOST_LINES,
        "is_short": lines <= MOST_AT_ONCE,
        "is_too_long": lines > MOST_LINES,
        "minutes": lines // _LINES_A_MINUTE + 1,
        "narrowed_by": annexes.words_of(extract.query, merger, today=today),
        "plan_page": f"{page}?{extract.query}#cac-dong" if extract.query else page,
        "pdf": f"{page}?{extract.query}&export=pdf",
        "xlsx": f"{page}?{extract.query}&export=xlsx",
    }
    is_fragment = "HX-Request" in request.headers and "HX-Boosted" not in request.headers
    template = "orgmerge/_plan_annex.html" if is_fragment else "orgmerge/plan_annex.html"
    response = render(request, template, context)
    patch_vary_headers(response, ["HX-Request"])
    return response
