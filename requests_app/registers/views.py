"""The registers clerks keep: each a list to narrow and page, and a spreadsheet to take away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from portal.audit.exports import note_export
from portal.core.roles import Capability
from portal.core.web import sheets
from portal.core.web.fragments import filtered, render_list
from portal.core.web.paging import capped_count, first_rows, keyset_page
from requests_app.registers.catalogue import REGISTERS, Column, Register
from requests_app.registers.filters import FILTERS

if TYPE_CHECKING:
    from portal.accounts.models import User, UserRequest


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a register on a page: where it leads, what its cells say beside their headers."""

    url: str
    name: str
    cells: list[tuple[str, str]]


@require_safe
def index(request: UserRequest) -> HttpResponse:
    """Show which registers there are."""
    _must_read(request.user)
    return render(request, "requests_app/registers/index.html", {"registers": REGISTERS.values()})


@require_safe
def register(request: UserRequest, name: str) -> HttpResponse:
    """Show one register, or hand it out as it is narrowed."""
    _must_read(request.user)
    if name not in REGISTERS:
        raise Http404
    book, now = REGISTERS[name], timezone.now()
    found = FILTERS[name](request.GET, book.rows(request.user), user=request.user, now=now)
    rows = filtered(found)
    if sheets.is_wanted(request.GET):
        found_rows = first_rows(rows, order=book.order, size=sheets.MOST_ROWS + 1)
        taken = [book.shown(row, request.user) for row in found_rows]
        entries = book.entries(taken, now)
        note_export(name, rows=len(taken), params=request.GET, actor=request.user, now=now)
        today = timezone.localdate(now)
        return sheets.sheet_response(entries, book.columns, name=f"so-{name}", today=today)
    page = keyset_page(rows, order=book.order, params=request.GET)
    columns = book.columns_for(request.user)
    shown = [book.shown(row, request.user) for row in page.object_list]
    context = {
        "register": book,
        "registers": REGISTERS.values(),
        "filter": found,
        "page": page,
        "count": capped_count(rows),
        "headers": [column.header for column in columns],
        "lines": _lines(book, columns, book.entries(shown, now)),
    }
    return render_list(
        request,
        "requests_app/registers/register.html",
        fragment="requests_app/registers/_lines.html",
        context=context,
    )


def _must_read(user: User) -> None:
    """The administrator sees no dossiers, certificates or devices."""
    if not user.can(Capability.READ_DOSSIERS):
        raise Http404


def _lines(
    book: Register[Any, Any], columns: Sequence[Column[Any]], entries: Sequence[Any]
) -> list[Line]:
    first, *others = columns
    return [
        Line(
            url=book.url(entry),
            name=_shown(first.value(entry)),
            cells=[(str(column.header), _shown(column.value(entry))) for column in others],
        )
        for entry in entries
    ]


def _shown(value: str | int | date | None) -> str:
    """Return a cell as a page shows it; "–" for nothing."""
    if isinstance(value, date):
        return f"{value:%d/%m/%Y}"
    return str(value) if value not in (None, "") else "–"
