"""Certificates of public CAs that bodies use beside: the list, noting one, how it ended."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import django_filters
from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.agencies.forms import BodyField
from portal.audit.exports import note_export
from portal.core.roles import Capability
from portal.core.text.identifiers import normalise_serial
from portal.core.web import sheets
from portal.core.web.forms import CheckedField, DayField
from portal.core.web.fragments import filtered, render_list
from portal.core.web.paging import Order, capped_count, first_rows, keyset_page
from portal.core.web.refusals import Refusals
from portal.core.web.sheets import SheetColumn
from portal.usage.models import PublicCertificate
from portal.usage.public_certificates import services
from portal.usage.public_certificates.services import PublicFacts
from portal.usage.querysets import PublicCertificateQuerySet, supervised_bodies
from portal.usage.rules import LONGEST_SERIAL

if TYPE_CHECKING:
    from portal.accounts.models import UserRequest

_ORDER = Order("valid_until")
_SOON = timedelta(days=30)
COLUMNS: tuple[SheetColumn[PublicCertificate], ...] = (
    SheetColumn(gettext_lazy("Đơn vị"), lambda one: one.agency.name, 44),
    SheetColumn(gettext_lazy("Ai dùng"), lambda one: one.holder, 36),
    SheetColumn(gettext_lazy("Tổ chức cung cấp"), lambda one: one.issuer, 36),
    SheetColumn(gettext_lazy("Số hiệu"), lambda one: one.serial, 36),
    SheetColumn(gettext_lazy("Dùng để làm gì"), lambda one: one.purpose, 36),
    SheetColumn(gettext_lazy("Hiệu lực đến"), lambda one: one.valid_until),
    SheetColumn(gettext_lazy("Trạng thái"), lambda one: one.get_state_display(), 30),
    SheetColumn(
        gettext_lazy("Thay bằng"), lambda one: one.replaced_by.serial if one.replaced_by else "", 20
    ),
    SheetColumn(gettext_lazy("Ghi chú"), lambda one: one.note, 36),
)


class PublicFilter(django_filters.FilterSet):
    """Filters of the list; ``user`` is handed in."""

    state = django_filters.ChoiceFilter(
        label=gettext_lazy("Trạng thái"),
        choices=PublicCertificate.State.choices,
        empty_label=gettext_lazy("Tất cả"),
    )
    q = django_filters.CharFilter(label=gettext_lazy("Đơn vị"), max_length=250, method="of_agency")

    class Meta:
        model = PublicCertificate
        fields: list[str] = []

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def of_agency(
        self, rows: PublicCertificateQuerySet, name: str, value: str
    ) -> PublicCertificateQuerySet:
        bodies = supervised_bodies(self.user).named(value)
        return rows.filter(agency__in=bodies.values("pk"))


class NoteForm(forms.Form):
    """A certificate of a public CA."""

    agency = BodyField(
        label=gettext_lazy("Đơn vị"),
        required=False,
        help_text=gettext_lazy("Để trống: đơn vị của anh/chị."),
    )
    holder = CheckedField(label=gettext_lazy("Ai dùng"), max_length=250)
    issuer = CheckedField(
        label=gettext_lazy("Tổ chức cung cấp"),
        max_length=250,
        help_text=gettext_lazy("Tên tổ chức cung cấp dịch vụ chứng thực công cộng."),
    )
    serial = CheckedField(label=gettext_lazy("Số hiệu"), max_length=LONGEST_SERIAL, required=False)
    purpose = CheckedField(
        label=gettext_lazy("Dùng để làm gì"),
        max_length=250,
        help_text=gettext_lazy("Ví dụ: nộp bảo hiểm xã hội, hóa đơn, kho bạc."),
    )
    valid_until = DayField(label=gettext_lazy("Hiệu lực đến"))
    note = CheckedField(label=gettext_lazy("Ghi chú"), max_length=500, required=False)


class SerialForm(forms.Form):
    """By which certificate one was replaced."""

    serial = CheckedField(
        label=gettext_lazy("Số hiệu chứng thư công vụ thay thế"), max_length=LONGEST_SERIAL
    )


@require_safe
def public_list(request: UserRequest) -> HttpResponse:
    """List them, what ends first on top."""
    user = request.user
    if not user.can(Capability.READ_DOSSIERS):
        raise PermissionDenied("who reads certificates")
    found = PublicFilter(request.GET, PublicCertificate.objects.visible_to(user), user=user)
    narrowed = filtered(found)
    if sheets.is_wanted(request.GET):
        now = timezone.now()
        rows = first_rows(narrowed.for_list(), order=_ORDER, size=sheets.MOST_ROWS + 1)  # type: ignore[attr-defined]
        note_export("cts-cong-cong", rows=len(rows), params=request.GET, actor=user, now=now)
        return sheets.sheet_response(
            rows, COLUMNS, name="cts-cong-cong", today=timezone.localdate(now)
        )
    context = {
        "filter": found,
        "page": keyset_page(narrowed.for_list(), order=_ORDER, params=request.GET),  # type: ignore[attr-defined]
        "count": capped_count(narrowed),
        "soon": timezone.localdate() + _SOON,
        "may_note": user.can(Capability.REPORT_USE),
    }
    return render_list(request, "usage/public.html", fragment="usage/_public.html", context=context)


@require_http_methods(["GET", "HEAD", "POST"])
def note(request: UserRequest) -> HttpResponse:
    """Note one that is in use; a signed paper may have said most of it already."""
    _require_reporter(request)
    form = NoteForm(request.POST or None, initial=request.GET.dict())
    if request.method == "POST" and form.is_valid():
        facts = dict(form.cleaned_data)
        agency = facts.pop("agency") or request.user.agency
        facts["serial"] = normalise_serial(facts["serial"])
        refused = Refusals()
        with refused:
            services.note(PublicFacts(**facts), agency, actor=request.user, now=timezone.now())
            messages.success(request, _("Đã ghi. Hệ thống theo dõi đến khi được thay thế."))
            return redirect("usage:public")
        refused.put_on(form)
    return render(request, "usage/public_note.html", {"form": form})


@require_safe
def public(request: UserRequest, code: UUID) -> HttpResponse:
    return _page(request, _visible(request, code), SerialForm())


@require_POST
def replace(request: UserRequest, code: UUID) -> HttpResponse:
    """Note by which certificate it was replaced."""
    _require_reporter(request)
    one, form = _visible(request, code), SerialForm(request.POST)
    if not form.is_valid():
        return _page(request, one, form)
    refused, serial = Refusals(), normalise_serial(form.cleaned_data["serial"])
    with refused:
        services.replace(one, serial, actor=request.user, now=timezone.now())
        messages.success(request, _("Đã ghi chứng thư công vụ thay thế."))
        return redirect("usage:public_one", one.uuid)
    refused.put_on(form, "serial")
    return _page(request, one, form)


@require_POST
def end(request: UserRequest, code: UUID) -> HttpResponse:
    """Note that it is used no more."""
    _require_reporter(request)
    one, refused = _visible(request, code), Refusals()
    with refused:
        services.end(one, actor=request.user, now=timezone.now())
        messages.success(request, _("Đã ghi là thôi dùng."))
    refused.tell(request)
    return redirect("usage:public_one", one.uuid)


def _visible(request: UserRequest, code: UUID) -> PublicCertificate:
    visible = PublicCertificate.objects.visible_to(request.user).for_list()
    return get_object_or_404(visible.select_related("noted_by", "closed_by"), uuid=code)


def _page(request: UserRequest, one: PublicCertificate, form: SerialForm) -> HttpResponse:
    is_in_use = one.state == PublicCertificate.State.IN_USE
    context = {
        "one": one,
        "form": form,
        "may_close": is_in_use and request.user.can(Capability.REPORT_USE),
    }
    return render(request, "usage/public_one.html", context)


def _require_reporter(request: UserRequest) -> None:
    if not request.user.can(Capability.REPORT_USE):
        raise PermissionDenied("who reports on use")
