"""Which notices go into which mail: at once, with their neighbours, or on a working morning."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from portal.accounts.models import User
from portal.core.calendar.workdays import WorkCalendar, work_calendar
from portal.notices.composing import new_mail, subject_of
from portal.notices.models import Mailing, Notice
from portal.notices.preferences import mailing_of

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


MOST_RECIPIENTS = 500  # of one run
MOST_SET_ASIDE = 5000
_WANTS_AT_ONCE = Q(recipient__notice_preference__isnull=True) | Q(
    recipient__notice_preference__mailing=Mailing.AT_ONCE
)
_WANTS_DAILY = Q(recipient__notice_preference__mailing=Mailing.DAILY)
_WANTS_URGENT = Q(recipient__notice_preference__mailing=Mailing.URGENT)


def bundle(*, now: datetime) -> int:
    """Put the notices that are due to be mailed into one mail for each recipient.

    Return how many mails were made, at most MOST_RECIPIENTS. What is urgent is due at once and
    takes along what else waits for its recipient; the rest is due as its recipient chose, on
    working days. Safe twice and twice at once.
    """
    # What nobody can or wants to be mailed stays in the portal, so that it is not found again.
    unreachable = Q(recipient__is_active=False) | Q(recipient__email="")
    unwanted = _WANTS_URGENT & Q(is_urgent=False)
    found = Notice.objects.to_mail().filter(unreachable | unwanted).order_by()
    pks = list(found.values_list("pk", flat=True)[:MOST_SET_ASIDE])
    if pks:
        Notice.objects.filter(pk__in=pks).update(is_portal_only=True)
    due = Notice.objects.to_mail().filter(_due(work_calendar(), now=now))
    recipients = due.order_by().values_list("recipient", flat=True).distinct()[:MOST_RECIPIENTS]
    return sum(_bundle_for(pk, now=now) for pk in sorted(recipients))


def _due(calendar: WorkCalendar, *, now: datetime) -> Q:
    due = Q(is_urgent=True)
    if is_open(now, calendar):
        due |= _WANTS_AT_ONCE & Q(at__lte=now - SETTLING)
    if leaves_at := round_of_today(now, calendar):
        due |= _WANTS_DAILY & Q(at__lt=leaves_at)
    # Set aside in a later run.
    return due & Q(recipient__is_active=True) & ~Q(recipient__email="")


@transaction.atomic
def _bundle_for(pk: int, *, now: datetime) -> bool:
    """Make one mail of all that waits for a recipient; False when another worker is at it."""
    recipient = User.objects.select_for_update(no_key=True, skip_locked=True).filter(pk=pk).first()
    if recipient is None:
        return False
    mail = new_mail(recipient.email, now=now)
    mail.recipient = recipient
    mail.save(force_insert=True)
    waiting = Notice.objects.to_mail().filter(recipient=recipient)
    if mailing_of(recipient) == Mailing.URGENT:
        waiting = waiting.urgent()
    count = waiting.update(mail=mail)
    if not count:
        mail.delete()  # another worker was quicker
        return False
    mail.subject = subject_of(mail.notices.most_pressing()[0], count)
    mail.save(update_fields=["subject"])
    return True
