"""The administrator's page of what runs in the background."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from portal.core.background.status import all_sweeps, services
from portal.core.roles import Capability

if TYPE_CHECKING:
    from portal.accounts.models import UserRequest


@never_cache
@require_safe
def background(request: UserRequest) -> HttpResponse:
    if not request.user.can(Capability.ADMINISTER):
        raise PermissionDenied("only an administrator looks after the background")
    now = timezone.now()
    context = {"services": services(now), "sweeps": all_sweeps(now), "now": now}
    return render(request, "core/background.html", context)
