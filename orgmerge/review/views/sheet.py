"""A body's list as a spreadsheet: taken away, brought back, and what it would change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from orgmerge import pages
from orgmerge.review import services, sheets
from orgmerge.review.filters import ReviewLineFilter
from orgmerge.review.lines import ReviewLine, joined, lines_of, said_of, with_cells
from orgmerge.review.rules import FIELDS, Said
from orgmerge.review.sheets import AnswerRow
from orgmerge.review.views.reply import conflict, find
from orgmerge.vocabulary import ReviewAnswer
from portal.core.database.bulk import collector_paused
from portal.core.rules import Violation
from portal.core.text.numbers import with_dots
from portal.core.web.forms import SheetFile
from portal.core.web.fragments import filtered
from portal.core.web.refusals import Refusals
from portal.core.web.sheets import XLSX
from requests_app.errors import NotEditable, StaleVersion
from requests_app.spreadsheets import MAX_ROWS, parked

if TYPE_CHECKING:
    from portal.accounts.models import UserRequest

SHOWN = 100  # rows of each sort on one report


class SheetForm(forms.Form):
    """A list filled in."""

    file = SheetFile(
        label=gettext_lazy("Tệp bảng tính (.xlsx)"),
        help_text=gettext_lazy("Danh sách tải về từ trang rà soát, đã ghi kết quả."),
    )


@dataclass(frozen=True, slots=True)
class LineChange:
    """A line that would say something else: what it says, what it would say."""

    line: ReviewLine
    before: str
    after: str


@dataclass(slots=True)
class ReplySheetReport:
    """What a sheet would do; ``blank`` rows say nothing and leave their line as it is."""

    bad: list[AnswerRow] = field(default_factory=list)
    changes: list[LineChange] = field(default_factory=list)
    answers: dict[int, Said] = field(default_factory=dict)
    same: int = 0
    blank: int = 0


@require_safe
def download(request: UserRequest, code: UUID) -> HttpResponse:
    """Return the list as a sheet to fill in, narrowed as the page is."""
    found = find(request.user, code)
    narrowed = ReviewLineFilter(request.GET, joined(found.items.order_by("position")))
    lines = lines_of(filtered(narrowed)[:MAX_ROWS], now=timezone.now())
    with_cells(lines, typed={}, findings={})
    return HttpResponse(
        sheets.write(lines),
        content_type=XLSX,
        headers={
            "Content-Disposition": 'attachment; filename="ra-soat.xlsx"',
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-store",
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
def upload(request: UserRequest, code: UUID) -> HttpResponse:
    """Take a sheet, refuse what is none; what it would change comes on the next page."""
    found = find(request.user, code)
    if not services.is_answerable(found, request.user):
        return redirect("orgmerge:reply", found.uuid)
    form = SheetForm(request.POST, request.FILES) if request.method == "POST" else SheetForm()
    violations: Sequence[Violation] = ()
    if form.is_valid():
        content = form.cleaned_data["file"].read()
        with Refusals() as refused:
            sheets.read(content)
            token = parked.park(content, dossier=found.uuid, owner=request.user.uuid)
            return redirect("orgmerge:reply_report", found.uuid, token)
        violations = refused.violations
    context = {"reply": found, "form": form, "violations": violations, "most": MAX_ROWS}
    return render(request, "orgmerge/reply_import.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def report(request: UserRequest, code: UUID, token: UUID) -> HttpResponse:
    """Show what a sheet would change; take it when every row is good."""
    found = find(request.user, code)
    if not services.is_answerable(found, request.user):
        return redirect("orgmerge:reply", found.uuid)
    try:
        content = parked.unpark(token, dossier=found.uuid, owner=request.user.uuid)
    except parked.NotParked:
        messages.warning(request, _("Bảng đã tải lên không còn được giữ. Hãy tải lên lại."))
        return redirect("orgmerge:reply_import", found.uuid)
    with collector_paused():
        # What a sheet would do to a list (a fixed number of queries).
        rows = sheets.read(content)
        items = joined(found.items.order_by("position"))
        lines = {one.item.position: one for one in lines_of(items, now=timezone.now())}
        for row in rows:
            sheets.check_known(row, lines.get(row.position))
        said = {row.position: row for row in rows if not row.findings and not row.said.is_empty}
        answers = {position: row.said for position, row in said.items()}
        for position, checked in services.check_answers(found, answers).items():
            said[position].findings += [(str(FIELDS[name]), one) for name, one in checked.errors]
        seen = ReplySheetReport(bad=[row for row in rows if row.findings])
        for row in rows:
            if not row.findings:
                line = lines[row.position]
                before = said_of(line.item)
                if row.said.is_empty:
                    seen.blank += 1
                elif row.said == before:
                    seen.same += 1
                else:
                    seen.answers[row.position] = row.said
                    seen.changes.append(LineChange(line, _words(before), _words(row.said)))
    if request.method == "POST" and not seen.bad:
        try:
            with collector_paused():
                count = services.answer(
                    found,
                    seen.answers,
                    actor=request.user,
                    now=timezone.now(),
                    version=pages.version_of(request),
                    is_import=True,
                )
        except (StaleVersion, NotEditable):
            return conflict(request, found, {})
        except PermissionDenied as error:
            raise Http404 from error
        parked.drop(token)
        messages.success(
            request, _("Đã nhập kết quả của %(count)s dòng.") % {"count": with_dots(count)}
        )
        return redirect("orgmerge:reply", found.uuid)
    context = {
        "reply": found,
        "report": seen,
        "bad": seen.bad[:SHOWN],
        "changes": seen.changes[:SHOWN],
        "hidden_bad": max(0, len(seen.bad) - SHOWN),
        "hidden_changes": max(0, len(seen.changes) - SHOWN),
        "is_asked": request.method == "POST",
    }
    return render(request, "orgmerge/reply_report.html", context)


def _words(said: Said) -> str:
    """Return an answer in one line."""
    answer = str(ReviewAnswer(said.answer).label) if said.answer else ""
    others = [getattr(said, name) for name in FIELDS if name != "answer"]
    return "; ".join(filter(None, [answer, *others]))
