"""The page of numbers, and the list that each leads to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from portal.audit.exports import note_export
from portal.core.roles import Capability
from portal.core.web import sheets
from portal.core.web.paging import Order, capped_count, first_rows, keyset_page
from portal.core.web.sheets import SheetColumn
from portal.estate.quality.checks import CHECKS, Line

if TYPE_CHECKING:
    from portal.accounts.models import UserRequest

BY_KEY = Order("id")
COLUMNS: list[SheetColumn[Line]] = [
    SheetColumn(gettext_lazy("Tên, số hiệu"), lambda line: line.name, 36),
    SheetColumn(gettext_lazy("Ghi nhận"), lambda line: line.said, 36),
    SheetColumn(gettext_lazy("Đơn vị"), lambda line: line.body, 48),
]


@require_safe
def overview(request: UserRequest) -> HttpResponse:
    """Show how much there is of each fault."""
    if not request.user.can(Capability.READ_DOSSIERS):
        raise Http404
    now = timezone.now()
    found = [(check, capped_count(check.rows(request.user, now))) for check in CHECKS.values()]
    return render(request, "estate/quality.html", {"found": found})


@require_safe
def listing(request: UserRequest, check: str) -> HttpResponse:
    """List what one number counts, with what mends it."""
    asked = CHECKS.get(check)
    if asked is None or not request.user.can(Capability.READ_DOSSIERS):
        raise Http404
    now = timezone.now()
    rows = asked.rows(request.user, now)
    if sheets.is_wanted(request.GET):
        taken = first_rows(rows, order=BY_KEY, size=sheets.MOST_ROWS + 1)
        note_export(asked.code, rows=len(taken), params=request.GET, actor=request.user, now=now)
        lines = [asked.line(row) for row in taken]
        today = timezone.localdate(now)
        return sheets.sheet_response(lines, COLUMNS, name=asked.code, today=today)
    page = keyset_page(rows, order=BY_KEY, params=request.GET)
    context = {
        "check": asked,
        "page": page,
        "lines": [asked.line(row) for row in page],
        "count": capped_count(rows),
        "start": asked.start if request.user.can(Capability.DRAFT) else "",
    }
    return render(request, "estate/quality_list.html", context)
