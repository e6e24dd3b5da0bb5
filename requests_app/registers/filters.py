"""Narrowing the registers; the query string says everything, so a register can be kept."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any

import django_filters
from django import forms
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from devices.lifecycle import Move
from devices.models import CustodyMove, DeviceKind
from devices.serials import normalise
from portal.agencies.models import Agency, SubscriberKind
from portal.ca.models import CertificateState, Storage
from portal.ca.querysets import EXPIRING_WITHIN_DAYS, CertificateQuerySet
from portal.core.roles import Scope
from portal.core.text.vietnamese import nfc, search_key
from requests_app import kinds
from requests_app.models import Dossier, DossierItem
from requests_app.models.querysets import DossierQuerySet
from requests_app.registers.handovers import HANDS_CHANGED
from requests_app.workflow import State

if TYPE_CHECKING:
    from django.http import QueryDict

    from portal.accounts.models import User

_ALL = _("Tất cả")
_LONG_AGO, _FAR_OFF = date(1970, 1, 1), date(9000, 1, 1)
_MOST_AGENCIES = 200  # a name that fits more bodies is too short to narrow anything


class DayFilter(django_filters.DateFilter):
    """A day as a bound of the moments in a column; as the last one it counts whole."""

    def __init__(self, column: str, *, is_last: bool = False, **kwargs: Any) -> None:
        lookup = "lte" if is_last else "gte"
        super().__init__(field_name=column, lookup_expr=lookup, **kwargs)
        self.moment = time.max if is_last else time.min

    def filter(self, qs: QuerySet[Any], value: date | None) -> QuerySet[Any]:
        """Narrow to the moments up to, or from, the day; the ends of time have no moments."""
        if value is None:
            return qs
        day = min(max(value, _LONG_AGO), _FAR_OFF)
        bound = timezone.make_aware(datetime.combine(day, self.moment))
        return qs.filter(**{f"{self.field_name}__{self.lookup_expr}": bound})


class RegisterFilter(django_filters.FilterSet):
    """What all registers are narrowed by: a text, days, the body; ``user`` and ``now`` come in."""

    class Meta:
        model = Dossier
        fields: list[str] = []

    def __init__(
        self, data: QueryDict, queryset: QuerySet[Any], *, user: User, now: datetime
    ) -> None:
        super().__init__(data, queryset)
        self.user, self.now = user, now
        if user.scope is Scope.BODY:
            self.filters.pop("agency", None)
        for field in self.form.fields.values():
            if isinstance(field, forms.DateField):
                field.widget.attrs |= {"placeholder": "dd/mm/yyyy", "inputmode": "numeric"}

    def of_agency(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        bodies = Agency.objects.visible_to(self.user).filter(
            search_name__contains=search_key(value)
        )
        found = list(bodies.order_by().values_list("pk", flat=True)[:_MOST_AGENCIES])
        return rows.filter(agency__in=found)

    @property
    def is_narrowed(self) -> bool:
        """Whether anything was asked for."""
        return any(field.value() for field in self.form)


class CertificateRegisterFilter(RegisterFilter):
    """Filters of sổ theo dõi chứng thư."""

    q = django_filters.CharFilter(
        label=_("Tên, số hiệu hoặc thư điện tử"), max_length=250, method="with_text"
    )
    kind = django_filters.ChoiceFilter(
        label=_("Thuê bao"), choices=SubscriberKind.choices, empty_label=_ALL
    )
    state = django_filters.ChoiceFilter(
        label=_("Trạng thái"),
        choices=[one for one in CertificateState.choices if one[0] != CertificateState.NOT_YET],
        empty_label=_ALL,
        method="in_state",
    )
    storage = django_filters.ChoiceFilter(
        field_name="key__storage",
        label=_("Nơi lưu khóa"),
        choices=Storage.choices,
        empty_label=_ALL,
    )
    since = DayFilter("issued_at", label=_("Cấp từ ngày"))
    until = DayFilter("issued_at", label=_("Cấp đến ngày"), is_last=True)
    ends_since = DayFilter("not_after", label=_("Hết hạn từ ngày"))
    ends_until = DayFilter("not_after", label=_("Hết hạn đến ngày"), is_last=True)
    agency = django_filters.CharFilter(label=_("Cơ quan quản lý"), method="of_agency")

    def with_text(self, rows: CertificateQuerySet, name: str, value: str) -> CertificateQuerySet:
        return rows.found_by(value)

    def in_state(self, rows: CertificateQuerySet, name: str, value: str) -> CertificateQuerySet:
        """Narrow to one state; "valid" holds those about to expire as well."""
        match value:
            case CertificateState.REVOKED:
                return rows.revoked()
            case CertificateState.EXPIRED:
                return rows.expired(self.now)
            case CertificateState.EXPIRING:
                return rows.expiring(self.now, within_days=EXPIRING_WITHIN_DAYS)
        return rows.valid_at(self.now)


class MoveRegisterFilter(RegisterFilter):
    """What both registers made of the ledger of devices are narrowed by."""

    q = django_filters.CharFilter(
        label=_("Số hiệu thiết bị, thuê bao hoặc người nhận"), max_length=250, method="with_text"
    )
    kind = django_filters.ChoiceFilter(
        field_name="device__kind",
        label=_("Loại thiết bị"),
        choices=DeviceKind.choices,
        empty_label=_ALL,
    )
    since = django_filters.DateFilter("happened_on", lookup_expr="gte", label=_("Từ ngày"))
    until = django_filters.DateFilter("happened_on", lookup_expr="lte", label=_("Đến ngày"))
    agency = django_filters.CharFilter(label=_("Cơ quan quản lý"), method="of_agency")

    def with_text(
        self, rows: QuerySet[CustodyMove], name: str, value: str
    ) -> QuerySet[CustodyMove]:
        return rows.filter(
            Q(device__serial__contains=normalise(value))
            | Q(subscriber__search_name__contains=search_key(value))
            | Q(holder__icontains=nfc(value))
        )


class HandoverRegisterFilter(MoveRegisterFilter):
    """Filters of sổ giao nhận thiết bị."""

    move = django_filters.ChoiceFilter(
        label=_("Việc"),
        choices=[(move.value, move.label) for move in HANDS_CHANGED],
        empty_label=_ALL,
    )


class LossRegisterFilter(MoveRegisterFilter):
    """Filters of sổ thiết bị thất lạc."""

    state = django_filters.ChoiceFilter(
        label=_("Kết quả"),
        choices=[("lost", _("Còn thất lạc")), ("found", _("Đã tìm lại được"))],
        empty_label=_ALL,
        method="in_state",
    )

    def in_state(self, rows: QuerySet[CustodyMove], name: str, value: str) -> QuerySet[CustodyMove]:
        found = CustodyMove.objects.filter(
            device=OuterRef("device"), move=Move.FIND, at__gte=OuterRef("at")
        )
        return rows.filter(Exists(found) if value == "found" else ~Exists(found))


class DossierRegisterFilter(RegisterFilter):
    """Filters of sổ văn bản đi."""

    q = django_filters.CharFilter(
        label=_("Số văn bản hoặc tên trong danh sách"), max_length=250, method="with_text"
    )
    kind = django_filters.ChoiceFilter(
        label=_("Loại hồ sơ"),
        choices=lambda: [
            (one.code, f"Mẫu {one.number}: {one.title}") for one in kinds.KINDS.values()
        ],
        empty_label=_ALL,
    )
    state = django_filters.ChoiceFilter(label=_("Kết quả"), choices=State.choices, empty_label=_ALL)
    since = DayFilter("sent_at", label=_("Gửi từ ngày"))
    until = DayFilter("sent_at", label=_("Gửi đến ngày"), is_last=True)
    agency = django_filters.CharFilter(label=_("Đơn vị gửi"), method="of_agency")

    def with_text(self, rows: QuerySet[Dossier], name: str, value: str) -> QuerySet[Dossier]:
        found = DossierItem.objects.filter(search_title__contains=search_key(value))
        assert isinstance(rows, DossierQuerySet)
        read = rows.read_as_sent_by(self.user)
        return read.filter(
            Q(letter_number__icontains=nfc(value)) | Q(pk__in=found.order_by().values("dossier"))
        )


FILTERS: Mapping[str, type[RegisterFilter]] = {
    "chung-thu": CertificateRegisterFilter,
    "giao-nhan-thiet-bi": HandoverRegisterFilter,
    "thiet-bi-that-lac": LossRegisterFilter,
    "van-ban-di": DossierRegisterFilter,
}
