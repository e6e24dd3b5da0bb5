"""What a mail server's refusals mean, for the person who looks after mails."""

from __future__ import annotations

from smtplib import SMTPRecipientsRefused, SMTPResponseException
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

SENT_AWAY = 421  # RFC 5321, 3.8: the server closes the connection, whatever the mail is
_WORDS: dict[str, _StrPromise] = {
    "SMTPRecipientsRefused": _("Máy chủ thư không nhận địa chỉ này"),
    "SMTPSenderRefused": _("Máy chủ thư không nhận địa chỉ gửi của cổng"),
    "SMTPDataError": _("Máy chủ thư không nhận nội dung thư"),
    "SMTPServerDisconnected": _("Máy chủ thư không trả lời hoặc ngắt kết nối giữa chừng"),
    "SMTPAuthenticationError": _("Máy chủ thư không nhận tài khoản gửi thư của cổng"),
    "SMTPConnectError": _("Máy chủ thư từ chối kết nối"),
    "ConnectionRefusedError": _("Không kết nối được máy chủ thư"),
    "ConnectionResetError": _("Máy chủ thư ngắt kết nối giữa chừng"),
    "TimeoutError": _("Máy chủ thư không trả lời"),
    "gaierror": _("Không tìm thấy máy chủ thư"),
}


def kind_of(error: BaseException) -> str:
    """Return an error's kind and the server's code, never its text: that may name people."""
    code = code_of(error)
    return f"{type(error).__name__} {code}" if code else type(error).__name__


def code_of(error: BaseException) -> int:
    """Return the code the server answered with, 0 when there is none."""
    if isinstance(error, SMTPRecipientsRefused):
        return next((code for code, _text in error.recipients.values()), 0)
    return error.smtp_code if isinstance(error, SMTPResponseException) else 0


def words_of(kind: str) -> str:
    """Return what ``kind_of`` said in words, with the server's code."""
    name, _space, code = kind.partition(" ")
    words = str(_WORDS.get(name, name))
    return f"{words} ({code})" if code else words
