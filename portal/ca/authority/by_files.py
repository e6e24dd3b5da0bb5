"""Another CA, reached by files: what it is asked leaves as a package, its answers are recorded.

An answer counts once a second person has confirmed it (``requests_app.outside_ca``); until then
the order is pending.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import datetime

from portal.ca.authority.orders import Answer, Order, PlainOrder
from portal.ca.models import OutsideOrder


class AuthorityByFiles:
    """Keeps what is asked until its answer is there. Nothing is sent: people carry the files."""

    makes_keys = True

    @staticmethod
    def knows(request_keys: Collection[str]) -> set[str]:
        """Return those of ``request_keys`` that were asked before."""
        found = OutsideOrder.objects.filter(request_key__in=request_keys)
        return set(found.values_list("request_key", flat=True))

    def issue_many(self, orders: Sequence[Order], *, now: datetime) -> list[Answer]:
        """Return what the CA has answered to each order; what is new is kept, pending."""
        return self._asked(
            [
                OutsideOrder(
                    request_key=order.request_key,
                    row_key=order.request_key,
                    what=OutsideOrder.What.RENEW if order.old else OutsideOrder.What.ISSUE,
                    old_id=order.old,
                    name=order.subject.common_name,
                    wanted={
                        "kind": order.kind,
                        "subject": asdict(order.subject),
                        "not_after": order.not_after.isoformat(),
                    },
                    fingerprint=hashlib.sha256(order.public_key).hexdigest()
                    if order.public_key
                    else "",
                    asked_at=now,
                )
                for order in orders
            ]
        )

    def do_many(self, orders: Sequence[PlainOrder], *, now: datetime) -> list[Answer]:
        """Return what the CA has answered to revocations and unlockings."""
        return self._asked(
            [
                OutsideOrder(
                    request_key=order.request_key,
                    row_key=order.row_key,
                    what=order.what,
                    name=order.name,
                    wanted={"about": order.about, "reason": order.reason},
                    asked_at=now,
                )
                for order in orders
            ]
        )

    def publish_crl(self, *, now: datetime) -> None:
        """It publishes its lists itself."""

    def _asked(self, wanted: Sequence[OutsideOrder]) -> list[Answer]:
        OutsideOrder.objects.bulk_create(wanted, ignore_conflicts=True, batch_size=500)
        keys = [order.request_key for order in wanted]
        found = {one.request_key: one for one in OutsideOrder.objects.filter(request_key__in=keys)}
        return [_answer(found[key]) for key in keys]


def _answer(order: OutsideOrder) -> Answer:
    if order.confirmed_at is None:
        return Answer(order.request_key, None, ca="", is_pending=True)
    return Answer(
        order.request_key,
        bytes(order.der) if order.der else None,
        error=order.words,
        ca="",
        is_refused=order.answer == OutsideOrder.Said.REFUSED,
        device_serial=order.device_serial,
        at=order.done_at,
    )
