"""The sweeps of notices: mails, reminders, days off that are missing."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, time, timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

from portal.core.background.sweeps import Done, sweep
from portal.deadlines.models import Reminder
from portal.notices import mailing, reminders

NAMED = 20  # reminders shown one by one


# Ended long before the lease of the mail it may hang in: nobody else sends that one meanwhile.
@sweep(
    "portal.notices.tasks.send_pending_mail",
    every=timedelta(minutes=1),
    words=_("Gửi thư điện tử"),
    order=220,
    time_limit=timedelta(minutes=20),
)
def send_pending_mail(*, now: datetime) -> int:
    """Mail what people have been told since; count mails sent."""
    return mailing.send_waiting(now=now)


@sweep(
    "portal.notices.tasks.remind",
    every=timedelta(minutes=5),
    words=_("Nhắc thời hạn"),
    order=180,
)
def remind(*, now: datetime) -> Done:
    """Tell of the deadlines that near and of those that have passed."""
    told = reminders.remind_all(now=now)

    def details() -> dict[str, Any]:
        found: dict[str, Any] = asdict(told)
        if 0 < told.told + told.overtaken <= NAMED:
            found["thresholds"] = [
                {
                    "deadline": str(row.deadline.uuid),
                    "kind": row.deadline.kind,
                    "threshold": row.threshold,
                    "state": row.state,
                }
                for row in Reminder.objects.filter(at=now).select_related("deadline")
            ]
        return found

    return Done(told.told, details)


@sweep(
    "portal.notices.tasks.warn_of_missing_days",
    daily_at=time(7, 10),
    words=_("Nhắc bổ sung lịch nghỉ của năm tới"),
    order=200,
)
def warn_of_missing_days(*, now: datetime) -> int:
    """Tell administrators of a year whose days off are not entered, once a month."""
    return reminders.warn_of_missing_days(now=now)
