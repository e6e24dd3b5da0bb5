"""The calendar feed: whoever has the token reads its owner's deadlines, nothing else."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from portal.accounts.services import reader_of
from portal.deadlines.feed import calendar_of
from portal.deadlines.models import Deadline


@login_not_required
@never_cache
@require_safe
def feed(request: HttpRequest, token: str) -> HttpResponse:
    user = reader_of(token)
    if user is None:
        raise Http404
    clocks = Deadline.objects.in_feed_of(user, today=timezone.localdate())
    response = HttpResponse(calendar_of(clocks), content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = 'inline; filename="thoi-han.ics"'
    return response
