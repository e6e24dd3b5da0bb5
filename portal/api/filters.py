"""Narrowing the lists of the API; dates are ISO 8601 here."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import django_filters
from django.core.exceptions import ValidationError
from django.utils import timezone
from django_filters.fields import IsoDateTimeField

from devices.lifecycle import Condition, Custody
from devices.models import Device, DeviceKind
from devices.querysets import DeviceQuerySet
from portal.accounts.models import User
from portal.agencies.models import SubscriberKind
from portal.agencies.querysets import of_subscribers_named
from portal.ca.models import Certificate, CertificateState
from portal.ca.querysets import EXPIRING_WITHIN_DAYS, CertificateQuerySet
from requests_app.models import Dossier
from requests_app.models.querysets import DossierQuerySet
from requests_app.workflow import State

_FIRST_YEAR, _LAST_YEAR = 2, 9998


class _MomentField(IsoDateTimeField):
    """A moment that exists in every zone: at the ends of time one does in some only."""

    def to_python(self, value: Any) -> datetime | None:
        moment: datetime | None = super().to_python(value)
        if moment is not None and not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return moment


class MomentFilter(django_filters.IsoDateTimeFilter):
    field_class = _MomentField


class DossierFilters(django_filters.FilterSet):
    """Filters of the list of dossiers."""

    kind = django_filters.CharFilter(help_text="Code of the form, e.g. mau_01_person.")
    state = django_filters.MultipleChoiceFilter(choices=State.choices)
    agency = django_filters.UUIDFilter(field_name="agency__uuid", help_text="Who sends it.")
    letter_number = django_filters.CharFilter(
        method="numbered", help_text="Number of the letter, whole."
    )
    updated_since = MomentFilter(field_name="updated_at", lookup_expr="gte")
    updated_before = MomentFilter(field_name="updated_at", lookup_expr="lt")
    due_before = django_filters.DateFilter(
        field_name="due_on", lookup_expr="lt", input_formats=["%Y-%m-%d"]
    )
    waits_for_me = django_filters.BooleanFilter(
        method="waiting", help_text="Only what waits for the role of this account."
    )

    class Meta:
        model = Dossier
        fields: list[str] = []

    def numbered(self, dossiers: DossierQuerySet, name: str, value: str) -> DossierQuerySet:
        """What another body is still correcting is not found by the number it has now."""
        assert self.request is not None
        assert isinstance(self.request.user, User)
        return dossiers.read_as_sent_by(self.request.user).filter(letter_number=value)

    def waiting(self, dossiers: DossierQuerySet, name: str, value: bool) -> DossierQuerySet:
        assert self.request is not None
        assert isinstance(self.request.user, User)
        return dossiers.workable_by(self.request.user) if value else dossiers


class CertificateFilters(django_filters.FilterSet):
    """Filters of the list of certificates."""

    serial = django_filters.CharFilter(method="of_serial", help_text="16 hex digits.")
    q = django_filters.CharFilter(
        method="with_text", help_text="Words of the name, or how serial number or e-mail begins."
    )
    kind = django_filters.ChoiceFilter(choices=SubscriberKind.choices)
    state = django_filters.ChoiceFilter(
        choices=[one for one in CertificateState.choices if one[0] != CertificateState.NOT_YET],
        method="in_state",
        help_text="Of this moment; valid holds those about to expire as well.",
    )
    agency = django_filters.UUIDFilter(field_name="agency__uuid")
    ends_before = MomentFilter(field_name="not_after", lookup_expr="lt")

    class Meta:
        model = Certificate
        fields: list[str] = []

    def of_serial(
        self, certificates: CertificateQuerySet, name: str, value: str
    ) -> CertificateQuerySet:
        return certificates.filter(serial=value.strip().upper())

    def with_text(
        self, certificates: CertificateQuerySet, name: str, value: str
    ) -> CertificateQuerySet:
        return certificates.found_by(value)

    def in_state(
        self, certificates: CertificateQuerySet, name: str, value: str
    ) -> CertificateQuerySet:
        now = timezone.now()
        match value:
            case CertificateState.REVOKED:
                return certificates.revoked()
            case CertificateState.EXPIRED:
                return certificates.expired(now)
            case CertificateState.EXPIRING:
                return certificates.expiring(now, within_days=EXPIRING_WITHIN_DAYS)
        return certificates.valid_at(now)


class DeviceFilters(django_filters.FilterSet):
    """Filters of the list of devices."""

    serial = django_filters.CharFilter(help_text="As printed on the device, whole.")
    q = django_filters.CharFilter(
        method="with_text", help_text="Words of the holder's name, from their first letters on."
    )
    kind = django_filters.ChoiceFilter(choices=DeviceKind.choices)
    custody = django_filters.ChoiceFilter(choices=Custody.choices)
    condition = django_filters.ChoiceFilter(choices=Condition.choices)
    agency = django_filters.UUIDFilter(field_name="agency__uuid")

    class Meta:
        model = Device
        fields: list[str] = []

    def with_text(self, devices: DeviceQuerySet, name: str, value: str) -> DeviceQuerySet:
        return of_subscribers_named(devices, value)
