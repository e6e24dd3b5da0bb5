"""Everything that can be done to devices."""

from devices.services.handover import (
    attach_notice,
    detach_notice,
    hand_over,
    handed_over_without_notice,
    with_hand_over,
)
from devices.services.ledger import Paper, ledger_agrees
from devices.services.moves import lock_exhausted, make_move
from devices.services.shipping import Receipt, receive, send
from devices.services.stock import (
    Allocation,
    allocate_many,
    has_keys_to_make,
    make_next_keys,
    take_from_stock,
    take_in,
)

__all__ = [
    "Allocation",
    "Paper",
    "Receipt",
    "allocate_many",
    "attach_notice",
    "detach_notice",
    "hand_over",
    "handed_over_without_notice",
    "has_keys_to_make",
    "ledger_agrees",
    "lock_exhausted",
    "make_move",
    "make_next_keys",
    "receive",
    "send",
    "take_from_stock",
    "take_in",
    "with_hand_over",
]
