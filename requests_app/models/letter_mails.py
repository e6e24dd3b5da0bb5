"""Letters that went to somebody's mailbox, and how their receipt became known."""

from __future__ import annotations

import secrets
import string
import uuid
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from portal.accounts.models import User
from portal.notices.models import MOST_TRIES, Mail
from requests_app.models.dossiers import Dossier

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


def new_token() -> str:
    """Return 150 random bits as letters: nothing in it looks like somebody's number."""
    return "".join(secrets.choice(string.ascii_lowercase) for _place in range(32))


class LetterMail(models.Model):
    """One mail that brought a sent dossier's letter to an address its routing rule names.

    Whoever has the mail may confirm by ``token`` that it came; else the sender writes it down.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    dossier = models.ForeignKey(Dossier, models.PROTECT, related_name="letter_mails")
    mail = models.OneToOneField(Mail, models.PROTECT, related_name="+")
    token = models.CharField(max_length=32, unique=True, editable=False)
    confirmed_at = models.DateTimeField(null=True)
    received_on = models.DateField(_("ngày nhận"), null=True)
    received_by = models.CharField(_("người nhận"), max_length=150, blank=True)
    noted_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    told_at = models.DateTimeField(null=True)  # the sender, that it could not be sent

    class Meta:
        ordering = ["pk"]
        indexes = [
            models.Index(
                fields=["id"], condition=Q(told_at__isnull=True), name="letter_mail_untold"
            ),
        ]

    def __str__(self) -> str:
        return self.mail.address

    @property
    def state(self) -> tuple[StrOrPromise, str]:
        """Return where it is, in words, and the tone of their tag."""
        if self.confirmed_at is not None or self.received_on is not None:
            return _("Đã nhận"), "success"
        if self.mail.sent_at is not None:
            return _("Đã gửi, chưa báo nhận"), "info"
        if self.mail.attempts >= MOST_TRIES:
            return _("Không gửi được"), "danger"
        return _("Đang chờ gửi"), "neutral"
