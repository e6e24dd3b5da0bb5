"""Everything that can be done to devices."""

from devices.services.expiry import recall_expired
from devices.services.handover import (
    attach_notice,
    detach_notice,
    hand_over,
    handed_over_without_notice,
    with_hand_over,
)
from devices.services.holding import change_holder, give_again, take_back
from devices.services.ledger import Paper, ledger_agrees
from devices.services.losses import loss_told
from devices.services.moves import lock_exhausted, make_move
from devices.services.reading import Reading, read_serials
from devices.services.returning import open_return, take_returned
from devices.services.shipping import Receipt, receive, send
from devices.services.stock import (
    Allocation,
    allocate_many,
    has_keys_to_make,
    make_next_keys,
    take_from_stock,
    take_in,
)
from devices.services.sums import Sums, sums, sums_by_body, sums_in_ledger
from devices.services.transferring import go_to_offices, readdress, transfer
from devices.services.unlocking import unlock

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
