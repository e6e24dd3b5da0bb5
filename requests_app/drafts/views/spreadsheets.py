"""Spreadsheets in and out: the template, the import with its report, the list as a sheet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from portal.core.database.bulk import collector_paused
from portal.core.roles import Capability
from portal.core.rules import Violation
from portal.core.text.numbers import with_dots
from portal.core.web.forms import SheetFile
from portal.core.web.refusals import Refusals
from requests_app import kinds, spreadsheets
from requests_app.acts import note_reading
from requests_app.drafts import cells
from requests_app.drafts.services import import_rows
from requests_app.kinds.base import Field
from requests_app.kinds.targets import fill_columns
from requests_app.models import Dossier, DossierItem
from requests_app.pages import components
from requests_app.pages import views as taking
from requests_app.spreadsheets import Reading, SheetReport, SheetRow, parked, readings
from requests_app.spreadsheets.parked import release
from requests_app.spreadsheets.reader import Found, Rows

if TYPE_CHECKING:
    from portal.accounts.models import User, UserRequest

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ROWS_SHOWN = 100  # of each sort on one report
_REJECTS = "dong-khong-nhap.xlsx"


class UploadForm(forms.Form):
    """A sheet to be imported."""

    file = SheetFile(
        label=gettext_lazy("Tệp bảng tính (.xlsx)"),
        help_text=gettext_lazy("Theo bảng mẫu, tối đa 10 MB và 5.000 dòng."),
    )


class Take(StrEnum):
    """What becomes of the rows of a sheet: the button that was pressed."""

    GOOD = "good"  # the good ones alone; the others can be taken away as a sheet
    ALL = "all"  # the others come along and are mended in the editor


@dataclass(frozen=True, slots=True)
class Choices:
    """What a person decided on the report page."""

    accepted: list[str]
    skips_hidden: bool
    replaces: bool

    def taken(self, found: SheetReport, button: str) -> list[SheetRow]:
        """Return the rows that ``button`` brings in."""
        rows = found.good_rows if button == Take.GOOD else found.rows
        return [row for row in rows if not (row.is_hidden and self.skips_hidden)]


@require_http_methods(["GET", "HEAD", "POST"])
@collector_paused()
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
            # What is found in the rows is the next page's to tell.
            reading = _read(dossier, content, request.user)
            token = parked.park(
                content,
                dossier=dossier.uuid,
                owner=request.user.uuid,
                reading=readings.pack(
                    kind, reading, variant=dossier.variant, today=timezone.localdate()
                ),
            )
            return redirect("requests_app:import_report", dossier.uuid, token)
    context = {"dossier": dossier, "kind": kind, "form": form, "violations": refused.violations}
    return render(request, "requests_app/editor/import.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@taking.shows_conflict
@collector_paused()
def report(request: UserRequest, uuid: UUID, token: UUID) -> HttpResponse:
    """Show what was found in a sheet and what it would bring; do what the button says."""
    dossier = components.find(request.user, uuid)
    if not components.is_editor(dossier, request.user):
        return redirect("requests_app:detail", dossier.uuid)
    try:
        kept = parked.unpark_read(token, dossier=dossier.uuid, owner=request.user.uuid)
    except parked.NotParked:
        messages.warning(request, _("Bảng đã tải lên không còn được giữ. Hãy tải lên lại."))
        return redirect("requests_app:import", dossier.uuid)
    if request.method != "POST":
        note_reading(dossier, actor=request.user, now=timezone.now())
    button = request.POST.get("do", "")
    if button == "cancel":
        parked.drop(token)
        messages.info(request, _("Đã hủy: không nhập dòng nào từ bảng tính."))
        return redirect("requests_app:editor", dossier.uuid)
    choices = Choices(
        accepted=[spreadsheets.ALL] if button == "accept_all" else request.POST.getlist("accepted"),
        skips_hidden=request.POST.get("skips_hidden") == "1",
        replaces=request.POST.get("replaces") == "1",
    )
    kind = kinds.get(dossier.kind)
    standing = dossier.items.order_by("position").only("uuid", "answers")
    reading = readings.unpack(
        kind, kept.reading, variant=dossier.variant, today=timezone.localdate()
    )
    found = spreadsheets.judge(
        kind,
        reading or _read(dossier, kept.content, request.user),
        # Those that are good are good when they go in.
        find=partial(_find, dossier, request.user, asks=button == Take.GOOD),
        accepted=choices.accepted,
        standing=[] if choices.replaces else [one.answers for one in standing],
    )
    if button == "rejects" and found.bad_rows:
        return _file(spreadsheets.rejects(kind, found.bad_rows), _REJECTS)
    refused = Refusals()
    if rows := choices.taken(found, button) if button in list(Take) else []:
        with refused:
            import_rows(
                dossier,
                [row.answers for row in rows],
                replace=choices.replaces,
                actor=request.user,
                now=timezone.now(),
                version=components.version_of(request),
            )
        if not refused:
            parked.drop(token)
            _tell(request, dossier, found, rows)
            return redirect("requests_app:editor", dossier.uuid)
    return _show_report(request, dossier, found, choices, violations=refused.violations)


def _read(dossier: Dossier, content: bytes, actor: User) -> Reading:
    """Read a sheet and what is to be said of its rows; raises Refused for the file as a whole."""
    reading = spreadsheets.read_rows(kinds.get(dossier.kind), content)
    reading.checks = _find(dossier, actor, reading.numbered, None)
    return reading


def _find(
    dossier: Dossier, actor: User, rows: Rows, known: Found | None, *, asks: bool = False
) -> Found:
    """Return what the editor will find in the rows once they are in, by their numbers.

    ``asks``: what was known when the sheet was read does not do.
    """
    if known is not None and not asks:
        return {number: known.get(number, ()) for number, _answers in rows}
    items = DossierItem.new_rows(dossier, rows)
    fill_columns(kinds.get(dossier.kind), items, actor=actor)
    found = cells.findings_of(dossier, items, now=timezone.now())
    return {item.position: found[item.uuid] for item in items}


def _tell(
    request: UserRequest, dossier: Dossier, found: SheetReport, rows: Sequence[SheetRow]
) -> None:
    """Say what came in, what was left out, and where what was left out can be had."""
    words = _("Đã nhập %(count)s dòng từ bảng tính.") % {"count": with_dots(len(rows))}
    bad = sum(row.has_errors for row in rows)
    if bad:
        words += " " + _("%(count)s dòng còn lỗi: sửa ở danh sách dưới đây.") % {
            "count": with_dots(bad)
        }
    if len(rows) == len(found.rows):
        messages.success(request, words)
        return
    left = [row for row in found.rows if row not in rows]
    content = spreadsheets.rejects(kinds.get(dossier.kind), left)
    token = parked.park(content, dossier=dossier.uuid, owner=request.user.uuid)
    words += " " + _("%(count)s dòng không nhập.") % {"count": with_dots(len(left))}
    path = reverse("requests_app:import_rejects", args=[dossier.uuid, token])
    link = format_html('<a href="{}">{}</a>', path, _("Tải các dòng không nhập (.xlsx)"))
    messages.success(request, format_html("{} {}", words, link))


@require_safe
def rejects(request: UserRequest, uuid: UUID, token: UUID) -> HttpResponse:
    """Return the rows that were left out of an import, with the reasons, for a day."""
    dossier = components.find(request.user, uuid)
    try:
        content = parked.unpark(token, dossier=dossier.uuid, owner=request.user.uuid)
    except parked.NotParked as error:
        raise Http404 from error
    note_reading(dossier, actor=request.user, now=timezone.now())
    return _file(content, _REJECTS)


def _show_report(
    request: UserRequest,
    dossier: Dossier,
    found: SheetReport,
    choices: Choices,
    *,
    violations: tuple[Violation, ...] = (),
) -> HttpResponse:
    bad = found.bad_rows
    kind = kinds.get(dossier.kind)
    shown = found.rows[:ROWS_SHOWN]
    # Columns that say nothing in any row would only make the table wider.
    fields = [one for one in kind.fields if any(row.answers.get(one.name) for row in shown)]
    context: dict[str, Any] = {
        "dossier": dossier,
        "kind": kind,
        "report": found,
        "remarks": found.remarks,
        "bad_rows": bad[:ROWS_SHOWN],
        "hidden_count": max(0, len(bad) - ROWS_SHOWN),
        "bad_count": len(bad),
        "good_count": len(found.good_rows),
        "row_count": len(found.rows),
        "fields": fields,
        "preview": [(row, _preview(row, fields)) for row in shown],
        "told_rows": found.told_rows[:ROWS_SHOWN],
        "unfinished_rows": found.unfinished_rows[:ROWS_SHOWN],
        "offer_count": sum(len(row.offers) for row in bad),
        "accepted": choices.accepted,
        "choices": choices,
        "violations": violations,
    }
    return render(request, "requests_app/editor/report.html", context)


def _preview(row: SheetRow, fields: Sequence[Field]) -> list[tuple[str, str]]:
    """Return the row's values with their labels, as the list would have them."""
    return [
        (one.label, dict(one.choices).get(value, one.shown(value)))
        for one in fields
        for value in [row.answers.get(one.name, "")]
    ]


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
