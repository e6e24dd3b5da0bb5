"""The outbox: mails are claimed, sent and marked, each by one worker.

Nothing is sent inside a transaction. A crash between sending and marking sends a mail again with
the same Message-ID; it never loses one.
"""

from __future__ import annotations

import logging
import time
from datetime import datetime, timedelta
from smtplib import SMTPDataError, SMTPRecipientsRefused, SMTPSenderRefused

from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db.models import F

from portal.notices.account_news import tell_account_news
from portal.notices.bundling import bundle
from portal.notices.composing import message_of
from portal.notices.models import Mail
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


def send_waiting(*, now: datetime) -> int:
    """Bundle what people were told into mails and send what waits; return how many were sent."""
    tell_account_news(now=now)
    bundle(now=now)
    return send_pending(now=now)


def send_pending(*, now: datetime, most: int = MOST_MAILS) -> int:
    """Send what waits and return how many; a server that does not answer ends the sweep."""
    waiting = list(
        Mail.objects.unsent().unclaimed(now).order_by("pk").values_list("pk", flat=True)[:most]
    )
    if not waiting:
        return 0
    sent, ends_at = 0, time.monotonic() + LONGEST.total_seconds()
    with _Connection() as connection:
        for pk in waiting:
            sent += _send(pk, connection, now=now)
            if connection.is_lost or time.monotonic() > ends_at:
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
