"""Background work of the CA; worker processes are where its keys may be used."""

from __future__ import annotations

import logging

from celery import shared_task
from celery.signals import worker_init
from django.utils import timezone

from portal.ca import authority, ceremony, installation, services

logger = logging.getLogger(__name__)


@worker_init.connect
def open_for_signing(**_about: object) -> None:
    """A worker starts: from here on this process and its children may load the CA's keys."""
    authority.open_for_signing()


@shared_task(ignore_result=True, expires=25)
def publish_crl() -> None:
    """Every 30 seconds: publish the revocation list when one is due."""
    try:
        published = services.publish_crl(now=timezone.now())
    except authority.NotConfigured as reason:
        logger.info("no revocation list: %s", reason)
        return
    if published is not None:
        logger.info("published CRL %s with %s entries", published.number, published.entries)


@shared_task(ignore_result=True, expires=3000)
def renew_responder() -> None:
    """Every hour: certify the OCSP responder anew when its certificate nears its end."""
    try:
        renewed = ceremony.renew_responder(now=timezone.now())
    except authority.NotConfigured as reason:
        logger.info("no OCSP responder: %s", reason)
        return
    if renewed:
        logger.info("certified the OCSP responder anew")


@shared_task(ignore_result=True, expires=3000)
def revoke_superseded() -> None:
    """Every hour: revoke what was replaced so long ago that nobody need confirm it any more."""
    revoked = installation.revoke_superseded(now=timezone.now())
    if revoked:
        logger.info("revoked %s superseded certificates", revoked)
