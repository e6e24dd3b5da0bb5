"""Everything that can be done to devices."""

from devices.handover.services import (
    attach_notice,
    detach_notice,
    hand_over,
    handed_over_without_notice,
    with_hand_over,
)
from devices.holders.services import change_holder, give_again, take_back
from devices.ledger import Paper, ledger_agrees
from devices.losses import loss_told
from devices.pins.services import lock_exhausted, unlock
from devices.register.services import make_move
from devices.returns.expiry import recall_expired
from devices.returns.scans import Reading, read_serials
from devices.returns.services import open_return, take_returned
from devices.shipping.services import Receipt, receive, send
from devices.stock.services import (
    Allocation,
    allocate_many,
    has_keys_to_make,
    make_next_keys,
    take_from_stock,
    take_in,
)
from devices.summary.services import Sums, sums, sums_by_body, sums_in_ledger
from devices.transfers import go_to_offices, readdress, transfer

__all__ = [
    "Allocation",
    "Paper",
    "Reading",
    "Receipt",
    "Sums",
    "allocate_many",
    "attach_notice",
    "change_holder",
    "detach_notice",
    "give_again",
    "go_to_offices",
    "hand_over",
    "handed_over_without_notice",
    "has_keys_to_make",
    "ledger_agrees",
    "lock_exhausted",
    "loss_told",
    "make_move",
    "make_next_keys",
    "open_return",
    "read_serials",
    "readdress",
    "recall_expired",
    "receive",
    "send",
    "sums",
    "sums_by_body",
    "sums_in_ledger",
    "take_back",
    "take_from_stock",
    "take_in",
    "take_returned",
    "transfer",
    "unlock",
    "with_hand_over",
]
