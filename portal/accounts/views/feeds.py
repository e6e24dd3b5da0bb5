"""One's own calendar feed: its address is made, shown once, renewed or withdrawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from portal.accounts import services
from portal.accounts.models import CalendarFeed

if TYPE_CHECKING:
    from portal.accounts.models import UserRequest


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def calendar_feed(request: UserRequest) -> HttpResponse:
    address = ""
    match request.POST.get("do"):
        case "make":
            token = services.make_feed(request.user, now=timezone.now())
            address = f"{settings.PUBLIC_URL}{reverse('calendar_feed', args=[token])}"
        case "withdraw":
            if services.withdraw_feed(request.user, now=timezone.now()):
                messages.success(
                    request, _("Đã bỏ địa chỉ lịch; ai giữ nó cũng không xem được nữa.")
                )
            return redirect("accounts:calendar_feed")
    feed = CalendarFeed.objects.filter(user=request.user).first()
    return render(request, "accounts/calendar_feed.html", {"feed": feed, "address": address})
