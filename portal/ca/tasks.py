"""Background work of the CA; worker processes are where its keys may be used."""

from __future__ import annotations

import logging

from celery import shared_task
from celery.signals import worker_init
from django.utils import timezone

from portal.ca import authority, ceremony, installation, services
from portal.core.sweeps import noted

logger = logging.getLogger(__name__)


@worker_init.connect
def open_for_signing(**_about: object) -> None:
    """A worker starts: from here on this process and its children may load the CA's keys."""
    authority.open_for_signing()


@shared_task(ignore_result=True, expires=25)
@noted
def publish_crl() -> int:
    """Every 30 seconds: publish the revocation list when one is due."""
    try:
        published = services.publish_crl(now=timezone.now())
    except authority.NotConfigured as reason:
        logger.info("no revocation list: %s", reason)
        return 0
    if published is None:
        return 0
    logger.info("published CRL %s with %s entries", published.number, published.entries)
    return 1


@shared_task(ignore_result=True, expires=3000)
@noted
def renew_responder() -> int:
    """Every hour: certify the OCSP responder anew when its certificate nears its end."""
    try:
        renewed = ceremony.renew_responder(now=timezone.now())
    except authority.NotConfigured as reason:
        logger.info("no OCSP responder: %s", reason)
        return 0
    return int(renewed)


@shared_task(ignore_result=True, expires=3000)
@noted
def revoke_superseded() -> int:
    """Every hour: revoke what was replaced so long ago that nobody need confirm it any more."""
    return installation.revoke_superseded(now=timezone.now())
