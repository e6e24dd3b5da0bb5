"""Lists of dossiers: all that may be seen, what waits for me, what I only follow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from portal.audit.exports import note_export
from portal.core.web import sheets
from portal.core.web.fragments import render_list
from portal.core.web.paging import Order, capped_count, first_rows, keyset_page
from portal.core.web.sheets import SheetColumn
from requests_app.dossier_pages.visibility import as_sent
from requests_app.models import Dossier
from requests_app.models.querysets import DossierQuerySet
from requests_app.pages.filters import DossierFilter
from requests_app.titles import headline_of
from requests_app.words import rows_found

if TYPE_CHECKING:
    from portal.accounts.models import UserRequest

ORDERS = {
    "recent": Order("updated_at", is_descending=True),
    "oldest": Order("updated_at"),
    "due": Order("due_on", is_nullable=True),
}

COLUMNS: tuple[SheetColumn[Dossier], ...] = (
    SheetColumn(gettext_lazy("Hồ sơ"), headline_of, 44),
    SheetColumn(gettext_lazy("Số văn bản"), lambda dossier: dossier.letter_number),
    SheetColumn(gettext_lazy("Ngày văn bản"), lambda dossier: dossier.letter_date, 14),
    SheetColumn(gettext_lazy("Đơn vị gửi"), lambda dossier: dossier.agency.name, 44),
    SheetColumn(gettext_lazy("Số dòng"), lambda dossier: dossier.row_count, 10),
    SheetColumn(gettext_lazy("Trạng thái"), lambda dossier: dossier.get_state_display(), 30),
    SheetColumn(gettext_lazy("Ngày nhận"), lambda dossier: dossier.received_on, 14),
    SheetColumn(gettext_lazy("Hạn"), lambda dossier: dossier.due_on if dossier.queue else None, 14),
    SheetColumn(gettext_lazy("Cập nhật"), lambda dossier: dossier.updated_at),
)


@require_safe
def dossier_list(request: UserRequest) -> HttpResponse:
    """Show every dossier the user may see, the latest change first."""
    return _list(
        request, Dossier.objects.visible_to(request.user), title=_("Hồ sơ"), usual_order="recent"
    )


@require_safe
def queue(request: UserRequest) -> HttpResponse:
    """Show what waits for the user's role, the most urgent first."""
    waiting = Dossier.objects.workable_by(request.user)
    return _list(request, waiting, title=_("Hồ sơ chờ tôi xử lý"), usual_order="due")


@require_safe
def copies(request: UserRequest) -> HttpResponse:
    """Show what the user's body gets a copy of, to follow it."""
    followed = Dossier.objects.visible_as_copy_to(request.user)
    return _list(request, followed, title=_("Hồ sơ gửi để theo dõi"), usual_order="recent")


def _list(
    request: UserRequest, dossiers: DossierQuerySet, *, title: str, usual_order: str
) -> HttpResponse:
    today = timezone.localdate()
    found = DossierFilter(
        request.GET,
        dossiers.for_list().defer("contact", "note"),
        user=request.user,
        today=today,
    )
    order = request.GET.get("sort", usual_order)
    order = order if order in ORDERS else usual_order
    if sheets.is_wanted(request.GET):
        taken = first_rows(found.qs, order=ORDERS[order], size=sheets.MOST_ROWS + 1)
        rows = [as_sent(dossier, request.user) for dossier in taken]
        note_export(
            "ho-so", rows=len(rows), params=request.GET, actor=request.user, now=timezone.now()
        )
        return sheets.sheet_response(rows, COLUMNS, name="ho-so", today=today)
    page = keyset_page(found.qs, order=ORDERS[order], params=request.GET)
    for dossier in page.object_list:
        as_sent(dossier, request.user)
    context = {
        "title": title,
        "filter": found,
        "page": page,
        "count": capped_count(found.qs),
        "order": order,
        "usual_order": usual_order,
        "rows_found": rows_found([dossier.pk for dossier in page], request.GET.get("q", "")),
    }
    return render_list(
        request, "requests_app/list.html", fragment="requests_app/_list.html", context=context
    )
