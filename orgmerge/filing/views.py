"""How a reorganisation is carried out: progress, failures, devices; what people decide of lines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from orgmerge import pages
from orgmerge.filing import progress, services
from orgmerge.models import Merger, PlanLine
from orgmerge.plans.wording import SLUGS
from orgmerge.vocabulary import LineStage, LineState, MergerState
from portal.agencies.models import Agency
from portal.core.roles import Capability, Scope
from portal.core.text.numbers import with_dots
from portal.core.web.fragments import render_list
from portal.core.web.refusals import Refusals
from requests_app.errors import NotEditable
from requests_app.models import Dossier

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from portal.accounts.models import User, UserRequest

BODIES = 25
ROWS = 50


@require_safe
def overview(request: UserRequest, code: UUID) -> HttpResponse:
    """Show how far the whole and each body have come; htmx asks for it again and again."""
    merger = _approved(request.user, code)
    rows = progress.shown_lines(merger, request.user)
    bodies = progress.shown_bodies(merger, request.user)
    narrow = _narrow(request)
    if narrow["show"] or narrow["stage"]:
        bodies = progress.bodies_with(bodies, _narrowed(rows, narrow))
    page = Paginator(bodies, BODIES).get_page(request.GET.get("page"))
    context = {
        "merger": merger,
        "stages": progress.by_stage(rows),
        "page": page,
        "bodies": progress.of_bodies(merger, list(page.object_list), rows),
        "is_going_on": merger.state == MergerState.IN_FORCE,
        "is_to_come": merger.state == MergerState.APPROVED,
        "sends_list": request.user.can(Capability.PREPARE_REORGANISATIONS)
        and merger.is_led_by(request.user),
        **narrow,
        **_failures(merger, rows, request.user),
    }
    return render_list(
        request, "orgmerge/progress.html", fragment="orgmerge/_progress.html", context=context
    )


@require_safe
def body(request: UserRequest, code: UUID, body_code: UUID) -> HttpResponse:
    """Show one body's part: its stages, its lines with their dossiers, its failures."""
    merger = _approved(request.user, code)
    found = get_object_or_404(progress.shown_bodies(merger, request.user), uuid=body_code)
    rows = progress.shown_lines(merger, request.user).filter(sender=found)
    (whole,) = progress.of_bodies(merger, [found], rows)
    narrow = _narrow(request)
    listed = _narrowed(rows, narrow).select_related("dossier", "agency", "sender")
    page = Paginator(listed.order_by("stage", "pk"), ROWS).get_page(request.GET.get("page"))
    context = {
        "merger": merger,
        "body": found,
        "whole": whole,
        "page": page,
        "readable": _readable(list(page.object_list), request.user),
        **narrow,
        **_failures(merger, rows, request.user),
    }
    return render(request, "orgmerge/progress_body.html", context)


@require_safe
def devices(request: UserRequest, code: UUID) -> HttpResponse:
    """Show the inventory of devices: by body before, or those of one body with their clocks."""
    merger = _approved(request.user, code)
    rows = progress.device_lines(merger, request.user)
    if request.user.scope is Scope.CA:
        raise Http404
    olds = Agency.objects.filter(pk__in=rows.order_by().values("agency")).order_by("sort_name")
    context: dict[str, Any] = {"merger": merger, "receiver": None}
    with Refusals():  # without a rule nobody is named
        context["receiver"] = progress.receiver(merger, today=timezone.localdate())
    if chosen := request.GET.get("don_vi"):
        try:
            old = get_object_or_404(olds, uuid=UUID(chosen))
        except ValueError as error:
            raise Http404 from error
        lines = rows.filter(agency=old).select_related("dossier", "sender").order_by("stage", "pk")
        of_one = Paginator(lines, ROWS).get_page(request.GET.get("page"))
        shown = progress.device_rows(list(of_one.object_list))
        context |= {"old": old, "page": of_one, "rows": shown}
        return render(request, "orgmerge/devices_of.html", context)
    page = Paginator(olds, BODIES).get_page(request.GET.get("page"))
    bodies = list(page.object_list)
    counted = progress.sums(rows, bodies)
    context |= {"page": page, "rows": [(old, counted[old.pk]) for old in bodies]}
    return render(request, "orgmerge/devices.html", context)


@require_POST
def again(request: UserRequest, code: UUID, about: str, thing: UUID) -> HttpResponse:
    """Let a line that failed be opened once more, as it was or otherwise."""
    line = _line(request.user, code, about, thing)
    typed = {name: request.POST.get(name, "") for name in ("action", "reason")}
    return _act(
        request,
        code,
        lambda: services.again(line, actor=request.user, now=timezone.now(), **typed),
        said=lambda: _("Đã ghi nhận. Hồ sơ mới được lập trong ít phút."),
    )


@require_POST
def again_alike(request: UserRequest, code: UUID) -> HttpResponse:
    """Let all lines that failed for one cause be opened once more."""
    merger, cause = _approved(request.user, code), request.POST.get("cause", "")
    count = 0

    def act() -> None:
        nonlocal count
        count = services.again_alike(merger, cause, actor=request.user, now=timezone.now())
        if not count:
            raise NotEditable(LineState.PLANNED)

    return _act(request, code, act, said=lambda: _("Đã cho lập lại %s việc.") % with_dots(count))


@require_POST
def set_aside(request: UserRequest, code: UUID, about: str, thing: UUID) -> HttpResponse:
    """End a line that nobody will carry out any more, with the reason."""
    line = _line(request.user, code, about, thing)
    reason = request.POST.get("reason", "")
    return _act(
        request,
        code,
        lambda: services.set_aside(line, actor=request.user, now=timezone.now(), reason=reason),
        said=lambda: _("Đã ghi nhận: việc này không thực hiện nữa."),
    )


def _act(
    request: UserRequest, code: UUID, act: Callable[[], object], *, said: Callable[[], str]
) -> HttpResponse:
    """Do what was asked and come back, with a word on what came of it."""
    with Refusals() as refused:
        try:
            act()
            messages.success(request, said())
        except PermissionDenied as error:
            raise Http404 from error
        except NotEditable:
            messages.warning(request, _("Việc này đã được người khác xử lý hoặc đã tự xong."))
    refused.tell(request)
    return redirect("orgmerge:progress", code)


def _approved(user: User, code: UUID) -> Merger:
    merger = pages.find(user, code)
    if merger.approved_plan_id is None:
        raise Http404
    return merger


def _line(user: User, code: UUID, about: str, thing: UUID) -> PlanLine:
    rows = progress.shown_lines(_approved(user, code), user)
    return get_object_or_404(rows, about=SLUGS.get(about, ""), target_uuid=thing)


def _failures(merger: Merger, rows: QuerySet[PlanLine], user: User) -> dict[str, Any]:
    """Return the failures for those whose business the things are; the CA sees numbers only."""
    if user.scope is Scope.CA:
        return {"failures": []}
    failed = progress.failures(rows)
    found = [(line, services.may_act(line, user), services.instead_of(line)) for line in failed]
    return {
        "failures": found,
        "causes": progress.causes(services.that_may_be_tried(rows, user)),
        "readable_failures": _readable(failed, user),
        "failure_count": rows.filter(state=LineState.FAILED).count(),
        "may_set_aside": user.can(Capability.PREPARE_REORGANISATIONS),
    }


def _readable(lines: Iterable[PlanLine], user: User) -> set[int]:
    """Return the dossiers of some lines that ``user`` may open: drafts are the body's own."""
    wanted = {line.dossier_id for line in lines if line.dossier_id is not None}
    seen = Dossier.objects.visible_to(user).filter(pk__in=wanted)
    return set(seen.order_by().values_list("pk", flat=True))


def _narrow(request: UserRequest) -> dict[str, str]:
    """Return what a page is narrowed to: how far lines have come, and the step they belong to."""
    show, stage = request.GET.get("xem", ""), request.GET.get("buoc", "")
    known = LineStage(int(stage)) if stage in {str(value) for value in LineStage.values} else None
    return {
        "show": show if show in progress.SHOWN else "",
        "stage": "" if known is None else str(known.value),
        "stage_label": "" if known is None else str(known.label),
    }


def _narrowed(rows: QuerySet[PlanLine], narrow: Mapping[str, str]) -> QuerySet[PlanLine]:
    stage = int(narrow["stage"]) if narrow["stage"] else None
    return progress.narrowed(rows, show=narrow["show"], stage=stage)
