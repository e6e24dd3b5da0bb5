"""The calendar feed: whoever has the token reads its owner's deadlines, nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from icalendar import Calendar, Event

from portal.accounts.services import reader_of
from portal.deadlines.models import Deadline

REFRESHED_EVERY = timedelta(hours=1)


def calendar_of(clocks: Iterable[Deadline]) -> bytes:
    """Return the text of the calendar: an all-day event for each clock, on the day it ends.

    Titles name bodies, people and devices as the portal's lists do, no personal numbers.
    """
    calendar = Calendar()
    calendar.add("prodid", "-//chu-ky-so-cong-vu//thoi-han//VI")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", _("Thời hạn chứng thư chữ ký số"))
    calendar.add("refresh-interval", REFRESHED_EVERY, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", "PT1H")
    host = urlsplit(settings.PUBLIC_URL).hostname
    for clock in clocks:
        event = Event()
        opened_at = timezone.make_aware(datetime.combine(clock.received_on, time.min))
        changed_at = (clock.changed_at or opened_at).astimezone(UTC)
        event.add("uid", f"{clock.uuid}@{host}")
        event.add("dtstamp", changed_at)
        event.add("last-modified", changed_at)
        event.add("dtstart", clock.due_on)
        event.add("dtend", clock.due_on + timedelta(days=1))
        event.add("summary", f"{clock.get_kind_display()}: {clock.title}")
        event.add(
            "description",
            _("Đơn vị thực hiện: %(agency)s\nCăn cứ: %(article)s")
            % {"agency": clock.agency.name, "article": clock.article},
        )
        if clock.path:
            event.add("url", f"{settings.PUBLIC_URL}{clock.path}")
        event.add("transp", "TRANSPARENT")  # what is owed does not make anybody busy
        calendar.add_component(event)
    return bytes(calendar.to_ical())


@login_not_required
@never_cache
@require_safe
def feed(request: HttpRequest, token: str) -> HttpResponse:
    user = reader_of(token, now=timezone.now())
    if user is None:
        raise Http404
    clocks = Deadline.objects.in_feed_of(user, today=timezone.localdate())
    response = HttpResponse(calendar_of(clocks), content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = 'inline; filename="thoi-han.ics"'
    return response
