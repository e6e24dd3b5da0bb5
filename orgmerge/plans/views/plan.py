"""The plan of a reorganisation as a page: counts, what waits for people, lines, to take away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from orgmerge import pages
from orgmerge.models import Merger, Plan, PlanLine
from orgmerge.planner.codes import Warn
from orgmerge.plans import access, annexes, choices, comparison, services, sheet, subjects
from orgmerge.plans.annexes import MOST_AT_ONCE
from orgmerge.plans.filters import PlanLineFilter
from orgmerge.plans.sheet import ListedLine
from orgmerge.plans.wording import is_to_settle, when
from orgmerge.vocabulary import LineAction, LineStage
from portal.audit.exports import note_export
from portal.core.roles import Capability
from portal.core.rules import Violation
from portal.core.web import sheets
from portal.core.web.fragments import filtered, render_list
from portal.core.web.paging import Order, capped_count, first_rows, keyset_page
from portal.core.web.refusals import Refusals
from requests_app.errors import NotEditable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from portal.accounts.models import User, UserRequest

ORDER = Order("stage")
OFFERS_ON_TOP = 3
_UNFINISHED = (Plan.State.WAITING, Plan.State.RUNNING)


@require_safe
def plan(request: UserRequest, code: UUID) -> HttpResponse:
    """Show the plan; the office its newest, everybody else the approved one."""
    merger = find(request.user, code)
    return render_plan(request, merger)


@require_safe
def plan_state(request: UserRequest, code: UUID) -> HttpResponse:
    """Answer htmx with how far the plan is; once it is ready the whole page is asked for."""
    merger = find(request.user, code)
    must_see_drafts(request.user)
    if "HX-Request" not in request.headers:
        return redirect("orgmerge:plan", merger.uuid)
    newest = access.newest_plan(merger)
    if newest is None or newest.state not in _UNFINISHED:
        return HttpResponse(headers={"HX-Refresh": "true"})
    context = {"merger": merger, "newest": newest, "is_busy": True}
    return render(request, "orgmerge/_plan_state.html", context)


@require_POST
def ask_plan(request: UserRequest, code: UUID) -> HttpResponse:
    """Have a plan made; it is made in the background."""
    merger = pages.find(request.user, code)
    with Refusals() as refused:
        try:
            services.ask_for_plan(merger, actor=request.user, now=timezone.now())
        except PermissionDenied as error:
            raise Http404 from error
        except NotEditable:
            return pages.conflict(request, merger)
        messages.success(request, _("Hệ thống đang lập kế hoạch; trang tự cập nhật khi xong."))
        return redirect("orgmerge:plan", merger.uuid)
    return render_plan(request, merger, violations=refused.violations)


def find(user: User, code: UUID) -> Merger:
    """Return a reorganisation whose plan ``user`` may see, or raise Http404."""
    merger = pages.find(user, code)
    if not user.can(Capability.READ_DRAFT_REORGANISATIONS) and merger.approved_plan_id is None:
        raise Http404
    return merger


def must_see_drafts(user: User) -> None:
    """Raise Http404 for those who see an approved plan alone."""
    if not user.can(Capability.READ_DRAFT_REORGANISATIONS):
        raise Http404


def render_plan(
    request: UserRequest, merger: Merger, *, violations: Sequence[Violation] = ()
) -> HttpResponse:
    """Render the page; lists to take away where they are asked for."""
    user, today = request.user, timezone.localdate()
    sees_drafts = user.can(Capability.READ_DRAFT_REORGANISATIONS)
    newest = access.newest_plan(merger) if sees_drafts else None
    shown = access.shown_plan(merger, user, newest=newest)
    context: dict[str, Any] = {
        "merger": merger,
        "plan": shown,
        "violations": violations,
        "is_editor": pages.is_editor(merger, user),
        "sees_drafts": sees_drafts,
        "newest": newest,
        "is_busy": newest is not None and newest.state in _UNFINISHED,
        "has_failed": newest is not None and newest.state == Plan.State.FAILED,
    }
    if shown is not None:
        counts = access.counts_of(shown, user)
        lines = access.lines_of(shown, user)
        found = PlanLineFilter(request.GET, lines, merger=merger, counts=counts, today=today)
        rows = filtered(found).select_related("agency", "sender")
        if taken := _taken_away(request, shown, rows):
            return taken
        page = keyset_page(rows, order=ORDER, params=request.GET)
        listed = [ListedLine(line) for line in page]
        # How many there are; where the page has them all, without reading the plan again.
        count = (
            (len(page) if page.is_whole else capped_count(rows))
            if found.is_narrowed
            else counts.lines
        )
        context |= {"filter": found, "page": page, "rows": listed, "count": count}
        context["is_counted"] = not found.is_narrowed
        context["any_marked"] = context["is_editor"] and any(map(is_to_settle, page))
        if "HX-Request" not in request.headers:
            context |= {
                "counts": counts,
                "actions": [
                    (action, counts.actions[action])
                    for action in LineAction
                    if counts.actions.get(action)
                ],
                "forms": sorted(counts.forms.items()),
                "stages": [
                    (stage, counts.stages[stage], when(stage, merger.effective_on))
                    for stage in LineStage
                    if counts.stages.get(stage)
                ],
            } | {"joint_office": access.joint_office_of(merger, user)}
            context["annexes"] = annexes.listed(shown, user, today=today)
            if sees_drafts:
                # What the office alone sees: what waits for people, whether the plan still fits.
                waiting = choices.open_first(shown, only_open=True)
                on_top = [] if context["filter"].is_narrowed else waiting[:OFFERS_ON_TOP]
                is_frozen = merger.approved_plan_id is not None
                asked = found.form.cleaned_data if found.form.is_valid() else {}
                if context["is_editor"] and asked.get("open") == "settle" and asked.get("reason"):
                    about, reason = asked.get("about") or "", asked["reason"]
                    context["asked"] = {"about": about, "reason": reason}
                    context["questions"] = access.questions_by_body(shown, about, reason)
                context |= {
                    "offers": choices.offers(merger, shown, on_top, today=today),
                    "offer_count": len(waiting),
                    "has_choices": bool(shown.choices),
                    "sorts": access.open_sorts(shown) if shown.counts.get("open") else [],
                    "is_out_of_date": not is_frozen
                    and not context["is_busy"]
                    and services.is_out_of_date(shown, today=today),
                    "untold_count": shown.counts.get("warnings", {}).get(Warn.SUPERIOR_UNKNOWN),
                    "warning_count": sum(shown.counts.get("warnings", {}).values()),
                    "growth": None if is_frozen else comparison.growth_of(shown),
                    "may_compare": not is_frozen and shown.number > 1,
                }
    return render_list(
        request, "orgmerge/plan.html", fragment="orgmerge/_plan_lines.html", context=context
    )


def _taken_away(request: UserRequest, plan: Plan, rows: QuerySet[PlanLine]) -> HttpResponse | None:
    """Return the lines as a spreadsheet or an annex; None when the page is asked for."""
    wanted = request.GET.get("export")
    if wanted == "xlsx":
        lines = first_rows(rows, order=ORDER, size=(sheets.MOST_ROWS + 1))
        found = subjects.new_subjects(plan.merger, lines, today=timezone.localdate())
        listed = [
            ListedLine(line, found.get(line.target_id) if line.about == "certificate" else None)
            for line in lines
        ]
        _note(request, len(listed))
        return sheets.sheet_response(
            listed, sheet.COLUMNS, name="phuong-an", today=timezone.localdate()
        )
    return _annex(request, plan) if wanted == "pdf" else None


def _annex(request: UserRequest, plan: Plan) -> HttpResponse:
    """Return a short annex; a long one has a page of its own, where it is asked for."""
    today = timezone.localdate()
    extract = annexes.extract_for(request.user, plan, request.GET)
    lines = annexes.counted(extract, today=today)
    if lines > MOST_AT_ONCE:
        page = reverse("orgmerge:plan_annex", args=[plan.merger.uuid])
        return redirect(f"{page}?{extract.query}")
    _note(request, lines)
    name = f"phu-luc-ke-hoach-xu-ly-{today:%Y%m%d}.pdf"
    return HttpResponse(
        annexes.printed(extract, lines=lines, day=today),
        content_type="application/pdf",
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-store",
        },
    )


def _note(request: UserRequest, rows: int) -> None:
    now = timezone.now()
    note_export("phuong-an", rows=rows, params=request.GET, actor=request.user, now=now)
