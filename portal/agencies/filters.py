"""How lists of bodies and subscribers are narrowed down."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import django_filters as filters
from django import forms
from django.utils.translation import gettext_lazy as _

from portal.agencies.models import Agency, AgencyKind, Subscriber, SubscriberKind
from portal.agencies.querysets import AgencyQuerySet, SubscriberQuerySet
from portal.core.roles import Scope

if TYPE_CHECKING:
    from portal.accounts.models import User

_ALL = _("Tất cả")


class _OneBody(filters.ModelChoiceFilter):
    """A body by UUID, set by a link and carried along unseen."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            queryset=Agency.objects.all(),
            to_field_name="uuid",
            widget=forms.HiddenInput,
            **kwargs,
        )


def _limit(one: filters.Filter, *, to: AgencyQuerySet) -> None:
    assert isinstance(one, _OneBody)
    one.queryset = to


class AgencyFilter(filters.FilterSet):
    """Name, province, office, seal, still existing; ``parent`` comes from a body's page."""

    q = filters.CharFilter(label=_("Tên đơn vị"), method="search")
    province = filters.ChoiceFilter(label=_("Tỉnh, thành phố"), empty_label=_ALL)
    office = filters.ModelChoiceFilter(
        label=_("Sở, Cục theo dõi"),
        queryset=Agency.objects.filter(kind=AgencyKind.OFFICE),
        to_field_name="uuid",
        empty_label=_ALL,
    )
    has_seal = filters.ChoiceFilter(
        label=_("Con dấu"),
        choices=[("True", _("Có con dấu riêng")), ("False", _("Không có con dấu riêng"))],
        empty_label=_ALL,
    )
    existing = filters.ChoiceFilter(
        label=_("Hoạt động"),
        choices=[("yes", _("Đang hoạt động")), ("no", _("Đã chấm dứt"))],
        empty_label=_ALL,
        method="by_existence",
    )
    parent = _OneBody()

    class Meta:
        model = Agency
        fields: list[str] = []

    def __init__(self, data: Any, *, user: User, today: date, queryset: AgencyQuerySet) -> None:
        super().__init__(data, queryset=queryset)
        self.today = today
        if user.scope in (Scope.OFFICE, Scope.BODY):
            del self.filters["office"]  # all they see is under one office
        provinces = queryset.order_by("province").values_list("province", flat=True).distinct()
        self.filters["province"].extra["choices"] = [(name, name) for name in provinces]
        _limit(self.filters["parent"], to=queryset)

    def search(self, agencies: AgencyQuerySet, _name: str, value: str) -> AgencyQuerySet:
        return agencies.named(value)

    def by_existence(self, agencies: AgencyQuerySet, _name: str, value: str) -> AgencyQuerySet:
        if value == "yes":
            return agencies.existing(self.today)
        return agencies.filter(dissolved_on__lte=self.today)


class SubscriberFilter(filters.FilterSet):
    """Name and kind; ``agency`` comes from a body's page."""

    q = filters.CharFilter(label=_("Tên thuê bao"), method="search")
    kind = filters.ChoiceFilter(label=_("Loại thuê bao"), choices=SubscriberKind, empty_label=_ALL)
    agency_name = filters.CharFilter(label=_("Tên đơn vị quản lý"), method="by_agency_name")
    agency = _OneBody()

    class Meta:
        model = Subscriber
        fields: list[str] = []

    def __init__(self, data: Any, *, user: User, queryset: SubscriberQuerySet) -> None:
        super().__init__(data, queryset=queryset)
        self.bodies = Agency.objects.visible_to(user)
        _limit(self.filters["agency"], to=self.bodies)

    def search(self, found: SubscriberQuerySet, _name: str, value: str) -> SubscriberQuerySet:
        return found.named(value)

    def by_agency_name(
        self, found: SubscriberQuerySet, _name: str, value: str
    ) -> SubscriberQuerySet:
        return found.filter(agency__in=self.bodies.named(value).order_by().values("pk"))
