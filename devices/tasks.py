"""The sweeps of devices."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy as _

from devices.pins import services as pins
from devices.returns import expiry
from devices.stock import services as stock
from portal.ca.authority.services import NotConfigured
from portal.core.background.sweeps import Done, sweep

logger = logging.getLogger(__name__)

A_WHILE = timedelta(seconds=5)


@sweep(
    "devices.tasks.make_keys",
    every=timedelta(seconds=10),
    words=_("Sinh khóa cho thiết bị nhập kho"),
    order=90,
    in_pieces_for=A_WHILE,
)
def make_keys(*, now: datetime) -> Done:
    """Make keys for devices taken in, some at a time."""
    try:
        return Done(stock.make_next_keys(now=now))
    except NotConfigured as error:
        reason = str(error)
        logger.warning("no keys are made: %s", reason)
        return Done(0, lambda: {"not_configured": reason})


@sweep(
    "devices.tasks.lock_exhausted",
    every=timedelta(minutes=1),
    words=_("Khóa thiết bị nhập sai mã PIN quá số lần"),
    order=110,
)
def lock_exhausted(*, now: datetime) -> int:
    """Enter in the ledger the devices whose PIN tries ran out."""
    return pins.lock_exhausted(now=now)


@sweep(
    "devices.tasks.recall_expired",
    every=timedelta(minutes=5),
    words=_("Yêu cầu thu hồi thiết bị có chứng thư hết hạn"),
    order=160,
    in_pieces_for=A_WHILE,
)
def recall_expired(*, now: datetime) -> int:
    """Recall the devices whose certificates have run out; count certificates."""
    return expiry.recall_expired(now=now)
