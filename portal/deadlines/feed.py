"""Open deadlines as an iCalendar (RFC 5545) that calendar programs fetch."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from icalendar import Calendar, Event

from portal.deadlines.models import Counts, Deadline

if TYPE_CHECKING:
    from portal.accounts.models import User

MOST_EVENTS = 500
DAYS_AHEAD = 180
REFRESHED_EVERY = timedelta(hours=1)


def clocks_for(user: User, *, today: date) -> list[Deadline]:
    """Return the open clocks in the feed of ``user``, the most urgent first.

    Of days that certificates bring only the own body's: an office answers for thousands.
    """
    seen = Deadline.objects.visible_to(user).for_list(today).open()
    own = seen.filter(~Q(counts=Counts.FIXED) | Q(agency=user.agency_id))
    near = own.filter(due_on__lte=today + timedelta(days=DAYS_AHEAD))
    return list(near.select_related("agency").order_by("due_on", "pk")[:MOST_EVENTS])


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
        changed_at = (
            clock.changed_at or timezone.make_aware(datetime.combine(clock.received_on, time.min))
        ).astimezone(UTC)
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
