"""Pages about certificates: the list, one certificate, its files."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import django_filters
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from portal.agencies.models import SubscriberKind
from portal.audit.exports import note_export
from portal.ca.models import Certificate, CertificateState
from portal.ca.querysets import EXPIRING_WITHIN_DAYS, CertificateQuerySet
from portal.ca.register import services
from portal.ca.register.panels import panels_of
from portal.ca.register.views_installation import waiting
from portal.ca.register.words import happenings, sentence, waits_for, way_of_renewal
from portal.core.web import sheets
from portal.core.web.paging import Order, capped_count, first_rows, keyset_page
from portal.core.web.sheets import SheetColumn

if TYPE_CHECKING:
    from django.http import QueryDict

    from portal.accounts.models import UserRequest


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


TONES = {
    CertificateState.NOT_YET: "info",
    CertificateState.VALID: "success",
    CertificateState.EXPIRING: "warning",
    CertificateState.EXPIRED: "neutral",
    CertificateState.REVOKED: "danger",
}
_STANDING = frozenset({CertificateState.VALID, CertificateState.EXPIRING, "to_install"})
ORDERS = {"last": Order("not_after", is_descending=True), "first": Order("not_after")}


@dataclass(frozen=True, slots=True)
class Row:
    """A certificate as lists show it."""

    certificate: Certificate
    state: CertificateState
    tone: str
    days_left: int
    waits: str = ""  # for the new certificate to be put on the device
    way: str = ""  # what can still be asked for, where it soon expires


COLUMNS: tuple[SheetColumn[Row], ...] = (
    SheetColumn(_("Tên chứng thư"), lambda row: row.certificate.common_name, 36),
    SheetColumn(_("Thuê bao"), lambda row: row.certificate.get_kind_display()),
    SheetColumn(_("Số hiệu"), lambda row: row.certificate.serial, 20),
    SheetColumn(_("Thư điện tử"), lambda row: row.certificate.email, 34),
    SheetColumn(_("Cơ quan quản lý"), lambda row: row.certificate.agency.name, 44),
    SheetColumn(_("Hiệu lực từ"), lambda row: row.certificate.not_before),
    SheetColumn(_("Hiệu lực đến"), lambda row: row.certificate.not_after),
    SheetColumn(_("Trạng thái"), lambda row: str(row.state.label)),
    SheetColumn(_("Cài đặt"), lambda row: row.waits, 26),
    SheetColumn(_("Việc làm được"), lambda row: row.way, 36),
)


@require_safe
def certificate_list(request: UserRequest) -> HttpResponse:
    """Show the certificates the user may see: until something else is asked for, those in force.

    What stands begins with what expires first, what has ended with what ended last.
    """
    now = timezone.now()
    asked = request.GET.copy()
    if not CertificateFilter.base_filters.keys() & asked.keys():
        asked["state"] = CertificateState.VALID
    found = CertificateFilter(asked, Certificate.objects.visible_to(request.user), now=now)
    usual = "first" if asked.get("state") in _STANDING else "last"
    order = request.GET.get("sort", usual)
    order = order if order in ORDERS else usual
    narrowed = found.qs
    assert isinstance(narrowed, CertificateQuerySet)
    if sheets.is_wanted(request.GET):
        listed = first_rows(narrowed.for_list(), order=ORDERS[order], size=sheets.MOST_ROWS + 1)
        rows = _rows(listed, now=now)
        note_export("chung-thu", rows=len(rows), params=request.GET, actor=request.user, now=now)
        today = timezone.localdate(now)
        return sheets.sheet_response(rows, COLUMNS, name="chung-thu", today=today)
    page = keyset_page(narrowed.for_list(), order=ORDERS[order], params=request.GET)
    context = {
        "filter": found,
        "page": page,
        "rows": _rows(page, now=now),
        "count": capped_count(narrowed),
        "order": order,
        "kinds_to_renew": [kind for kind in SubscriberKind if kind in {one.kind for one in page}]
        if asked.get("state") == CertificateState.EXPIRING
        else [],
        "is_narrowed": any(request.GET.get(name) for name in CertificateFilter.base_filters),
        "is_usual": asked != request.GET,
    }
    htmx = request.htmx  # type: ignore[attr-defined]
    is_fragment = htmx and not htmx.history_restore_request
    template = "ca/_list.html" if is_fragment else "ca/list.html"
    response = render(request, template, context)
    patch_vary_headers(response, ["HX-Request"])
    return response


@require_safe
def detail(request: UserRequest, code: UUID) -> HttpResponse:
    """Show one certificate: what it is worth today, whom it names, what became of it."""
    now = timezone.now()
    certificate = _visible(request, code)
    line = list(Certificate.objects.visible_to(request.user).same_line(certificate).for_list())
    # The thing the key lives in, with its page; None for keys without one.
    device: dict[str, str] | None = None
    if (thing := getattr(certificate.key, "device", None)) is not None:
        device = {"name": str(thing), "url": _link("devices:detail", thing.uuid)}
    context = {
        "certificate": certificate,
        "row": _rows([certificate], now=now)[0],
        "waiting": waiting(
            certificate, request.user, device=device["name"] if device else "", now=now
        ),
        "sentence": sentence(certificate, now=now),
        "algorithm": certificate.key.algorithm_in_words,
        "device": device,
        "agency_url": _link("agencies:detail", certificate.agency.uuid),
        "line": _rows(line, now=now),
        "panels": panels_of(certificate, request.user, now=now),
        "happenings": sorted(
            happenings(certificate, line, now=now), key=lambda one: one.at, reverse=True
        ),
    }
    return render(request, "ca/detail.html", context)


@require_safe
def download_cer(request: UserRequest, code: UUID) -> HttpResponse:
    """Hand out the certificate as DER, as the CA mails it."""
    certificate = _visible(request, code)
    name = f"{certificate.serial}.cer"
    return _file(bytes(certificate.der), name=name, media_type="application/pkix-cert")


@require_safe
def download_pem(request: UserRequest, code: UUID) -> HttpResponse:
    certificate = _visible(request, code)
    content = services.pem(bytes(certificate.der)).encode()
    return _file(content, name=f"{certificate.serial}.pem", media_type="application/x-pem-file")


@require_safe
def download_chain(request: UserRequest, code: UUID) -> HttpResponse:
    """Hand out the certificate, the issuing CA's and the root's in one PEM file."""
    certificate = _visible(request, code)
    content = services.pem(bytes(certificate.der), *services.chain(certificate.ca)).encode()
    name = f"{certificate.serial}-chuoi.pem"
    return _file(content, name=name, media_type="application/x-pem-file")


def _visible(request: UserRequest, code: UUID) -> Certificate:
    certificates = Certificate.objects.visible_to(request.user)
    return get_object_or_404(
        certificates.select_related("agency", "subscriber", "key", "key__device"), uuid=code
    )


def _rows(certificates: Iterable[Certificate], *, now: datetime) -> list[Row]:
    """Return the certificates as lists show them, with what they wait for."""
    shown = list(certificates)
    replaced = Certificate.objects.filter(predecessor__in=[one.pk for one in shown])
    has_successor = set(replaced.values_list("predecessor", flat=True))
    today = timezone.localdate(now)
    rows = []
    for one in shown:
        state = one.state(now)
        waits = waits_for(one, has_successor=one.pk in has_successor, now=now)
        is_ending = state == CertificateState.EXPIRING and one.pk not in has_successor
        way = way_of_renewal(one, today=today) if is_ending else ""
        rows.append(Row(one, state, TONES[state], one.days_left(today), waits, way))
    return rows


def _link(route: str, uuid: UUID) -> str:
    """Return the address of another app's page, or "" where there is no such page."""
    try:
        return reverse(route, args=[uuid])
    except NoReverseMatch:
        return ""


def _file(content: bytes, *, name: str, media_type: str) -> HttpResponse:
    response = HttpResponse(content, content_type=media_type)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["X-Content-Type-Options"] = "nosniff"
    return response
