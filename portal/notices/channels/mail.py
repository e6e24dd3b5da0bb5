"""E-mail: notices are bundled into mails; these are claimed, sent and marked, each by one worker.

Nothing is sent inside a transaction. A crash between sending and marking sends a mail again with
the same Message-ID; it never loses one. A demonstration writes them into files, which are read back
here.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime, time, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path
from smtplib import SMTPDataError, SMTPRecipientsRefused, SMTPSenderRefused
from time import monotonic

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.db.models import Count, F, Max, Min, Q
from django.utils import timezone

from portal.accounts.models import User
from portal.core.calendar.workdays import WorkCalendar, work_calendar
from portal.notices.channels.base import Channel, Outbox, WrittenMessage
from portal.notices.mail_text import message_of, new_mail, subject_of
from portal.notices.models import Mail, Mailing, Notice
from portal.notices.preferences import mailing_of
from portal.notices.problems import SENT_AWAY, code_of, kind_of

logger = logging.getLogger(__name__)

MOST_MAILS = 500  # of one sweep, as far as LONGEST allows
LONGEST = timedelta(seconds=50)  # then the next sweep goes on
# Longer than a worker lives that hangs in its last mail: see the time limit of the task.
LEASE = timedelta(minutes=30)
# After the first refusal, the second, …; afterwards a person has to look.
BACK_OFF = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240, 720))
SERVER_LOST_WAIT = timedelta(minutes=5)
_ABOUT_ONE_MAIL = (SMTPRecipientsRefused, SMTPSenderRefused, SMTPDataError)


class ServerAway(Exception):
    """Nobody answers, or the server sends everybody away; its cause says how."""


class NobodyTookIt(Exception):
    """The mail names nobody it could go to."""


def send(*, now: datetime) -> int:
    """Bundle what people were told into mails and send what waits; return how many were sent."""
    bundle(now=now)
    return send_pending(now=now)


def send_pending(*, now: datetime, most: int = MOST_MAILS) -> int:
    """Send what waits and return how many; a server that does not answer ends the sweep."""
    waiting = list(
        Mail.objects.unsent().unclaimed(now).order_by("pk").values_list("pk", flat=True)[:most]
    )
    if not waiting:
        return 0
    sent, ends_at = 0, monotonic() + LONGEST.total_seconds()
    with _Connection() as connection:
        for pk in waiting:
            sent += _send(pk, connection, now=now)
            if connection.is_lost or monotonic() > ends_at:
                break
    return sent


class _Connection:
    """One connection for a whole sweep, opened with its first mail."""

    def __init__(self) -> None:
        self._backend: BaseEmailBackend = get_connection()
        self.is_lost = False

    def __enter__(self) -> _Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self._backend.close()

    def send(self, message: EmailMultiAlternatives) -> None:
        """Hand a mail to the server; raises ServerAway when it takes nobody's.

        A server lost over a mail may have taken it: that counts against the mail, lest one that
        trips the server is repeated for ever.
        """
        try:
            self._backend.open()
        except OSError as error:
            self.is_lost = True
            raise ServerAway from error
        message.connection = self._backend
        try:
            if not message.send():
                raise NobodyTookIt
        except _ABOUT_ONE_MAIL as refusal:
            if code_of(refusal) == SENT_AWAY:
                self.is_lost = True
                raise ServerAway from refusal
            raise
        except OSError:
            self.is_lost = True
            raise


def _send(pk: int, connection: _Connection, *, now: datetime) -> bool:
    if not Mail.objects.unsent().claim(pk, now=now, lease=LEASE, attempts=F("attempts") + 1):
        return False  # another worker has it
    mail = Mail.objects.select_related("recipient").get(pk=pk)
    try:
        connection.send(message_of(mail))
    except Exception as error:  # whatever is wrong with one mail, the others go
        # A server that takes nobody's mail is no fault of this one: that is not counted.
        wait = BACK_OFF[min(mail.attempts, len(BACK_OFF)) - 1]
        problem = kind_of(error)
        if isinstance(error, ServerAway):
            wait = SERVER_LOST_WAIT
            mail.attempts -= 1
            problem = kind_of(error.__cause__ or error)
        Mail.objects.filter(pk=mail.pk).update(
            claimed_until=now + wait, attempts=mail.attempts, last_error=problem
        )
        logger.warning("mail %s could not be sent: %s", mail.uuid, problem)
        return False
    Mail.objects.filter(pk=pk).update(sent_at=now, last_error="")
    return True


_RULER = b"-" * 79  # Django's filebased backend draws it after each mail


def is_in_use() -> bool:
    """Say whether mail goes into files."""
    return settings.EMAIL_BACKEND.endswith("filebased.EmailBackend")


def latest(most: int) -> list[WrittenMessage]:
    """Return the mails written last, newest first."""
    folder = Path(settings.EMAIL_FILE_PATH)
    files = sorted(folder.glob("*.log"), key=lambda file: file.stat().st_mtime, reverse=True)
    mails: list[WrittenMessage] = []
    for file in files:
        written = [part.strip() for part in file.read_bytes().split(b"\n" + _RULER + b"\n")]
        mails += [_read(part) for part in reversed(written) if part]
        if len(mails) >= most:
            break
    return mails[:most]


def _read(raw: bytes) -> WrittenMessage:
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    # What is for its recipient's eyes alone stays in the file on the server.
    is_private = message["Sensitivity"] is not None
    body = None if is_private else message.get_body(preferencelist=("plain",))
    at = parsedate_to_datetime(message["Date"]) if message["Date"] else None
    if at is not None and at.tzinfo is None:  # "-0000" is UTC of an unsaid place
        at = at.replace(tzinfo=UTC)
    return WrittenMessage(
        subject=str(message["Subject"] or ""),
        to=str(message["To"] or ""),
        at=at,
        message_id=str(message["Message-ID"] or ""),
        text=str(body.get_content()) if body else "",
        is_private=is_private,
    )


CHANNEL = Channel(order=10, send=send, outbox=Outbox(is_in_use, latest))


# What one act tells comes in a burst, and after a pause of a minute where the worker was killed in
# it. So a mail waits until its recipient has been told nothing for a while (MAIL_SETTLING): what it
# brings depends on what was told, not on when this sweep ran. So many times that is the longest:
_LONGEST_WAIT = 8
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
    reachable = Notice.objects.to_mail().exclude(unreachable).order_by()
    waiting = reachable.values("recipient").annotate(
        first=Min("at"), last=Max("at"), urgent=Count("pk", filter=Q(is_urgent=True))
    )
    due = waiting.filter(_due(work_calendar(), now=now)).values_list("recipient", flat=True)
    return sum(_bundle_for(pk, now=now) for pk in sorted(due[:MOST_RECIPIENTS]))


def _due(calendar: WorkCalendar, *, now: datetime) -> Q:
    """Return whose mail leaves now, by the first and the last of what waits for them."""
    due = Q(urgent__gt=0)
    if is_open(now, calendar):
        wait = settings.MAIL_SETTLING
        is_settled = Q(last__lte=now - wait) | Q(first__lte=now - _LONGEST_WAIT * wait)
        due |= _WANTS_AT_ONCE & is_settled
    if leaves_at := round_of_today(now, calendar):
        due |= _WANTS_DAILY & Q(first__lt=leaves_at)
    return due


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
