"""The sweeps of the CA; worker processes are where its keys may be used."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from celery.signals import worker_init
from django.db import DatabaseError, connections
from django.utils.translation import gettext_lazy as _

from portal.ca.authority import ceremony, rollover, timestamps
from portal.ca.authority import services as authority
from portal.ca.register import expiry, installation, services
from portal.core.background.sweeps import Done, sweep

logger = logging.getLogger(__name__)

A_WHILE = timedelta(seconds=60)


@worker_init.connect
def open_for_signing(**_about: object) -> None:
    """A worker starts: from here on this process and its children may load the CA's keys.

    They are compared at once, so that the first thing a worker says is what is wrong with them.
    """
    authority.open_for_signing()
    try:
        check_keys()
    except (authority.KeyFault, DatabaseError):
        logger.exception("this worker starts without the CA")
    finally:
        connections.close_all()  # this process forks; its children open their own


@sweep(
    "portal.ca.tasks.check_keys",
    every=timedelta(minutes=5),
    words=_("Kiểm tra tệp khóa của CA"),
    order=80,
)
def check_keys(*, now: datetime) -> Done:
    """Compare the CA's keys with its certificates; the task raises KeyFault."""
    faults = ceremony.key_faults()
    for fault in faults:
        logger.critical("a key of the CA cannot be used: %s", fault)
    if not faults:
        return Done(0)
    return Done(0, lambda: {"faults": [fault.summary for fault in faults]}, failure=faults[0])


@sweep(
    "portal.ca.tasks.publish_crl",
    every=timedelta(seconds=30),
    words=_("Công bố danh sách chứng thư bị thu hồi"),
    order=240,
)
def publish_crl(*, now: datetime) -> Done:
    """Publish the revocation lists that are due."""
    try:
        published = services.publish_crl(now=now)
    except authority.NotConfigured as reason:
        return _without_a_ca("no revocation list", reason)
    if published is None:
        return Done(0)
    number, entries = published.number, published.entries
    logger.info("published CRL %s of %s with %s entries", number, published.ca, entries)
    return Done(1, lambda: {"number": number, "entries": entries})


@sweep(
    "portal.ca.tasks.renew_responder",
    every=timedelta(hours=1),
    words=_("Gia hạn chứng thư của dịch vụ OCSP"),
    order=230,
)
def renew_responder(*, now: datetime) -> Done:
    """Certify the OCSP responder anew when its certificate nears its end, after what of the CA
    has ended is noted."""
    rollover.retire_ended(now=now)
    try:
        return Done(int(ceremony.renew_responder(now=now)))
    except authority.NotConfigured as reason:
        return _without_a_ca("no OCSP responder", reason)


@sweep(
    "portal.ca.tasks.renew_timestamps",
    every=timedelta(hours=1),
    words=_("Gia hạn chứng thư của dịch vụ cấp dấu thời gian"),
    order=235,
)
def renew_timestamps(*, now: datetime) -> Done:
    """Certify the time-stamp authority where it has no certificate yet, or that nears its end."""
    try:
        return Done(int(timestamps.renew(now=now)))
    except authority.NotConfigured as reason:
        return _without_a_ca("no time-stamp authority", reason)


@sweep(
    "portal.ca.tasks.revoke_superseded",
    every=timedelta(hours=1),
    words=_("Thu hồi chứng thư đã được thay thế"),
    order=120,
)
def revoke_superseded(*, now: datetime) -> int:
    """Revoke what was replaced so long ago that nobody need confirm it any more."""
    return installation.revoke_superseded(now=now)


@sweep(
    "portal.ca.tasks.shut_doors",
    every=timedelta(minutes=5),
    words=_("Chuyển hạn gia hạn sang hạn cấp mới"),
    order=190,
    in_pieces_for=A_WHILE,
)
def shut_doors(*, now: datetime) -> int:
    """End the clocks of what can be renewed and changed no more, and of what has run out."""
    return expiry.shut_doors(now=now)


@sweep(
    "portal.ca.tasks.open_missing_doors",
    every=timedelta(minutes=10),
    words=_("Bổ sung thời hạn của chứng thư"),
    order=170,
    in_pieces_for=A_WHILE,
)
def open_missing_doors(*, now: datetime) -> int:
    """Start the clocks of certificates that have none yet."""
    return expiry.open_missing(now=now)


def _without_a_ca(what: str, reason: authority.NotConfigured) -> Done:
    """Without a CA a sweep waits, which is no failure; a key that cannot be used is one."""
    is_fault = isinstance(reason, authority.KeyFault)
    if not is_fault:
        logger.info("%s: %s", what, reason)
    return Done(0, lambda: {"not_configured": str(reason)}, failure=reason if is_fault else None)
