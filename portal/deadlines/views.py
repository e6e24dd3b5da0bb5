"""Deadlines as a list; the working-day table as a page that an administrator edits."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_safe

from portal.core.calendar.computed_days import computed_days_off
from portal.core.calendar.workdays import SATURDAY, work_calendar
from portal.core.models import CalendarDay
from portal.core.roles import Capability
from portal.core.text.numbers import with_dots
from portal.core.web.forms import CheckedField, DayField
from portal.core.web.fragments import filtered, render_list
from portal.core.web.paging import Order, capped_count, keyset_page
from portal.core.web.refusals import Refusals
from portal.deadlines import calendar
from portal.deadlines.filters import DONE, OPEN, DeadlineFilter
from portal.deadlines.models import Deadline, DeadlineKind
from portal.deadlines.moves import Moved

if TYPE_CHECKING:
    from portal.accounts.models import User, UserRequest


class DayForm(forms.Form):
    """What a day in the table is called and whether it is announced."""

    name = CheckedField(
        label=gettext_lazy("Tên ngày"),
        max_length=120,
        help_text=gettext_lazy("Ví dụ: Quốc khánh; Làm bù cho 31/8/2026."),
    )
    is_official = forms.BooleanField(
        label=gettext_lazy("Theo thông báo chính thức"),
        required=False,
        help_text=gettext_lazy("Bỏ chọn khi ngày mới là dự kiến, chưa có thông báo."),
    )


class NewDayForm(DayForm):
    """A day that is not what its weekday says."""

    date = DayField(
        label=gettext_lazy("Ngày"),
    )
    kind = forms.ChoiceField(
        label=gettext_lazy("Loại"),
        choices=CalendarDay.Kind,
        widget=forms.RadioSelect,
        initial="off",
    )
    field_order = ["date", "kind", "name", "is_official"]


_YEAR = re.compile(r"20[0-9]{2}")
NAMED = 5  # moved deadlines named in a message


@require_safe
def deadline_list(request: UserRequest) -> HttpResponse:
    asked = request.GET.copy()
    asked.setdefault("state", OPEN)
    today = timezone.localdate()
    found = DeadlineFilter(
        asked,
        today=today,
        queryset=Deadline.objects.visible_to(request.user).for_list(today),
    )
    rows = filtered(found).select_related("agency")
    order = Order("due_on", is_descending=asked["state"] == DONE)  # most urgent, or latest, first
    context = {
        "filter": found,
        "count": capped_count(rows),
        "is_of_returns": asked.get("kind") == DeadlineKind.DEVICE_RETURN,
        "page": keyset_page(rows, order=order, params=request.GET),
    }
    return render_list(
        request, "deadlines/list.html", fragment="deadlines/_table.html", context=context
    )


@require_safe
def calendar_page(request: UserRequest) -> HttpResponse:
    """One year of the table; everybody may look, the administrator edits."""
    asked = _YEAR.fullmatch(request.GET.get("nam", ""))
    year = int(asked[0]) if asked else timezone.localdate().year
    days = list(CalendarDay.objects.filter(date__year=year))
    entered_years = CalendarDay.objects.order_by().values_list("date__year", flat=True).distinct()
    worked = work_calendar()
    is_announced = worked.is_announced(year)
    entered = {day.date for day in days}
    computed = {} if is_announced else computed_days_off(year)
    new_year = date(year, 1, 1)
    last_before = new_year - timedelta(days=1)
    context = {
        "year": year,
        # Those that have days: a single one far away does not make a link for each year between.
        "years": sorted({year, *entered_years}),
        "days": days,
        "expected": sum(not day.is_official for day in days),
        "is_announced": is_announced,
        "computed": [
            (day, name)
            for day, name in computed.items()
            if day not in entered and day.weekday() < SATURDAY
        ],
        "working_days": worked.between(last_before, date(year, 12, 31)),
        "may_edit": _may_edit(request.user),
    }
    return render(request, "core/calendar.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def add_day(request: UserRequest) -> HttpResponse:
    _require_editor(request.user)
    form = NewDayForm(request.POST or None, initial={"is_official": True})
    context: dict[str, Any] = {"form": form}
    if request.method == "POST" and form.is_valid():
        typed = form.cleaned_data
        with Refusals() as refused:
            moved = calendar.add_day(
                typed["date"],
                kind=typed["kind"],
                name=typed["name"],
                is_official=typed["is_official"],
                actor=request.user,
                now=timezone.now(),
            )
            messages.success(request, _("Đã thêm ngày %(day)s.") % {"day": _shown(typed["date"])})
            _tell_moved(request, moved)
            return _to_year(typed["date"])
        context["violations"] = refused.violations
    return render(request, "core/calendar_add.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def edit_day(request: UserRequest, day: date) -> HttpResponse:
    _require_editor(request.user)
    row = get_object_or_404(CalendarDay, date=day)
    form = DayForm(request.POST or None, initial={"name": row.name, "is_official": row.is_official})
    if request.method == "POST" and form.is_valid():
        try:
            moved = calendar.edit_day(
                row, **form.cleaned_data, actor=request.user, now=timezone.now()
            )
        except CalendarDay.DoesNotExist as error:
            raise Http404 from error
        messages.success(request, _("Đã sửa ngày %(day)s.") % {"day": _shown(day)})
        if moved:
            _tell_moved(request, moved)
        return _to_year(day)
    return render(request, "core/calendar_edit.html", {"form": form, "day": row})


@require_http_methods(["GET", "HEAD", "POST"])
def remove_day(request: UserRequest, day: date) -> HttpResponse:
    """Ask first, then take the day out."""
    _require_editor(request.user)
    row = get_object_or_404(CalendarDay, date=day)
    if request.method == "POST":
        try:
            moved = calendar.remove_day(row, actor=request.user, now=timezone.now())
        except CalendarDay.DoesNotExist as error:
            raise Http404 from error
        messages.success(request, _("Đã bỏ ngày %(day)s khỏi lịch.") % {"day": _shown(day)})
        _tell_moved(request, moved)
        return _to_year(day)
    return render(request, "core/calendar_remove.html", {"day": row})


def _may_edit(user: User) -> bool:
    return user.can(Capability.ADMINISTER)


def _require_editor(user: User) -> None:
    if not _may_edit(user):
        raise PermissionDenied("only an administrator keeps the calendar")


def _to_year(day: date) -> HttpResponse:
    return redirect(f"{reverse('deadlines:calendar')}?nam={day.year}")


def _shown(day: date) -> str:
    return f"{day:%d/%m/%Y}"


def _tell_moved(request: UserRequest, moved: Sequence[Moved]) -> None:
    """Say which deadlines moved: what is owed and by whom, not about which person."""
    if not moved:
        messages.info(request, _("Không có thời hạn nào thay đổi."))
        return
    lines = [
        _("%(kind)s – %(agency)s: %(before)s thành %(after)s")
        % {
            "kind": one.deadline.get_kind_display(),
            "agency": one.deadline.agency.name,
            "before": _shown(one.was_due_on),
            "after": _shown(one.deadline.due_on),
        }
        for one in moved[:NAMED]
    ]
    if len(moved) > NAMED:
        lines.append(_("và %(count)s thời hạn khác") % {"count": with_dots(len(moved) - NAMED)})
    head = ngettext("%(count)d thời hạn đổi ngày", "%(count)d thời hạn đổi ngày", len(moved)) % {
        "count": len(moved)
    }
    messages.warning(request, f"{head}: {'; '.join(lines)}.")
