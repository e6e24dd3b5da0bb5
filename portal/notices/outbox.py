"""Reading back the mails that a demonstration writes into files instead of sending."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path

from django.conf import settings

_RULER = b"-" * 79  # Django's filebased backend draws it after each mail


@dataclass(frozen=True, slots=True)
class WrittenMail:
    """One mail as it stands in a file."""

    subject: str
    to: str
    at: datetime | None
    message_id: str
    text: str
    is_private: bool


def is_in_use() -> bool:
    """Say whether mail goes into files."""
    return settings.EMAIL_BACKEND.endswith("filebased.EmailBackend")


def latest(most: int) -> list[WrittenMail]:
    """Return the mails written last, newest first."""
    folder = Path(settings.EMAIL_FILE_PATH)
    files = sorted(folder.glob("*.log"), key=lambda file: file.stat().st_mtime, reverse=True)
    mails: list[WrittenMail] = []
    for file in files:
        written = [part.strip() for part in file.read_bytes().split(b"\n" + _RULER + b"\n")]
        mails += [_read(part) for part in reversed(written) if part]
        if len(mails) >= most:
            break
    return mails[:most]


def _read(raw: bytes) -> WrittenMail:
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    # What is for its recipient's eyes alone stays in the file on the server.
    is_private = message["Sensitivity"] is not None
    body = None if is_private else message.get_body(preferencelist=("plain",))
    at = parsedate_to_datetime(message["Date"]) if message["Date"] else None
    if at is not None and at.tzinfo is None:  # "-0000" is UTC of an unsaid place
        at = at.replace(tzinfo=UTC)
    return WrittenMail(
        subject=str(message["Subject"] or ""),
        to=str(message["To"] or ""),
        at=at,
        message_id=str(message["Message-ID"] or ""),
        text=str(body.get_content()) if body else "",
        is_private=is_private,
    )
