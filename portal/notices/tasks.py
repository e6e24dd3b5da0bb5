"""Work of notices for the background."""

from __future__ import annotations

import logging

from celery import shared_task
from django.utils import timezone

from portal.notices import mailing

logger = logging.getLogger(__name__)


@shared_task(ignore_result=True, expires=50)
def send_pending_mail() -> None:
    """Every minute: mail what people have been told since."""
    now = timezone.now()
    logger.info("bundled %s mails, sent %s", mailing.bundle(now=now), mailing.send_pending(now=now))
