"""Background work of the CA; worker processes are where its keys may be used."""

from __future__ import annotations

import logging
from collections.abc import Callable
from time import monotonic

from celery import shared_task
from celery.signals import worker_init
from django.utils import timezone

from portal.ca import authority, ceremony, expiry, installation, services
from portal.core.sweeps import noted

logger = logging.getLogger(__name__)

SECONDS_AT_ONCE = 60  # other work gets its turn in between


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


@shared_task(ignore_result=True, expires=290)
@noted
def shut_doors() -> int:
    """Every 5 minutes: what can be renewed and changed no more, and what has run out."""
    return _piece_by_piece(lambda: expiry.shut_doors(now=timezone.now()))


@shared_task(ignore_result=True, expires=590)
@noted
def open_missing_doors() -> int:
    """Every 10 minutes: the clocks of certificates that have none yet."""
    return _piece_by_piece(lambda: expiry.open_missing(now=timezone.now()))


def _piece_by_piece(work: Callable[[], int]) -> int:
    began, whole = monotonic(), 0
    while monotonic() - began < SECONDS_AT_ONCE:
        did = work()
        whole += did
        if did < expiry.MOST:
            break
    return whole
