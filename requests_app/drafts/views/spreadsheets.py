"""Spreadsheets in and out: the template, the import with its report, the list as a sheet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from portal.core.database.bulk import collector_paused
from portal.core.roles import Capability
from portal.core.rules import Violation
from portal.core.web.forms import SheetFile
from portal.core.web.refusals import Refusals
from requests_app import kinds, spreadsheets
from requests_app.drafts.services import import_rows
from requests_app.models import Dossier
from requests_app.pages import components
from requests_app.pages import views as taking
from requests_app.spreadsheets import SheetReport, parked
from requests_app.spreadsheets.parked import release

if TYPE_CHECKING:
    from portal.accounts.models import UserRequest

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ROWS_SHOWN = 100  # bad rows on one report; mending these comes first anyway


class UploadForm(forms.Form):
    """A sheet to be imported."""

    file = SheetFile(
        label=gettext_lazy("Tệp bảng tính (.xlsx)"),
        help_text=gettext_lazy("Theo bảng mẫu, tối đa 10 MB và 5.000 dòng."),
    )


@dataclass(frozen=True, slots=True)
class Choices:
    """What a person decided on the report page."""

    accepted: list[str]
    drops_bad: bool
    replaces: bool


@require_http_methods(["GET", "HEAD", "POST"])
def upload(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Take a sheet, refuse what is none; the report comes on the next page."""
    dossier = components.find(request.user, uuid)
    if not components.is_editor(dossier, request.user):
        return redirect("requests_app:detail", dossier.uuid)
    kind = kinds.get(dossier.kind)
    form = UploadForm(request.POST, request.FILES) if request.method == "POST" else UploadForm()
    refused = Refusals()
    if form.is_valid():
        content = form.cleaned_data["file"].read()
        with refused:
            spreadsheets.read(kind, content, today=timezone.localdate())
            token = parked.park(content, dossier=dossier.uuid, owner=request.user.uuid)
            return redirect("requests_app:import_report", dossier.uuid, token)
    context = {"dossier": dossier, "kind": kind, "form": form, "violations": refused.violations}
    return render(request, "requests_app/editor/import.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@taking.shows_conflict
def report(request: UserRequest, uuid: UUID, token: UUID) -> HttpResponse:
    """Show what was found in a sheet; import it when all is good or the bad rows are dropped."""
    dossier = components.find(request.user, uuid)
    if not components.is_editor(dossier, request.user):
        return redirect("requests_app:detail", dossier.uuid)
    try:
        content = parked.unpark(token, dossier=dossier.uuid, owner=request.user.uuid)
    except parked.NotParked:
        messages.warning(request, _("Bảng đã tải lên không còn được giữ. Hãy tải lên lại."))
        return redirect("requests_app:import", dossier.uuid)
    choices = Choices(
        accepted=request.POST.getlist("accepted"),
        drops_bad=request.POST.get("drops_bad") == "1",
        replaces=request.POST.get("replaces") == "1",
    )
    found = spreadsheets.read(
        kinds.get(dossier.kind), content, today=timezone.localdate(), accepted=choices.accepted
    )
    is_import = request.method == "POST" and request.POST.get("do") == "import"
    if is_import and found.good_rows and (choices.drops_bad or not found.bad_rows):
        rows = [row.answers for row in found.good_rows]
        with Refusals() as refused, collector_paused():
            import_rows(
                dossier,
                rows,
                replace=choices.replaces,
                actor=request.user,
                now=timezone.now(),
                version=components.version_of(request),
            )
        if refused:
            return _show_report(request, dossier, found, choices, violations=refused.violations)
        parked.drop(token)
        words = _("Đã nhập %(count)d dòng từ bảng tính.") % {"count": len(rows)}
        if found.bad_rows:
            words += " " + _("Đã bỏ %(count)d dòng lỗi.") % {"count": len(found.bad_rows)}
        messages.success(request, words)
        return redirect("requests_app:editor", dossier.uuid)
    return _show_report(request, dossier, found, choices, is_asked=is_import)


def _show_report(
    request: UserRequest,
    dossier: Dossier,
    found: SheetReport,
    choices: Choices,
    *,
    is_asked: bool = False,
    violations: tuple[Violation, ...] = (),
) -> HttpResponse:
    bad = found.bad_rows
    context: dict[str, Any] = {
        "dossier": dossier,
        "kind": kinds.get(dossier.kind),
        "report": found,
        "bad_rows": bad[:ROWS_SHOWN],
        "hidden_count": max(0, len(bad) - ROWS_SHOWN),
        "bad_count": len(bad),
        "good_count": len(found.good_rows),
        "told_rows": found.told_rows[:ROWS_SHOWN],
        "offer_count": sum(len(row.offers) for row in bad),
        "accepted": choices.accepted,
        "choices": choices,
        "is_asked": is_asked and bool(bad),
        "violations": violations,
    }
    return render(request, "requests_app/editor/report.html", context)


@require_safe
def template(request: UserRequest, kind: str) -> HttpResponse:
    """Return the empty sheet of a form."""
    if kind not in kinds.KINDS:
        raise Http404
    return _file(spreadsheets.template(kinds.get(kind)), f"bang-{kind.replace('_', '-')}.xlsx")


@require_safe
def export(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Return the list as the form's sheet; whole numbers are in it, so it is recorded."""
    dossier = components.find(request.user, uuid)
    if not request.user.can(Capability.WORK_ON_DOSSIERS):
        raise Http404
    content = release(dossier, actor=request.user, now=timezone.now())
    return _file(content, f"danh-sach-mau-{kinds.get(dossier.kind).number}.xlsx")


def _file(content: bytes, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type=XLSX)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "no-store"
    return response
