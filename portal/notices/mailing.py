"""The outbox: notices are bundled into mails, mails are claimed, sent and marked.

Nothing is sent inside a transaction. A crash between sending and marking sends a mail again with
the same Message-ID; it never loses one.
"""

from __future__ import annotations

import logging
import re
import uuid
from datetime import datetime, timedelta
from smtplib import SMTPDataError, SMTPRecipientsRefused, SMTPSenderRefused
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.db.models import F
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from portal.accounts.models import User
from portal.core.identifiers import mask
from portal.notices.models import Mail, Notice

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=30)  # longer than a sweep of MOST_MAILS lasts with a silent server
MOST_MAILS = 50
MOST_RECIPIENTS = 500
MOST_NOTICES = 50  # of one mail
# After the first refusal, the second, …; afterwards a person has to look.
BACK_OFF = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240, 720))
SERVER_LOST_WAIT = timedelta(minutes=5)
_ABOUT_ONE_MAIL = (SMTPRecipientsRefused, SMTPSenderRefused, SMTPDataError)
_MOST_SUBJECT = 200
# Within a certificate's 16 digits it is none, unless they read "CCCD" and a number.
_IDENTITY_NUMBER = re.compile(r"\b(?!CCCD)[0-9A-F]{16}\b|(?<!\d)(\d{9}|\d{12})(?!\d)")


def bundle(*, now: datetime) -> int:
    """Put the notices nobody was mailed yet into one mail for each recipient; return how many."""
    waiting = Notice.objects.unmailed().order_by().values_list("recipient", flat=True)
    recipients = User.objects.filter(pk__in=list(waiting.distinct()[:MOST_RECIPIENTS]))
    return sum(_bundle_for(one, now=now) for one in recipients.order_by("pk"))


@transaction.atomic
def _bundle_for(recipient: User, *, now: datetime) -> bool:
    waiting = Notice.objects.unmailed().filter(recipient=recipient).order_by("at", "pk")
    found = list(waiting[:MOST_NOTICES])
    if not found:
        return False
    mail = new_mail(recipient.email, subject=_subject(found), now=now)
    mail.recipient = recipient
    mail.save(force_insert=True)
    taken = Notice.objects.filter(pk__in=[notice.pk for notice in found], mail__isnull=True)
    if taken.update(mail=mail):
        return True
    mail.delete()  # another worker bundled the same notices first
    return False


def new_mail(address: str, *, subject: str, now: datetime) -> Mail:
    """Return a mail with a Message-ID of its own, unsaved; its subject is one line, masked."""
    name = uuid.uuid4()
    host = urlsplit(settings.PUBLIC_URL).hostname or "localhost"
    return Mail(
        uuid=name,
        address=address,
        message_id=f"<{name}@{host}>",
        subject=_without_numbers(" ".join(subject.split()))[:_MOST_SUBJECT],
        created_at=now,
    )


def _subject(notices: list[Notice]) -> str:
    first = notices[0].title
    if len(notices) > 1:
        first = _("%(count)s thông báo mới: %(first)s") % {"count": len(notices), "first": first}
    return first


def send_pending(*, now: datetime, most: int = MOST_MAILS) -> int:
    """Send what waits and return how many; a server that does not answer ends the sweep."""
    waiting = list(
        Mail.objects.unsent().unclaimed(now).order_by("pk").values_list("pk", flat=True)[:most]
    )
    if not waiting:
        return 0
    sent = 0
    with _Connection() as connection:
        for pk in waiting:
            sent += _send(pk, connection, now=now)
            if connection.is_lost:
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
        message.connection = self._backend
        try:
            self._backend.open()
            message.send()
        except _ABOUT_ONE_MAIL:
            raise
        except OSError:
            self.is_lost = True
            raise


def _send(pk: int, connection: _Connection, *, now: datetime) -> bool:
    claimed = Mail.objects.unsent().unclaimed(now).filter(pk=pk)
    if not claimed.update(claimed_until=now + LEASE, attempts=F("attempts") + 1):
        return False  # another worker has it
    mail = Mail.objects.select_related("recipient").get(pk=pk)
    try:
        connection.send(message_of(mail))
    except Exception as error:  # whatever is wrong with one mail, the others go
        _put_off(mail, error, is_server_lost=connection.is_lost, now=now)
        return False
    Mail.objects.filter(pk=pk).update(sent_at=now, last_error="")
    return True


def _put_off(mail: Mail, error: Exception, *, is_server_lost: bool, now: datetime) -> None:
    """Try again later; a server that does not answer is no fault of the mail's and not counted."""
    problem = f"{type(error).__name__} {getattr(error, 'smtp_code', '')}".strip()
    wait = BACK_OFF[min(mail.attempts, len(BACK_OFF)) - 1]
    if is_server_lost:
        wait = SERVER_LOST_WAIT
        mail.attempts -= 1
    Mail.objects.filter(pk=mail.pk).update(
        claimed_until=now + wait, attempts=mail.attempts, last_error=problem
    )
    logger.warning("mail %s could not be sent: %s", mail.uuid, problem)


def message_of(mail: Mail) -> EmailMultiAlternatives:
    """Return the mail as it is sent: the same each time, identity numbers masked."""
    lines = [
        {
            "title": _without_numbers(notice.title),
            "text": _without_numbers(notice.text),
            "url": f"{settings.PUBLIC_URL}{notice.path}" if notice.path else "",
            "at": notice.at,
        }
        for notice in mail.notices.order_by("at", "pk")
    ]
    text = _without_numbers(mail.text)
    context = {"mail": mail, "text": text, "lines": lines, "portal_url": settings.PUBLIC_URL}
    message = EmailMultiAlternatives(
        subject=mail.subject,
        body=render_to_string("notices/mail.txt", context),
        to=[mail.address],
        headers={"Message-ID": mail.message_id, "Auto-Submitted": "auto-generated"},
    )
    message.attach_alternative(render_to_string("notices/mail.html", context), "text/html")
    for enclosure in mail.enclosures.all():
        message.attach(enclosure.name, bytes(enclosure.content), enclosure.media_type)
    return message


def _without_numbers(text: str) -> str:
    """Mask what looks like an identity number (9 or 12 digits): mail leaves the house.

    The same digits within the 16 of a certificate's number are left alone.
    """
    return _IDENTITY_NUMBER.sub(lambda found: mask(found[1]) if found[1] else found[0], text)
