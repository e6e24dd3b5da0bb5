"""Narrowing the list of dossiers; the query string says everything, so a list can be kept."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import TYPE_CHECKING

import django_filters
from django import forms
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.agencies.models import Agency, AgencyKind
from portal.core.calendar.workdays import work_calendar
from portal.core.roles import Scope
from portal.core.text.vietnamese import search_key
from portal.core.web.forms import TypedDayFilter
from requests_app import kinds, words
from requests_app.models import Dossier
from requests_app.models.querysets import DossierQuerySet
from requests_app.pages import desks
from requests_app.workflow import Route, State

if TYPE_CHECKING:
    from django.http import QueryDict

    from portal.accounts.models import User

_USUAL = frozenset({"q", "state", "due"})
_LONG_AGO = date(1970, 1, 1)
_MOST_AGENCIES = 200  # a name that fits more bodies is too short to narrow anything


class DossierFilter(django_filters.FilterSet):
    """Filters of the dossier list; ``user`` and ``today`` are handed in."""

    q = django_filters.CharFilter(
        label=_("Số văn bản hoặc tên trong danh sách"), method="with_text"
    )
    kind = django_filters.ChoiceFilter(
        label=_("Loại hồ sơ"),
        choices=lambda: [
            (kind.code, f"Mẫu {kind.number}: {kind.title}") for kind in kinds.KINDS.values()
        ],
        empty_label=_("Tất cả"),
    )
    state = django_filters.ChoiceFilter(
        label=_("Trạng thái"), choices=State.choices, empty_label=_("Tất cả")
    )
    agency = django_filters.CharFilter(label=_("Đơn vị gửi"), method="from_agency")
    office = django_filters.ModelChoiceFilter(
        label=_("Sở, đơn vị chuyên trách"),
        queryset=Agency.objects.filter(kind=AgencyKind.OFFICE),
        to_field_name="uuid",
        empty_label=_("Tất cả"),
    )
    delegated = django_filters.ChoiceFilter(
        label=_("Nơi giải quyết"),
        choices=[("no", _("Cục")), ("yes", _("Sở giải quyết theo phân cấp"))],
        empty_label=_("Tất cả"),
        method="by_delegation",
    )
    since = TypedDayFilter(label=_("Cập nhật từ ngày"), method="updated_since")
    until = TypedDayFilter(label=_("Đến ngày"), method="updated_until")
    due = django_filters.ChoiceFilter(
        label=_("Thời hạn"),
        choices=[("overdue", _("Đã quá hạn")), ("today", _("Đến hạn hôm nay"))],
        empty_label=_("Tất cả"),
        method="by_due",
    )
    desk = django_filters.ChoiceFilter(
        label=_("Đang chờ"),
        choices=list(desks.DESKS.items()),
        empty_label=_("Tất cả"),
        method="at_desk",
    )
    waited = django_filters.ChoiceFilter(
        label=_("Đã chờ (ngày làm việc)"),
        choices=[(age, label) for age, (_first, label) in desks.AGES.items()],
        empty_label=_("Tất cả"),
        method="by_age",
    )

    class Meta:
        model = Dossier
        fields: list[str] = []

    def __init__(
        self, data: QueryDict, queryset: DossierQuerySet, *, user: User, today: date
    ) -> None:
        super().__init__(data, queryset)
        self.user, self.today = user, today
        if user.scope is Scope.BODY:
            del self.filters["agency"], self.filters["desk"], self.filters["waited"]
        if user.scope is not Scope.CA:
            del self.filters["office"], self.filters["delegated"]

    def with_text(self, dossiers: DossierQuerySet, name: str, value: str) -> DossierQuerySet:
        """Find the letter's number, or who or what a row is about."""
        # By what a correction holds that was not sent yet nobody else finds a dossier.
        return words.with_text(dossiers.read_as_sent_by(self.user), value)

    def from_agency(self, dossiers: DossierQuerySet, name: str, value: str) -> DossierQuerySet:
        bodies = Agency.objects.visible_to(self.user).filter(
            search_name__contains=search_key(value)
        )
        found = list(bodies.order_by().values_list("pk", flat=True)[:_MOST_AGENCIES])
        return dossiers.filter(agency__in=found)

    def updated_since(self, dossiers: DossierQuerySet, name: str, value: date) -> DossierQuerySet:
        # When `day` begins; before the portal there is nothing, and year 1 has no midnight that
        # every zone knows.
        return dossiers.filter(
            updated_at__gte=timezone.make_aware(datetime.combine(max(value, _LONG_AGO), time.min))
        )

    def updated_until(self, dossiers: DossierQuerySet, name: str, value: date) -> DossierQuerySet:
        return dossiers.filter(
            updated_at__lte=timezone.make_aware(datetime.combine(value, time.max))
        )

    def by_delegation(self, dossiers: DossierQuerySet, name: str, value: str) -> DossierQuerySet:
        """What an office carries out itself (275/BCY-CTSBMTT mục 5), or what is the CA's."""
        is_delegated = Q(route=Route.OFFICE_ONLY)
        return dossiers.filter(is_delegated if value == "yes" else ~is_delegated)

    def by_due(self, dossiers: DossierQuerySet, name: str, value: str) -> DossierQuerySet:
        waiting = dossiers.exclude(queue="")
        if value == "overdue":
            return waiting.filter(due_on__lt=self.today)
        return waiting.filter(due_on=self.today)

    def at_desk(self, dossiers: DossierQuerySet, name: str, value: str) -> DossierQuerySet:
        return dossiers.filter(desks.at_desk(value))

    def by_age(self, dossiers: DossierQuerySet, name: str, value: str) -> DossierQuerySet:
        old = desks.of_age(value, today=self.today, calendar=work_calendar())
        return dossiers.exclude(queue="").filter(old)

    @property
    def usual_fields(self) -> list[forms.BoundField]:
        """The fields that always stand open."""
        return [field for field in self.form if field.name in _USUAL]

    @property
    def further_fields(self) -> list[forms.BoundField]:
        """The fields one opens when they are needed."""
        return [field for field in self.form if field.name not in _USUAL]

    @property
    def is_narrowed(self) -> bool:
        """Whether anything but the order was asked for."""
        return any(field.value() for field in self.form)

    @property
    def is_narrowed_further(self) -> bool:
        """Whether a field that is usually folded away is in use."""
        return any(field.value() for field in self.further_fields)
