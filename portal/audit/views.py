"""The audit list: for auditors the acts of their tree, for administrators the administration."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import django_filters as filters
from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from portal.audit import checkpoints, verification
from portal.audit.models import AuditEntry, AuditHead
from portal.audit.querysets import AuditEntryQuerySet, Reader
from portal.audit.words import action_choices, target_choices
from portal.core.roles import Capability
from portal.core.web.forms import TypedDayFilter
from portal.core.web.paging import Order, capped_count, keyset_page

if TYPE_CHECKING:

    class ReaderRequest(HttpRequest):
        """A request past SignInFirst; the model of the user lies higher."""

        user: Reader  # type: ignore[assignment]


_ALL = _("Tất cả")


class AuditFilter(filters.FilterSet):
    """Act, kind of thing, days; one thing or one body by a link in the list."""

    action = filters.ChoiceFilter(label=_("Việc"), choices=action_choices, empty_label=_ALL)
    target_type = filters.ChoiceFilter(
        label=_("Loại đối tượng"), choices=target_choices, empty_label=_ALL
    )
    from_day = TypedDayFilter(label=_("Từ ngày"), method="since")
    to_day = TypedDayFilter(label=_("Đến ngày"), method="until")
    target = filters.UUIDFilter(field_name="target_uuid", widget=forms.HiddenInput)
    agency = filters.UUIDFilter(field_name="agency_uuid", widget=forms.HiddenInput)

    class Meta:
        model = AuditEntry
        fields: list[str] = []

    def since(self, entries: AuditEntryQuerySet, _name: str, day: date) -> AuditEntryQuerySet:
        return entries.since(day)

    def until(self, entries: AuditEntryQuerySet, _name: str, day: date) -> AuditEntryQuerySet:
        return entries.until(day)

    @property
    def is_narrowed(self) -> bool:
        """Say whether anything but a page was asked for."""
        asked = self.data or {}
        return any(asked.get(name) for name in self.filters)

    @property
    def narrowed_to(self) -> dict[str, Any]:
        """Return the unseen conditions in force: the page names them."""
        asked = self.data or {}
        return {name: asked[name] for name in ("target", "agency") if asked.get(name)}


@require_safe
def entry_list(request: ReaderRequest) -> HttpResponse:
    """Show what was done, the latest first."""
    reader = request.user
    if not reader.can(Capability.SEE_AUDIT):
        raise PermissionDenied
    found = AuditFilter(request.GET, AuditEntry.objects.visible_to(reader))
    page = keyset_page(found.qs, order=Order("at", is_descending=True), params=request.GET)
    bodies = reader.bodies_in_view().filter(
        uuid__in={entry.agency_uuid for entry in page if entry.agency_uuid}
    )
    head = AuditHead.objects.filter(id=1).first()
    try:
        checkpoint, is_broken = checkpoints.latest(), False
        verification.refuse_lost(head or AuditHead())
    except checkpoints.Broken:
        checkpoint, is_broken = None, True
    context = {
        "filter": found,
        "page": page,
        "count": capped_count(found.qs),
        "bodies": dict(bodies.values_list("uuid", "name")),
        # How long the chain is and how far it is attested.
        "length": head.sequence if head else 0,
        "checkpoint": checkpoint,
        "is_broken": is_broken,
    }
    is_fragment = request.headers.get("HX-Request") == "true"
    template = "audit/_list.html" if is_fragment else "audit/list.html"
    response = render(request, template, context)
    patch_vary_headers(response, ["HX-Request"])
    return response
