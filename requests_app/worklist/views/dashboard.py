"""The dashboard of an office and of the CA."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from portal.core.calendar.workdays import work_calendar
from portal.core.roles import Capability
from requests_app.worklist.dashboard import AGE_WORDS, WINDOWS, Dashboard

if TYPE_CHECKING:
    from portal.accounts.models import UserRequest


@require_safe
def dashboard(request: UserRequest) -> HttpResponse:
    if not request.user.can(Capability.SEE_DASHBOARD):
        raise Http404
    figures = Dashboard.of(request.user, today=timezone.localdate(), calendar=work_calendar())
    context = {"figures": figures, "ages": AGE_WORDS, "windows": WINDOWS}
    return render(request, "requests_app/dashboard.html", context)
