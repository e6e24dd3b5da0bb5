"""Reading a plan closely: one line, what to look at before approval, what moved since the last."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from devices.models import Device
from orgmerge import pages
from orgmerge.models import Merger, MergerBody, Plan, PlanLine, Settlement
from orgmerge.planner.codes import Why
from orgmerge.planner.reasons import REASONS, WARNINGS
from orgmerge.plans import access, comparison, services
from orgmerge.plans import cautions as plan_cautions
from orgmerge.plans import subjects as new_subjects
from orgmerge.plans.sheet import ListedLine
from orgmerge.plans.views.plan import find, must_see_drafts
from orgmerge.plans.wording import SLUGS, TO_SETTLE, is_to_settle, when
from orgmerge.vocabulary import LineAbout, LineAction
from portal.accounts.models import User
from portal.agencies.models import Subscriber
from portal.ca.models import Certificate
from portal.core.roles import Role, roles_that_can
from portal.core.web.paging import Order, capped_count, keyset_page
from requests_app.models import Dossier

if TYPE_CHECKING:
    from portal.accounts.models import User, UserRequest

_MOST_RELATED = 30
_TABLES: Mapping[str, Any] = {
    LineAbout.BODY: MergerBody,
    LineAbout.CERTIFICATE: Certificate,
    LineAbout.DEVICE: Device,
    LineAbout.SUBSCRIBER: Subscriber,
    LineAbout.DOSSIER: Dossier,
}
_PAGES: Mapping[str, str] = {
    LineAbout.CERTIFICATE: "ca:detail",
    LineAbout.DEVICE: "devices:detail",
    LineAbout.SUBSCRIBER: "agencies:subscriber",
    LineAbout.DOSSIER: "requests_app:detail",
}
_PAGE_WORDS: Mapping[str, Promise] = {
    LineAbout.BODY: gettext_lazy("Xem đơn vị sau sắp xếp"),
    LineAbout.CERTIFICATE: gettext_lazy("Xem chứng thư"),
    LineAbout.DEVICE: gettext_lazy("Xem thiết bị"),
    LineAbout.SUBSCRIBER: gettext_lazy("Xem thuê bao"),
    LineAbout.DOSSIER: gettext_lazy("Xem hồ sơ"),
}


@dataclass(frozen=True, slots=True)
class LineContext:
    """What a line's page shows beside it."""

    page: str  # of the thing itself, "" where the user may not open it
    page_words: str  # of the link to it
    related: Sequence[PlanLine]
    settlement: Settlement | None
    asked: PlanLine | None = None  # the open line from whose answer this one follows

    @property
    def settle_words(self) -> str:
        """What the link says that leads to deciding about it."""
        return _("Quyết định lại") if self.settlement else _("Quyết định")


def find_line(lines: QuerySet[PlanLine], about: str, thing: UUID) -> PlanLine | None:
    """Return the line about a thing, by what is told in an address."""
    keys = _TABLES[about].objects.filter(uuid=thing).order_by().values("pk")
    joined = lines.select_related("agency", "sender__agency", "successor", "dossier")
    return joined.filter(about=about, target_id__in=keys).first()


def context_of(
    merger: Merger, line: PlanLine, lines: QuerySet[PlanLine], user: User
) -> LineContext:
    """Return what stands beside ``line``; ``lines`` are those the user may see."""
    page = ""
    if line.about == LineAbout.BODY:
        page = reverse("orgmerge:body", args=[merger.uuid, line.target_uuid])
    elif _TABLES[line.about].objects.visible_to(user).filter(pk=line.target_id).exists():
        page = reverse(_PAGES[line.about], args=[line.target_uuid])
    found = Q()
    for about, keys in _things_around(line).items():
        found |= Q(about=about, target_id__in=keys)
    around_it = lines.filter(found).exclude(pk=line.pk).select_related("sender")
    related = list(around_it.order_by("stage", "pk")[:_MOST_RELATED]) if found else []
    if line.about == LineAbout.BODY:
        namesakes = lines.filter(TO_SETTLE, about=LineAbout.CERTIFICATE, reason=Why.NAMESAKE)
        related = list(namesakes.filter(sender=line.target_id).select_related("sender"))
    return LineContext(
        page=page,
        page_words=str(_PAGE_WORDS[line.about]),
        related=related,
        asked=next(filter(is_to_settle, related), None) if line.is_open else None,
        settlement=merger.settlements.select_related("body", "decided_by")
        .filter(about=line.about, target_id=line.target_id)
        .first(),
    )


def _things_around(line: PlanLine) -> Mapping[str, Collection[int]]:
    """Return what hangs together with the thing: device, certificates, holder."""
    key = line.target_id
    if line.about == LineAbout.CERTIFICATE:
        found = Certificate.objects.filter(pk=key).values_list("key__device", "subscriber")
        device, holder = found.get()
        return {
            LineAbout.DEVICE: _known(device),
            LineAbout.SUBSCRIBER: _known(holder),
            LineAbout.CERTIFICATE: _known(line.successor_id),
        }
    if line.about == LineAbout.DEVICE:
        on_it = Certificate.objects.filter(key__device=key).values_list("pk", "subscriber")
        pairs = list(on_it.order_by("-issued_at", "-pk")[:_MOST_RELATED])
        holder = Device.objects.filter(pk=key).values_list("subscriber", flat=True).get()
        return {
            LineAbout.CERTIFICATE: [pk for pk, _holder in pairs],
            LineAbout.SUBSCRIBER: {*_known(holder), *(held for _pk, held in pairs)},
        }
    if line.about == LineAbout.SUBSCRIBER:
        theirs = Certificate.objects.filter(subscriber=key).order_by("-issued_at", "-pk")
        devices = Device.objects.filter(subscriber=key).order_by("pk")
        return {
            LineAbout.CERTIFICATE: list(theirs.values_list("pk", flat=True)[:_MOST_RELATED]),
            LineAbout.DEVICE: list(devices.values_list("pk", flat=True)[:_MOST_RELATED]),
        }
    return {}


def _known(key: int | None) -> Collection[int]:
    return [] if key is None else [key]


BODIES_NAMED = 50
ROWS = 50


@require_safe
def line(request: UserRequest, code: UUID, about: str, thing: UUID) -> HttpResponse:
    """Show one line: what happens, why, the new subject beside the old, what hangs on it."""
    merger = find(request.user, code)
    shown = access.shown_plan(merger, request.user)
    if shown is None or about not in SLUGS:
        raise Http404
    lines = access.lines_of(shown, request.user)
    found = find_line(lines, SLUGS[about], thing)
    if found is None:
        raise Http404
    around = context_of(merger, found, lines, request.user)
    today = timezone.localdate()
    subjects = new_subjects.new_subjects(merger, [found], today=today)
    is_editor = pages.is_editor(merger, request.user)
    # The letter that carries a line out, to those who may open it.
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
        "dossier": (
            None
            if found.dossier_id is None
            else Dossier.objects.visible_to(request.user).filter(pk=found.dossier_id).first()
        ),
    }
    return render(request, "orgmerge/plan_line.html", context)


@require_POST
def heed(request: UserRequest, code: UUID) -> HttpResponse:
    """Note that the user has looked at what is to be heeded."""
    merger = find(request.user, code)
    must_see_drafts(request.user)
    shown = access.shown_plan(merger, request.user)
    if shown is not None:
        try:
            services.heed(shown, actor=request.user, now=timezone.now())
        except PermissionDenied as error:
            raise Http404 from error
        messages.success(request, _("Đã ghi nhận anh/chị đã xem các điều cần lưu ý."))
    return redirect("orgmerge:detail", merger.uuid)


@require_safe
def cautions(request: UserRequest, code: UUID) -> HttpResponse:
    """Show what to look at before the plan is approved, each with its lines."""
    merger = find(request.user, code)
    must_see_drafts(request.user)
    shown = access.shown_plan(merger, request.user)
    if shown is None:
        return redirect("orgmerge:plan", merger.uuid)
    counts = access.counts_of(shown, request.user)
    today = timezone.localdate()
    context = {
        "merger": merger,
        "plan": shown,
        "heeded": plan_cautions.moment_words(shown),
        "may_heed": services.may_heed(shown, request.user),
        "closing": capped_count(
            plan_cautions.closing_lines(shown.lines.all(), merger, today=today)
        ),
        "cautions": [
            (WARNINGS[code], counts.warnings[code]) for code in WARNINGS if code in counts.warnings
        ],
        "line_count": sum(counts.warnings.values()),
        "without": [
            (
                " / ".join(str(Role(role).label) for role in sorted(roles_that_can(capability))),
                bodies.count(),
                bodies[:BODIES_NAMED],
            )
            for capability in plan_cautions.NEEDED
            if (bodies := plan_cautions.bodies_without(capability, merger)).exists()
        ],
    }
    return render(request, "orgmerge/plan_cautions.html", context)


@require_safe
def changes(request: UserRequest, code: UUID) -> HttpResponse:
    """Show what moved between the plan made last and the one before."""
    merger = find(request.user, code)
    must_see_drafts(request.user)
    # The two plans made last whose lines are kept.
    ready = merger.plans.filter(state=Plan.State.READY).order_by("-number")[:2]
    found = [*ready, None, None]
    new, old = found[0], found[1]
    if new is None or old is None:
        return redirect("orgmerge:plan", merger.uuid)
    moved = comparison.differences(new, old)
    is_gone = request.GET.get("part") == "gone"
    rows = (moved.gone if is_gone else moved.moved).select_related("agency", "sender")
    page = keyset_page(rows, order=Order("stage"), params=request.GET, size=ROWS)
    context = {
        "merger": merger,
        "new": new,
        "old": old,
        "page": page,
        "rows": [
            (
                ListedLine(one),
                getattr(one, "old_action", None),
                str(reason.sentence)
                if (reason := REASONS.get(getattr(one, "old_reason", None) or ""))
                else "",
            )
            for one in page
        ],
        "is_gone": is_gone,
        "moved_count": capped_count(moved.moved),
        "gone_count": capped_count(moved.gone),
        "old_labels": dict(LineAction.choices),
    }
    return render(request, "orgmerge/plan_changes.html", context)
