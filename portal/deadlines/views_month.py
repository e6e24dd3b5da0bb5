"""The month calendar: what ends on which day, and which days are not worked."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from portal.core.calendar.workdays import work_calendar
from portal.deadlines.months import Month

if TYPE_CHECKING:
    from portal.accounts.models import UserRequest

_MONTH = re.compile(r"(20[0-9]{2})-(0[1-9]|1[0-2])")


@require_safe
def month_page(request: UserRequest) -> HttpResponse:
    today = timezone.localdate()
    asked = _MONTH.fullmatch(request.GET.get("thang", ""))
    first = date(int(asked[1]), int(asked[2]), 1) if asked else today.replace(day=1)
    month = Month.of(request.user, first, today=today, calendar=work_calendar())
    return render(request, "deadlines/month.html", {"month": month, "today": today})
