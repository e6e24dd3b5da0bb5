"""When mail that is not urgent may leave: on working days, from the morning on (pure)."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from django.conf import settings
from django.utils import timezone

from portal.core.calendar.workdays import WorkCalendar

# What one act tells comes in a burst: a mail waits for its neighbours.
SETTLING = timedelta(minutes=1)
# The one mail of a day brings the reminders of its morning along.
_AFTER_THE_REMINDERS = timedelta(minutes=30)


def is_open(now: datetime, calendar: WorkCalendar) -> bool:
    """Say whether mail that is not urgent may leave: on a working day from REMINDER_HOUR on."""
    return calendar.is_working(timezone.localdate(now)) and now >= _morning(now)


def round_of_today(now: datetime, calendar: WorkCalendar) -> datetime | None:
    """Return when today's one mail left or leaves, None while it is still to come or on a day off.

    It brings what was told before that moment.
    """
    leaves_at = _morning(now) + _AFTER_THE_REMINDERS
    return leaves_at if is_open(now, calendar) and now >= leaves_at else None


def _morning(now: datetime) -> datetime:
    day = timezone.localdate(now)
    return timezone.make_aware(datetime.combine(day, time(settings.REMINDER_HOUR)))
