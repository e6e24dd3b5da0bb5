"""Reading a plan closely: one line, what to look at before approval, what moved since the last."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from orgmerge.models import Merger, Plan, PlanLine
from orgmerge.plan_sheet import ListedLine
from orgmerge.plan_words import SLUGS, is_to_settle, when
from orgmerge.reasons import REASONS, WARNINGS
from orgmerge.services import closing, line_reading, new_subjects, plans, showing
from orgmerge.views import parts
from orgmerge.views.plan import find, must_see_drafts
from orgmerge.words import Action
from portal.core.paging import Order, capped_count, keyset_page
from portal.core.roles import Role
from requests_app.models import Dossier

if TYPE_CHECKING:
    from portal.accounts.models import User, UserRequest

BODIES_NAMED = 50
ROWS = 50


@require_safe
def line(request: UserRequest, code: UUID, about: str, thing: UUID) -> HttpResponse:
    """Show one line: what happens, why, the new subject beside the old, what hangs on it."""
    merger = find(request.user, code)
    shown = showing.shown_plan(merger, request.user)
    if shown is None or about not in SLUGS:
        raise Http404
    lines = showing.lines_of(shown, request.user)
    found = line_reading.find_line(lines, SLUGS[about], thing)
    if found is None:
        raise Http404
    around = line_reading.around(merger, found, lines, request.user)
    today = timezone.localdate()
    subjects = new_subjects.new_subjects(merger, [found], today=today)
    is_editor = parts.is_editor(merger, request.user)
    context = {
        "merger": merger,
        "plan": shown,
        "line": found,
        "row": ListedLine(found),
        "reason": REASONS.get(found.reason),
        "warnings": [WARNINGS[code] for code in found.warnings if code in WARNINGS],
        "when": when(found.stage, merger.effective_on),
        "around": around,
        "related": [ListedLine(one) for one in around.related],
        "new_subject": subjects.get(found.target_id),
        "is_editor": is_editor,
        "may_settle": is_editor and (is_to_settle(found) or around.settlement is not None),
        "dossier": _readable(found, request.user),
    }
    return render(request, "orgmerge/plan_line.html", context)


@require_safe
def cautions(request: UserRequest, code: UUID) -> HttpResponse:
    """Show what to look at before the plan is approved, each with its lines."""
    merger = find(request.user, code)
    must_see_drafts(request.user)
    shown = showing.shown_plan(merger, request.user)
    if shown is None:
        return redirect("orgmerge:plan", merger.uuid)
    counts = showing.counts_of(shown, request.user)
    today = timezone.localdate()
    context = {
        "merger": merger,
        "plan": shown,
        "closing": capped_count(closing.narrowed(shown.lines.all(), merger, today=today)),
        "cautions": [
            (WARNINGS[code], counts.warnings[code]) for code in WARNINGS if code in counts.warnings
        ],
        "without": [
            (role.label, bodies.count(), bodies[:BODIES_NAMED])
            for role in (Role.CLERK, Role.HEAD)
            if (bodies := closing.bodies_without(role, merger)).exists()
        ],
    }
    return render(request, "orgmerge/plan_cautions.html", context)


@require_safe
def changes(request: UserRequest, code: UUID) -> HttpResponse:
    """Show what moved between the plan made last and the one before."""
    merger = find(request.user, code)
    must_see_drafts(request.user)
    new, old = _last_two(merger)
    if new is None or old is None:
        return redirect("orgmerge:plan", merger.uuid)
    moved = plans.differences(new, old)
    is_gone = request.GET.get("part") == "gone"
    rows = (moved.gone if is_gone else moved.moved).select_related("agency", "sender")
    page = keyset_page(rows, order=Order("stage"), params=request.GET, size=ROWS)
    context = {
        "merger": merger,
        "new": new,
        "old": old,
        "page": page,
        "rows": [
            (ListedLine(one), getattr(one, "old_action", None), _sentence(one)) for one in page
        ],
        "is_gone": is_gone,
        "moved_count": capped_count(moved.moved),
        "gone_count": capped_count(moved.gone),
        "old_labels": dict(Action.choices),
    }
    return render(request, "orgmerge/plan_changes.html", context)


def _readable(found: PlanLine, user: User) -> Dossier | None:
    """Return the letter that carries a line out, to those who may open it."""
    if found.dossier_id is None:
        return None
    return Dossier.objects.visible_to(user).filter(pk=found.dossier_id).first()


def _sentence(line: object) -> str:
    found = REASONS.get(getattr(line, "old_reason", None) or "")
    return str(found.sentence) if found else ""


def _last_two(merger: Merger) -> tuple[Plan | None, Plan | None]:
    """Return the two plans made last whose lines are kept."""
    ready = merger.plans.filter(state=Plan.State.READY).order_by("-number")[:2]
    found = [*ready, None, None]
    return found[0], found[1]
