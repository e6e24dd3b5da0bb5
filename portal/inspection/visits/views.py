"""The visits, planning one, one with its minutes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.core.roles import Capability
from portal.core.rules import Violation
from portal.core.web.paging import Order, capped_count, keyset_page
from portal.core.web.refusals import Refusals
from portal.inspection.forms import MinutesForm, VisitPlanForm
from portal.inspection.models import Assessment, InspectionVisit
from portal.inspection.rounds.services import is_inspector
from portal.inspection.visits import services
from portal.inspection.visits.services import VISITS, Minutes
from requests_app.own_letters.forms import LetterNumberForm, LetterScanForm, LetterStepForm
from requests_app.own_letters.views import PaperPages

if TYPE_CHECKING:
    from portal.accounts.models import User, UserRequest


@require_safe
def index(request: UserRequest) -> HttpResponse:
    """List the visits, those furthest ahead on top."""
    user = request.user
    if not user.can(Capability.READ_DOSSIERS):
        raise Http404
    found = InspectionVisit.objects.announced_to(user)
    page = keyset_page(
        found.select_related("assessment__agency", "assessment__round"),
        order=Order("planned_on", is_descending=True),
        params=request.GET,
    )
    readable = InspectionVisit.objects.visible_to(user).filter(pk__in=[one.pk for one in page])
    context = {
        "page": page,
        "count": capped_count(found),
        "readable": set(readable.values_list("pk", flat=True)),
    }
    return render(request, "inspection/visits.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def plan(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Say when who comes to a body."""
    seen = Assessment.objects.visible_to(request.user).select_related("round__office", "agency")
    of = get_object_or_404(seen, uuid=uuid)
    if not is_inspector(of.round, request.user):
        raise PermissionDenied("only the office visits")
    form = VisitPlanForm(request.POST or None, today=timezone.localdate())
    if request.method == "POST" and form.is_valid():
        with Refusals() as refused:
            made = services.plan(of, **form.cleaned_data, actor=request.user, now=timezone.now())
            messages.success(request, _("Đã lên lịch và báo cho đơn vị."))
            return redirect("inspection:visit", made.uuid)
        refused.put_on(form)
    return render(request, "inspection/plan.html", {"form": form, "assessment": of})


@require_safe
def visit(request: UserRequest, uuid: UUID) -> HttpResponse:
    return _page(request, _find(request.user, uuid))


@require_POST
def write(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Keep what is typed of a visit."""
    found = _find(request.user, uuid)
    form = MinutesForm(request.POST, today=timezone.localdate())
    if not form.is_valid():
        return _page(request, found, minutes_form=form)
    typed = form.cleaned_data
    minutes = Minutes(**{name: typed[name] for name in ("held_on", "members", "met_with", "found")})
    return PAPERS.change(
        request,
        found,
        lambda: services.write(
            found,
            typed["planned_on"],
            minutes,
            version=typed["version"],
            actor=request.user,
            now=timezone.now(),
        ),
        _("Đã lưu biên bản kiểm tra."),
    )


def _page(
    request: UserRequest,
    found: InspectionVisit,
    *,
    minutes_form: MinutesForm | None = None,
    sent: LetterStepForm | None = None,
    number_form: LetterNumberForm | None = None,
    scan_form: LetterScanForm | None = None,
    violations: Sequence[Violation] = (),
) -> HttpResponse:
    """Render the page of a visit, with a form that came back where there is one."""
    shared = PAPERS.context(
        request,
        found,
        edits=Capability.INSPECT,
        sent=sent,
        number_form=number_form,
        scan_form=scan_form,
    )
    if shared["is_draft"] and minutes_form is None:
        names = ("planned_on", "members", "held_on", "met_with", "found", "version")
        minutes_form = MinutesForm(
            initial={name: getattr(found, name) for name in names},
            today=timezone.localdate(),
            auto_id="minutes_%s",
        )
    context = shared | {
        "visit": found,
        "assessment": found.assessment,
        "findings": found.findings.order_by("pk"),
        "minutes_form": minutes_form if shared["is_draft"] else None,
        "violations": violations,
        "today": timezone.localdate(),
    }
    return render(request, "inspection/visit.html", context)


def _find(user: User, uuid: UUID) -> InspectionVisit:
    found = InspectionVisit.objects.visible_to(user).select_related(
        "office",
        "assessment__agency",
        "assessment__round",
        "letter",
        "signed_letter",
        "scan",
        "made_by",
        "signed_by",
        "sent_by",
    )
    return get_object_or_404(found, uuid=uuid)


PAPERS: PaperPages[InspectionVisit] = PaperPages(VISITS, _find, _page, "inspection:visit")
