"""The audit list: for auditors the acts of their tree, for administrators the administration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from portal.audit import checkpoints
from portal.audit.filters import AuditFilter
from portal.audit.models import AuditEntry, AuditHead
from portal.audit.querysets import Reader
from portal.core.roles import Capability
from portal.core.web.paging import Order, capped_count, keyset_page

if TYPE_CHECKING:

    class ReaderRequest(HttpRequest):
        """A request past LoginRequiredMiddleware; the model of the user lies higher."""

        user: Reader  # type: ignore[assignment]


@require_safe
def entry_list(request: ReaderRequest) -> HttpResponse:
    """Show what was done, the latest first."""
    reader = request.user
    if not reader.can(Capability.SEE_AUDIT):
        raise PermissionDenied
    found = AuditFilter(request.GET, AuditEntry.objects.visible_to(reader))
    page = keyset_page(found.qs, order=Order("at", is_descending=True), params=request.GET)
    wanted = {entry.agency_uuid for entry in page if entry.agency_uuid}
    context = {
        "filter": found,
        "page": page,
        "count": capped_count(found.qs),
        "bodies": dict(reader.bodies_in_view().filter(uuid__in=wanted).values_list("uuid", "name")),
        **_state_of_chain(),
    }
    is_fragment = request.headers.get("HX-Request") == "true"
    template = "audit/_list.html" if is_fragment else "audit/list.html"
    response = render(request, template, context)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _state_of_chain() -> dict[str, Any]:
    """Return how long the chain is and how far it is attested; "broken" when that can't be read."""
    head = AuditHead.objects.filter(id=1).first()
    length = head.sequence if head else 0
    try:
        return {"length": length, "checkpoint": checkpoints.latest(), "is_broken": False}
    except checkpoints.Broken:
        return {"length": length, "checkpoint": None, "is_broken": True}
