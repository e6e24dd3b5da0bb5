"""What a mail says: one line for each notice up to a number, personal numbers masked."""

from __future__ import annotations

import uuid
from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from portal.core.text.identifiers import mask_within
from portal.notices.models import Mail, Notice

MOST_LINES = 50  # of one mail; further notices are counted and stand in the portal
_MOST_SUBJECT = 200


def new_mail(address: str, *, subject: str = "", now: datetime) -> Mail:
    """Return a mail with a Message-ID of its own, unsaved; its subject is one line, masked."""
    name = uuid.uuid4()
    host = urlsplit(settings.PUBLIC_URL).hostname or "localhost"
    return Mail(
        uuid=name,
        address=address,
        message_id=f"<{name}@{host}>",
        subject=_one_line(subject),
        created_at=now,
    )


def subject_of(first: Notice, count: int) -> str:
    """Return the subject of a mail that brings ``count`` notices, ``first`` above all."""
    if count == 1:
        return _one_line(first.title)
    words = _("%(count)s thông báo mới: %(first)s") % {"count": count, "first": first.title}
    return _one_line(words)


def message_of(mail: Mail) -> EmailMultiAlternatives:
    """Return the mail as it is sent: the same each time, identity numbers masked."""
    told = list(mail.notices.most_pressing()[: MOST_LINES + 1])
    lines = [
        {
            "title": mask_within(notice.title),
            "text": mask_within(notice.text),
            "url": f"{settings.PUBLIC_URL}{notice.path}" if notice.path else "",
            "at": notice.at,
        }
        for notice in told[:MOST_LINES]
    ]
    context = {
        "mail": mail,
        "text": mask_within(mail.text),
        "lines": lines,
        "others": mail.notices.count() - MOST_LINES if len(told) > MOST_LINES else 0,
        "portal_url": settings.PUBLIC_URL,
    }
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


def _one_line(text: str) -> str:
    return mask_within(" ".join(text.split()))[:_MOST_SUBJECT]
