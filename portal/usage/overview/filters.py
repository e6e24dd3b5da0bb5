"""Narrowing the lists of supervision; the query string says everything."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import django_filters
from django import forms
from django.utils.translation import gettext_lazy as _

from portal.agencies.models import Agency, SubscriberKind
from portal.agencies.querysets import AgencyQuerySet
from portal.ca.models import Certificate
from portal.ca.querysets import CertificateQuerySet
from portal.core.roles import Scope
from portal.usage.inquiries.services import askable
from portal.usage.querysets import idle_for, supervised_bodies, used_since, without_signing
from portal.usage.rules import IDLE_DAYS, RECENT_DAYS

if TYPE_CHECKING:
    from django.http import QueryDict

    from portal.accounts.models import User

_ALL = _("Tất cả")
_DAY = timedelta(days=1)
_MOST_BODIES = 200  # a name that fits more is too short to narrow anything


class UseFilter(django_filters.FilterSet):
    """Filters of the list of certificates by use; ``user`` and ``now`` are handed in."""

    q = django_filters.CharFilter(
        label=_("Tên, số hiệu hoặc thư điện tử"), max_length=250, method="with_text"
    )
    use = django_filters.ChoiceFilter(
        label=_("Sử dụng"),
        choices=[
            ("recent", _("Có ký trong 90 ngày qua")),
            *((str(days), _("Không dùng từ %(days)d ngày") % {"days": days}) for days in IDLE_DAYS),
            ("askable", _("Không dùng, chưa hỏi đơn vị")),
        ],
        empty_label=_ALL,
        method="by_use",
    )
    kind = django_filters.ChoiceFilter(
        label=_("Thuê bao"), choices=SubscriberKind.choices, empty_label=_ALL
    )
    agency = django_filters.CharFilter(
        label=_("Cơ quan quản lý"), max_length=250, method="of_agency"
    )
    # Where another page leads to what one body or one person has.
    body = django_filters.CharFilter(method="of_body", widget=forms.HiddenInput)
    holder = django_filters.CharFilter(method="of_body", widget=forms.HiddenInput)

    class Meta:
        model = Certificate
        fields: list[str] = []

    def __init__(
        self, data: QueryDict, queryset: CertificateQuerySet, *, user: User, now: datetime
    ) -> None:
        super().__init__(data, queryset)
        self.user, self.now = user, now
        if user.scope is Scope.BODY:
            del self.filters["agency"]

    def with_text(
        self, certificates: CertificateQuerySet, name: str, value: str
    ) -> CertificateQuerySet:
        return certificates.found_by(value)

    def by_use(
        self, certificates: CertificateQuerySet, name: str, value: str
    ) -> CertificateQuerySet:
        """Narrow by use; whoever lies idle for a year lies idle for 90 days as well."""
        if value == "recent":
            bound = self.now - RECENT_DAYS * _DAY
            return certificates.usable_at(self.now).filter(used_since(bound))
        if value == "askable":
            return askable(certificates, now=self.now)
        return idle_for(certificates, int(value), now=self.now)

    def of_agency(
        self, certificates: CertificateQuerySet, name: str, value: str
    ) -> CertificateQuerySet:
        bodies = supervised_bodies(self.user).named(value)
        return certificates.filter(
            agency__in=list(bodies.values_list("pk", flat=True)[:_MOST_BODIES])
        )

    def of_body(
        self, certificates: CertificateQuerySet, name: str, value: str
    ) -> CertificateQuerySet:
        """Narrow to one body's or one subscriber's; what is no code fits nothing."""
        column = "agency__uuid" if name == "body" else "subscriber__uuid"
        try:
            return certificates.filter(**{column: UUID(value)})
        except ValueError:
            return certificates.none()

    @property
    def is_narrowed(self) -> bool:
        return any(value for name, value in self.form.data.items() if name in self.filters)


class BodyFilter(django_filters.FilterSet):
    """Filters of the list of bodies; ``now`` is handed in."""

    q = django_filters.CharFilter(label=_("Tên đơn vị"), max_length=250, method="with_text")
    use = django_filters.ChoiceFilter(
        label=_("Sử dụng"),
        choices=[("none", _("Có chứng thư nhưng không ký trong 90 ngày"))],
        empty_label=_ALL,
        method="by_use",
    )

    class Meta:
        model = Agency
        fields: list[str] = []

    def __init__(self, data: QueryDict, queryset: AgencyQuerySet, *, now: datetime) -> None:
        super().__init__(data, queryset)
        self.now = now

    def with_text(self, bodies: AgencyQuerySet, name: str, value: str) -> AgencyQuerySet:
        return bodies.named(value)

    def by_use(self, bodies: AgencyQuerySet, name: str, value: str) -> AgencyQuerySet:
        return without_signing(bodies, RECENT_DAYS, now=self.now)

    @property
    def is_narrowed(self) -> bool:
        return any(value for name, value in self.form.data.items() if name in self.filters)
