"""Telling people: rows written in the transaction of their cause."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from portal.accounts.models import User
from portal.notices.models import Notice


def tell(
    recipients: Iterable[User],
    *,
    cause: str,
    title: str,
    text: str = "",
    path: str = "",
    target_type: str = "",
    target_uuid: UUID | None = None,
    now: datetime,
) -> int:
    """Tell each recipient once about ``cause`` (a stable key); return how many rows were offered.

    Telling the same cause again to the same person does nothing.
    """
    notices = [
        Notice(
            recipient=recipient,
            cause=cause,
            title=title,
            text=text,
            path=path,
            target_type=target_type,
            target_uuid=target_uuid,
            at=now,
        )
        for recipient in recipients
    ]
    Notice.objects.bulk_create(notices, ignore_conflicts=True)
    return len(notices)
