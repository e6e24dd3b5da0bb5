"""Pages that show use: the overview, certificates, one of them, bodies, one of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import django_filters
from django import forms
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from portal.agencies.models import Agency, SubscriberKind
from portal.agencies.querysets import AgencyQuerySet
from portal.audit.exports import note_export
from portal.ca.models import Certificate, CertificateState
from portal.ca.querysets import CertificateQuerySet
from portal.core.roles import Capability, Scope
from portal.core.web import sheets
from portal.core.web.fragments import filtered, render_list
from portal.core.web.paging import Order, capped_count, first_rows, keyset_page
from portal.core.web.sheets import SheetColumn
from portal.usage.figures import (
    MONTHS_SHOWN,
    BodyFigures,
    LastUse,
    body_figures,
    last_uses,
    sums_of,
    visible_sums,
    waiting_figures,
)
from portal.usage.inquiries.services import askable
from portal.usage.models import BodyMonth, UsageEvent, UsageMonth
from portal.usage.querysets import idle_for, supervised_bodies, used_since, without_signing
from portal.usage.rules import IDLE_DAYS, RECENT_DAYS, month_of, months_until

if TYPE_CHECKING:
    from django.http import QueryDict

    from portal.accounts.models import User, UserRequest

_ORDER = Order("not_after")
_BODIES_SHOWN = 25
_EVENTS_SHOWN = 20
_ALL = _("Tất cả")
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
            bound = self.now - timedelta(days=RECENT_DAYS)
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


@dataclass(frozen=True, slots=True)
class CertificateRow:
    """A certificate with its last use."""

    certificate: Certificate
    state: CertificateState
    use: LastUse


CERTIFICATE_COLUMNS: tuple[SheetColumn[CertificateRow], ...] = (
    SheetColumn(_("Tên chứng thư"), lambda row: row.certificate.common_name, 36),
    SheetColumn(_("Thuê bao"), lambda row: row.certificate.get_kind_display()),
    SheetColumn(_("Số hiệu"), lambda row: row.certificate.serial, 20),
    SheetColumn(_("Cơ quan quản lý"), lambda row: row.certificate.agency.name, 44),
    SheetColumn(_("Trạng thái"), lambda row: str(row.state.label)),
    SheetColumn(_("Hiệu lực đến"), lambda row: row.certificate.not_after),
    SheetColumn(_("Lần ký gần nhất"), lambda row: row.use.at),
    SheetColumn(_("Số lượt ký 12 tháng qua"), lambda row: row.use.recent, 24),
)
BODY_COLUMNS: tuple[SheetColumn[BodyFigures], ...] = (
    SheetColumn(_("Đơn vị"), lambda row: row.agency.name, 44),
    SheetColumn(_("Chứng thư đang dùng được"), lambda row: row.certificates, 24),
    SheetColumn(_("Có ký trong 90 ngày"), lambda row: row.used, 20),
    SheetColumn(_("Không dùng trên 90 ngày"), lambda row: row.idle, 24),
    SheetColumn(_("Lượt ký"), lambda row: row.events, 12),
    SheetColumn(_("Tháng ký gần nhất"), lambda row: row.last_month, 18),
)


@require_safe
def overview(request: UserRequest) -> HttpResponse:
    """Show what has to be looked at, and how often is signed."""
    user, now = _reader(request), timezone.now()
    context = {
        "figures": waiting_figures(user, now=now),
        "sums": sums_of(visible_sums(user), now=now),
        "recent_days": RECENT_DAYS,
    }
    return render(request, "usage/overview.html", context)


@require_safe
def certificates(request: UserRequest) -> HttpResponse:
    """List certificates with their last use, what ends first on top."""
    user, now = _reader(request), timezone.now()
    found = UseFilter(request.GET, Certificate.objects.visible_to(user), user=user, now=now)
    narrowed = filtered(found)
    assert isinstance(narrowed, CertificateQuerySet)
    # Until a use is asked for, what can be signed with: nobody asks about the dead.
    if not request.GET.get("use"):
        narrowed = narrowed.usable_at(now)
    if sheets.is_wanted(request.GET):
        listed = first_rows(narrowed.for_list(), order=_ORDER, size=sheets.MOST_ROWS + 1)
        rows = _certificate_rows(listed, now=now)
        note_export("su-dung", rows=len(rows), params=request.GET, actor=user, now=now)
        return sheets.sheet_response(
            rows, CERTIFICATE_COLUMNS, name="su-dung", today=timezone.localdate(now)
        )
    page = keyset_page(narrowed.for_list(), order=_ORDER, params=request.GET)
    may_ask = user.can(Capability.SUPERVISE_USE) and request.GET.get("use") == "askable"
    context = {
        "filter": found,
        "page": page,
        "rows": _certificate_rows(page, now=now),
        "count": capped_count(narrowed),
        "may_ask": may_ask,
    }
    return render_list(
        request, "usage/certificates.html", fragment="usage/_certificates.html", context=context
    )


@require_safe
def certificate(request: UserRequest, code: UUID) -> HttpResponse:
    """Show the use of one certificate by month and system, and its latest single events."""
    user, now = _reader(request), timezone.now()
    visible = Certificate.objects.visible_to(user).select_related("agency", "subscriber")
    one = get_object_or_404(visible.defer("der", "crl_entry"), uuid=code)
    shown = months_until(month_of(now), MONTHS_SHOWN)
    months = UsageMonth.objects.filter(certificate=one, month__gte=shown[0], count__gt=0)
    events = UsageEvent.objects.filter(certificate=one, is_withdrawn=False)
    # The person as a whole: the subscriber's other certificates, with their last use.
    others = Certificate.objects.visible_to(user).filter(subscriber=one.subscriber_id)
    siblings = list(others.exclude(pk=one.pk).for_list().order_by("-not_after")[:_EVENTS_SHOWN])
    uses = last_uses([one.pk, *(other.pk for other in siblings)], now=now)
    context = {
        "certificate": one,
        "use": uses.get(one.pk, LastUse()),
        "months": months.select_related("system").order_by("-month", "system__name"),
        "events": events.select_related("system").order_by("-moment", "-pk")[:_EVENTS_SHOWN],
        "siblings": [(other, uses.get(other.pk, LastUse())) for other in siblings],
        "inquiries": one.idle_inquiries.select_related("answered_by").order_by("-asked_at"),
    }
    return render(request, "usage/certificate.html", context)


@require_safe
def bodies(request: UserRequest) -> HttpResponse:
    """List bodies with what they have and what they do with it."""
    user, now = _reader(request), timezone.now()
    existing = supervised_bodies(user).existing(timezone.localdate(now))
    found = BodyFilter(request.GET, existing, now=now)
    narrowed = filtered(found).order_by("sort_name", "pk")
    if sheets.is_wanted(request.GET):
        rows = body_figures(narrowed[: sheets.MOST_ROWS + 1], now=now)
        note_export("su-dung-don-vi", rows=len(rows), params=request.GET, actor=user, now=now)
        return sheets.sheet_response(
            rows, BODY_COLUMNS, name="su-dung-don-vi", today=timezone.localdate(now)
        )
    page = Paginator(narrowed, _BODIES_SHOWN).get_page(request.GET.get("page"))
    context = {"filter": found, "page": page, "rows": body_figures(page, now=now)}
    return render_list(request, "usage/bodies.html", fragment="usage/_bodies.html", context=context)


@require_safe
def body(request: UserRequest, code: UUID) -> HttpResponse:
    """Show how often a body signs: by month, system and kind of document."""
    user, now = _reader(request), timezone.now()
    agency = get_object_or_404(supervised_bodies(user), uuid=code)
    (figures,) = body_figures([agency], now=now)
    context = {
        "agency": agency,
        "figures": figures,
        "sums": sums_of(BodyMonth.objects.filter(agency=agency), now=now),
        "recent_days": RECENT_DAYS,
    }
    return render(request, "usage/body.html", context)


def _reader(request: UserRequest) -> User:
    """Return who asks; raises PermissionDenied for who reads no certificates."""
    if not request.user.can(Capability.READ_DOSSIERS):
        raise PermissionDenied("who reads certificates")
    return request.user


def _certificate_rows(listed: Iterable[Certificate], *, now: datetime) -> list[CertificateRow]:
    shown = list(listed)
    uses = last_uses([one.pk for one in shown], now=now)
    return [CertificateRow(one, one.state(now), uses.get(one.pk, LastUse())) for one in shown]
