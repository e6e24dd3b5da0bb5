"""Alarms: the list, one of them, the body's word, the conclusion."""

from __future__ import annotations

from typing import TYPE_CHECKING
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
from django.views.decorators.http import require_POST, require_safe

from portal.audit.exports import note_export
from portal.core.roles import Capability
from portal.core.web import sheets
from portal.core.web.forms import CheckedField
from portal.core.web.fragments import filtered, render_list
from portal.core.web.paging import Order, capped_count, first_rows, keyset_page
from portal.core.web.refusals import Refusals
from portal.core.web.sheets import SheetColumn
from portal.usage.alarms import services
from portal.usage.models import UsageAlarm
from portal.usage.querysets import UsageAlarmQuerySet
from portal.usage.rules import Offence

if TYPE_CHECKING:
    from portal.accounts.models import UserRequest

_ORDER = Order("raised_at", is_descending=True)
COLUMNS: tuple[SheetColumn[UsageAlarm], ...] = (
    SheetColumn(gettext_lazy("Cảnh báo lúc"), lambda one: one.raised_at),
    SheetColumn(gettext_lazy("Trường hợp"), lambda one: one.get_offence_display(), 40),
    SheetColumn(gettext_lazy("Tên chứng thư"), lambda one: one.certificate.common_name, 36),
    SheetColumn(gettext_lazy("Số hiệu"), lambda one: one.certificate.serial, 20),
    SheetColumn(gettext_lazy("Cơ quan quản lý"), lambda one: one.certificate.agency.name, 44),
    SheetColumn(gettext_lazy("Số lượt ký"), lambda one: one.count),
    SheetColumn(gettext_lazy("Lần đầu"), lambda one: one.first_at),
    SheetColumn(gettext_lazy("Gần nhất"), lambda one: one.last_at),
    SheetColumn(gettext_lazy("Giải trình"), lambda one: one.explanation, 40),
    SheetColumn(gettext_lazy("Kết luận"), lambda one: one.finding, 40),
)


class AlarmFilter(django_filters.FilterSet):
    """Filters of the list of alarms."""

    state = django_filters.ChoiceFilter(
        label=gettext_lazy("Trạng thái"),
        choices=[
            ("open", gettext_lazy("Chưa kết luận")),
            ("unexplained", gettext_lazy("Chưa giải trình")),
            ("closed", gettext_lazy("Đã kết luận")),
        ],
        empty_label=gettext_lazy("Tất cả"),
        method="in_state",
    )
    offence = django_filters.ChoiceFilter(
        label=gettext_lazy("Trường hợp"),
        choices=Offence.choices,
        empty_label=gettext_lazy("Tất cả"),
    )

    class Meta:
        model = UsageAlarm
        fields: list[str] = []

    def in_state(self, alarms: UsageAlarmQuerySet, name: str, value: str) -> UsageAlarmQuerySet:
        match value:
            case "open":
                return alarms.open()
            case "unexplained":
                return alarms.unexplained()
        return alarms.filter(closed_at__isnull=False)


class WordForm(forms.Form):
    """What somebody says of an alarm."""

    words = CheckedField(
        label=gettext_lazy("Nội dung"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
    )


@require_safe
def alarm_list(request: UserRequest) -> HttpResponse:
    """List alarms, the newest on top."""
    if not request.user.can(Capability.READ_DOSSIERS):
        raise PermissionDenied("who reads certificates")
    found = AlarmFilter(request.GET, UsageAlarm.objects.visible_to(request.user))
    narrowed = filtered(found)
    if sheets.is_wanted(request.GET):
        now = timezone.now()
        rows = first_rows(narrowed.for_list(), order=_ORDER, size=sheets.MOST_ROWS + 1)  # type: ignore[attr-defined]
        note_export("canh-bao", rows=len(rows), params=request.GET, actor=request.user, now=now)
        return sheets.sheet_response(rows, COLUMNS, name="canh-bao", today=timezone.localdate(now))
    context = {
        "filter": found,
        "page": keyset_page(narrowed.for_list(), order=_ORDER, params=request.GET),  # type: ignore[attr-defined]
        "count": capped_count(narrowed),
    }
    return render_list(request, "usage/alarms.html", fragment="usage/_alarms.html", context=context)


@require_safe
def alarm(request: UserRequest, code: UUID) -> HttpResponse:
    return _page(request, _visible(request, code))


@require_POST
def explain(request: UserRequest, code: UUID) -> HttpResponse:
    """Keep what the body says."""
    if not request.user.can(Capability.REPORT_USE):
        raise PermissionDenied("the body's clerk explains")
    one, form = _visible(request, code), WordForm(request.POST)
    if not form.is_valid():
        return _page(request, one, form)
    refused = Refusals()
    with refused:
        services.explain(one, form.cleaned_data["words"], actor=request.user, now=timezone.now())
        messages.success(request, _("Đã lưu giải trình."))
        return redirect("usage:alarm", one.uuid)
    refused.put_on(form)
    return _page(request, one, form)


@require_POST
def close(request: UserRequest, code: UUID) -> HttpResponse:
    """Conclude the alarm."""
    if not request.user.can(Capability.SUPERVISE_USE):
        raise PermissionDenied("who supervises concludes")
    one, form = _visible(request, code), WordForm(request.POST)
    if not form.is_valid():
        return _page(request, one, form)
    refused = Refusals()
    with refused:
        services.close(one, form.cleaned_data["words"], actor=request.user, now=timezone.now())
        messages.success(request, _("Đã kết luận cảnh báo."))
        return redirect("usage:alarm", one.uuid)
    refused.put_on(form)
    return _page(request, one, form)


def _visible(request: UserRequest, code: UUID) -> UsageAlarm:
    visible = UsageAlarm.objects.visible_to(request.user).for_list()
    return get_object_or_404(visible.select_related("explained_by", "closed_by"), uuid=code)


def _page(request: UserRequest, one: UsageAlarm, form: WordForm | None = None) -> HttpResponse:
    is_open, user = one.closed_at is None, request.user
    may_close = is_open and user.can(Capability.SUPERVISE_USE)
    context = {
        "alarm": one,
        "form": form or WordForm(),
        "may_close": may_close,
        "may_explain": is_open and not may_close and user.can(Capability.REPORT_USE),
    }
    return render(request, "usage/alarm.html", context)
