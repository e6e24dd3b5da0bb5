"""Work of notices for the background."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from portal.core.sweeps import noted
from portal.notices import mailing, missing_days, reminders


# Ended long before the lease of the mail it may hang in: nobody else sends that one meanwhile.
@shared_task(ignore_result=True, expires=50, time_limit=20 * 60)
@noted
def send_pending_mail() -> int:
    """Every minute: mail what people have been told since; count mails sent."""
    return mailing.send_waiting(now=timezone.now())


@shared_task(ignore_result=True, expires=290)
@noted
def remind() -> int:
    """Every 5 minutes: tell of the deadlines that near and of those that have passed."""
    return reminders.remind_all(now=timezone.now()).told


@shared_task(ignore_result=True, expires=3000)
@noted
def warn_of_missing_days() -> int:
    """Each morning: tell administrators of a year whose days off are not entered, once a month."""
    return missing_days.warn_of_missing_days(now=timezone.now())
