"""What a CA is asked and what it answers: the seam between the portal and whoever signs.

Shaped as a registration authority speaks to a CA (CMP, RFC 9483): an order may be answered at once
or stay pending; asked again with the same request key it gets the answer that came meanwhile; an
answer counts once it is confirmed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from portal.ca.models import FIRST_ISSUING, Crl
from portal.ca.pki.names import SubjectName


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One certificate asked of the CA. ``request_key`` is the same however often it is asked.

    ``old`` is the certificate it renews or changes, by its key in the register: the new one has
    its public key.
    """

    request_key: str
    serial: str  # 16 upper-case hex digits; "" where the CA chooses
    kind: str  # SubscriberKind
    subject: SubjectName
    public_key: bytes  # DER SubjectPublicKeyInfo; b"" where the CA makes the key
    not_before: datetime
    not_after: datetime
    old: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainOrder:
    """A certificate to be revoked, or a device to be unlocked, by the CA that keeps it.

    ``row_key`` is the request key of the row that asks; one row may ask for several certificates.
    """

    request_key: str
    row_key: str
    what: str  # OutsideOrder.What
    about: str  # the serial of the certificate or device
    name: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of an order: a certificate, why there is none, or nothing yet.

    ``is_refused``: by the CA itself, in its own words; else an ``error`` is a failure that can be
    tried again.
    """

    request_key: str
    der: bytes | None
    error: str = ""
    ca: str = FIRST_ISSUING  # the slug of the portal's own CA that issued it; "" of another
    is_pending: bool = False
    is_refused: bool = False
    device_serial: str = ""  # of the device another CA made the key in
    at: datetime | None = None  # when another CA did it


class Authority(Protocol):
    """Whoever signs. Calls may be repeated, and are made outside the caller's transaction.

    ``makes_keys``: it chooses serial numbers, and makes the keys that no request (PKCS#10) brings.
    """

    makes_keys: bool

    def issue_many(self, orders: Sequence[Order], *, now: datetime) -> list[Answer]:
        """Answer each order in turn; a known request key gets its earlier answer."""
        ...

    def publish_crl(self, *, now: datetime) -> Crl | None:
        """Publish the lists that are due; return the last, or None when the standing will do."""
        ...
