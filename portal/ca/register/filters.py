"""Narrowing the list of certificates; the query string says everything, so a list can be kept."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import django_filters
from django.utils.translation import gettext_lazy as _

from portal.agencies.models import SubscriberKind
from portal.ca.models import Certificate, CertificateState
from portal.ca.querysets import EXPIRING_WITHIN_DAYS, CertificateQuerySet

if TYPE_CHECKING:
    from django.http import QueryDict

_STATES = [
    *(choice for choice in CertificateState.choices if choice[0] != CertificateState.NOT_YET),
    ("to_install", _("Chờ cài vào thiết bị")),
]


class CertificateFilter(django_filters.FilterSet):
    """Filters of the certificate list; ``now`` is handed in."""

    q = django_filters.CharFilter(
        label=_("Tên, số hiệu hoặc thư điện tử"), max_length=250, method="with_text"
    )
    kind = django_filters.ChoiceFilter(
        label=_("Thuê bao"), choices=SubscriberKind.choices, empty_label=_("Tất cả")
    )
    state = django_filters.ChoiceFilter(
        label=_("Trạng thái"), choices=_STATES, empty_label=_("Tất cả"), method="in_state"
    )

    class Meta:
        model = Certificate
        fields: list[str] = []

    def __init__(self, data: QueryDict, queryset: CertificateQuerySet, *, now: datetime) -> None:
        super().__init__(data, queryset)
        self.now = now

    def with_text(
        self, certificates: CertificateQuerySet, name: str, value: str
    ) -> CertificateQuerySet:
        return certificates.found_by(value)

    def in_state(
        self, certificates: CertificateQuerySet, name: str, value: str
    ) -> CertificateQuerySet:
        """Narrow to one state; "valid" holds those about to expire as well."""
        match value:
            case "to_install":
                return certificates.to_install(self.now)
            case CertificateState.REVOKED:
                return certificates.revoked()
            case CertificateState.EXPIRED:
                return certificates.expired(self.now)
            case CertificateState.EXPIRING:
                return certificates.expiring(self.now, within_days=EXPIRING_WITHIN_DAYS)
        return certificates.valid_at(self.now)
