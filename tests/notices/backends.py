"""Mail servers that fail in ways real ones do."""

from __future__ import annotations

from collections.abc import Sequence
from smtplib import SMTPRecipientsRefused, SMTPServerDisconnected

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.backends.locmem import EmailBackend as Delivering


class DiesAfterDelivery(Delivering):
    """The mail is delivered and the worker is killed before it can say so."""

    def send_messages(self, messages: Sequence[EmailMessage]) -> int:
        super().send_messages(messages)
        raise SystemExit("killed")


class RefusesOne(Delivering):
    """The server takes every recipient but one."""

    def send_messages(self, messages: Sequence[EmailMessage]) -> int:
        if "khong.co@laichau.gov.vn" in messages[0].to:
            refused = {"khong.co@laichau.gov.vn": (550, b"unknown 012090000123")}
            raise SMTPRecipientsRefused(refused)
        return super().send_messages(messages)


class Silent(BaseEmailBackend):
    """Nobody answers."""

    tries = 0

    def open(self) -> bool:
        Silent.tries += 1
        raise SMTPServerDisconnected("gone")
