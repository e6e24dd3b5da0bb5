"""How long a certificate still is good for, and what its device lets be done with it."""

from __future__ import annotations

from datetime import date

from orgmerge.planner.facts import KnownCertificate, KnownDevice
from portal.core import law

DAYS_LEFT_TO_ASK = law.DAYS_LEFT_TO_ASK
NEAR_END_DAYS = law.NEAR_END_DAYS

# Custody and condition of devices, as ``devices.lifecycle`` writes them.
IN_HAND = frozenset({"with_subscriber", "at_agency"})
COMING_BACK = frozenset({"to_be_returned", "back_at_agency"})
AWAY = frozenset({"stock", "allocated", "on_its_way", "at_office", "at_ca", "retired"})
OK, LOCKED, DAMAGED, LOST = "ok", "locked", "damaged", "lost"
# Keys on something that travels; soft keys and central signing have no device.
ON_DEVICES = frozenset({"token", "sim", "sd", "hsm"})


def days_left(certificate: KnownCertificate, day: date) -> int:
    """Return whole days from ``day`` to the last day of validity (negative after it)."""
    return (certificate.not_after - day).days


def is_live(certificate: KnownCertificate, day: date) -> bool:
    """Say whether it can still be used: not ended, not revoked, not replaced."""
    is_over = certificate.is_revoked or certificate.is_superseded
    return not is_over and certificate.not_after >= day


def is_gone(device: KnownDevice | None) -> bool:
    """Say whether the device can't carry a certificate on: lost, or damaged."""
    return device is not None and device.condition in (LOST, DAMAGED)
