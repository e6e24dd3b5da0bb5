"""Narrowing the list of devices; the query string says everything, so a list can be kept."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import django_filters
from django import forms
from django.utils.translation import gettext_lazy as _

from devices.lifecycle import PLACES, Condition
from devices.models import Device, DeviceKind
from devices.querysets import DeviceQuerySet
from portal.agencies.models import Agency
from portal.core.roles import Scope
from portal.core.text.vietnamese import search_key

if TYPE_CHECKING:
    from django.http import QueryDict

    from portal.accounts.models import User

_MOST_AGENCIES = 200  # a name that fits more bodies is too short to narrow anything
NOBODY = "none"
_ALL = _("Tất cả")


class DeviceFilter(django_filters.FilterSet):
    """Filters of the device list; ``user`` is handed in."""

    q = django_filters.CharFilter(label=_("Số hiệu, số SIM hoặc tên thuê bao"), method="with_text")
    kind = django_filters.ChoiceFilter(
        label=_("Loại"), choices=DeviceKind.choices, empty_label=_ALL
    )
    custody = django_filters.ChoiceFilter(
        label=_("Nơi giữ"), choices=PLACES, empty_label=_ALL, method="at_place"
    )
    condition = django_filters.ChoiceFilter(
        label=_("Tình trạng"), choices=Condition.choices, empty_label=_ALL
    )
    agency = django_filters.CharFilter(label=_("Cơ quan quản lý"), method="of_agency")
    notice = django_filters.ChoiceFilter(
        label=_("Mẫu 07"),
        choices=[("owed", _("Đã bàn giao, chưa gửi Mẫu 07"))],
        empty_label=_ALL,
        method="by_notice",
    )
    # Where another page leads to what one body has: whose it is, or who follows it; none: nobody.
    body = django_filters.CharFilter(method="of_body", widget=forms.HiddenInput)
    office = django_filters.CharFilter(method="of_body", widget=forms.HiddenInput)

    class Meta:
        model = Device
        fields: list[str] = []

    def __init__(self, data: QueryDict, queryset: DeviceQuerySet, *, user: User) -> None:
        super().__init__(data, queryset)
        self.user = user
        if user.scope is Scope.BODY:
            del self.filters["agency"]

    def with_text(self, devices: DeviceQuerySet, name: str, value: str) -> DeviceQuerySet:
        return devices.found_by(value)

    def at_place(self, devices: DeviceQuerySet, name: str, value: str) -> DeviceQuerySet:
        return devices.at(value)

    def of_body(self, devices: DeviceQuerySet, name: str, value: str) -> DeviceQuerySet:
        """Narrow to the devices of one body or office, given by its code; "none" to those of none.

        What is no code fits nothing.
        """
        column = "agency" if name == "body" else "office"
        if value == NOBODY:
            return devices.filter(**{f"{column}__isnull": True})
        try:
            return devices.filter(**{f"{column}__uuid": UUID(value)})
        except ValueError:
            return devices.none()

    def of_agency(self, devices: DeviceQuerySet, name: str, value: str) -> DeviceQuerySet:
        bodies = Agency.objects.visible_to(self.user).filter(
            search_name__contains=search_key(value)
        )
        found = list(bodies.order_by().values_list("pk", flat=True)[:_MOST_AGENCIES])
        return devices.filter(agency__in=found)

    def by_notice(self, devices: DeviceQuerySet, name: str, value: str) -> DeviceQuerySet:
        return devices.handed_over_without_notice()

    @property
    def is_narrowed(self) -> bool:
        """Whether anything was asked for."""
        return any(value for name, value in self.form.data.items() if name in self.filters)
