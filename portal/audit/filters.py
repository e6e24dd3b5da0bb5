"""How the audit list is narrowed down."""

from __future__ import annotations

from datetime import date
from typing import Any

import django_filters as filters
from django import forms
from django.utils.translation import gettext_lazy as _

from portal.audit.models import AuditEntry
from portal.audit.querysets import AuditEntryQuerySet
from portal.audit.words import action_choices, target_choices
from portal.core.web.forms import TypedDayFilter

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
