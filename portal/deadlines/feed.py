"""Open deadlines as an iCalendar (RFC 5545) that calendar programs fetch."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from icalendar import Calendar, Event

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
